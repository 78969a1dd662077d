// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// bench_gemm openblas|onednn N SECONDS: C = A · B of N by N floats in a library
// that is installed, taken at run time. Threads are what the library's own
// variable says. bench_gemm read K SECONDS: K KiB are read and added up, by one
// thread: what a product of one row is measured by. Prints one line of JSON as
// `rune bench --format json` does. For `./dev bench models`.
//
// source  cblas.h; dnnl.h (dnnl_sgemm)
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <dlfcn.h>
#include <functional>
#include <string_view>
#include <vector>

namespace {

using Cblas = void (*)(int order, int transA, int transB, int m, int n, int k,
                       float alpha, const float *a, int lda, const float *b,
                       int ldb, float beta, float *c, int ldc);
using Dnnl = int (*)(char transA, char transB, int64_t m, int64_t n, int64_t k,
                     float alpha, const float *a, int64_t lda, const float *b,
                     int64_t ldb, float beta, float *c, int64_t ldc);
constexpr int rowMajor = 101, noTranspose = 111;

template <class Function>
Function load(std::initializer_list<const char *> files, const char *name) {
  for (const char *file : files)
    if (void *library = dlopen(file, RTLD_NOW))
      if (void *found = dlsym(library, name))
        return reinterpret_cast<Function>(found);
  std::fprintf(stderr, "%s is not installed\n", *files.begin());
  std::exit(1);
}

using Words = uint32_t __attribute__((vector_size(16)));

/// Four streams side by side, each in its turn; one alone does not ask for
/// enough at a time.
[[gnu::noinline]] uint32_t sumOf(const Words *words, size_t count) {
  constexpr size_t streams = 4, step = 4;
  Words sums[streams] = {};
  size_t each = count / streams;
  for (size_t i = 0; i + step <= each; i += step)
    for (size_t s = 0; s < streams; ++s)
      for (size_t k = 0; k < step; ++k)
        sums[s] += words[s * each + i + k];
  Words all = sums[0] + sums[1] + sums[2] + sums[3];
  return all[0] + all[1] + all[2] + all[3];
}

} // namespace

int main(int argc, char **argv) {
  if (argc != 4)
    return std::fprintf(stderr,
                        "usage: bench_gemm openblas|onednn|read N SECONDS\n"),
           2;
  int n = std::atoi(argv[2]);
  double seconds = std::atof(argv[3]);
  bool isRead = std::string_view(argv[1]) == "read";
  auto count = static_cast<size_t>(n) * static_cast<size_t>(isRead ? 256 : n);
  std::vector<float> a(count), b(isRead ? 0 : count), c(b.size());
  uint32_t random = 1;
  for (auto *matrix : {&a, &b})
    for (float &x : *matrix)
      x = static_cast<float>((random = random * 1664525 + 1013904223) >> 8) /
              (1 << 23) -
          1;
  std::function<void()> once;
  volatile uint32_t sum = 0;
  if (isRead) {
    once = [&] {
      sum = sumOf(reinterpret_cast<const Words *>(a.data()), count / 4);
    };
  } else if (std::string_view(argv[1]) == "openblas") {
    auto gemm =
        load<Cblas>({"libopenblas.so.0", "libopenblas.so"}, "cblas_sgemm");
    once = [=, &a, &b, &c] {
      gemm(rowMajor, noTranspose, noTranspose, n, n, n, 1, a.data(), n,
           b.data(), n, 0, c.data(), n);
    };
  } else {
    auto gemm = load<Dnnl>({"libdnnl.so.2", "libdnnl.so.3"}, "dnnl_sgemm");
    once = [=, &a, &b, &c] {
      gemm('N', 'N', n, n, n, 1, a.data(), n, b.data(), n, 0, c.data(), n);
    };
  }
  using Clock = std::chrono::steady_clock;
  auto since = [](Clock::time_point from) {
    return std::chrono::duration<double, std::micro>(Clock::now() - from)
        .count();
  };
  once();
  std::vector<double> times;
  for (auto begin = Clock::now();
       times.size() < 5 ||
       (times.size() < 20000 && since(begin) < seconds * 1e6);) {
    auto start = Clock::now();
    once();
    times.push_back(since(start));
  }
  std::ranges::sort(times);
  std::printf("{\"median_us\": %.3f, \"min_us\": %.3f, \"p90_us\": %.3f, "
              "\"runs\": %zu}\n",
              times[times.size() / 2], times.front(),
              times[times.size() * 9 / 10], times.size());
}
