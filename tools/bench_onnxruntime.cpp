// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// bench_onnxruntime LIBRARY MODEL THREADS SECONDS: ONNX Runtime on one model,
// on made-up inputs, through its C interface as it is (no headers are shipped
// with the library we take): a table of functions, whose order never changes.
// Prints one line of JSON as `rune bench --format json` does. For `./dev bench
// models`.
//
// source  onnxruntime_c_api.h, OrtApi: the places in the table
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <dlfcn.h>
#include <fstream>
#include <string>
#include <vector>

namespace {

using Handle = void *;
using Table = Handle const *;
struct ApiBase {
  Table (*getApi)(uint32_t version);
  const char *(*getVersionString)();
};

enum Place : size_t {
  GetErrorMessage = 2,
  CreateEnv = 3,
  CreateSession = 7,
  Run = 9,
  CreateSessionOptions = 10,
  SetSessionGraphOptimizationLevel = 23,
  SetIntraOpNumThreads = 24,
  SetInterOpNumThreads = 25,
  SessionGetInputCount = 30,
  SessionGetOutputCount = 31,
  SessionGetInputTypeInfo = 33,
  SessionGetInputName = 36,
  SessionGetOutputName = 37,
  CreateTensorAsOrtValue = 48,
  GetTensorMutableData = 51,
  CastTypeInfoToTensorInfo = 55,
  GetTensorElementType = 60,
  GetDimensionsCount = 61,
  GetDimensions = 62,
  GetAllocatorWithDefaultOptions = 78,
};

constexpr uint32_t apiVersion = 16;
constexpr int errorsOnly = 3;
constexpr int allOptimisations = 99;

Table api;

/// Calls the function at a place; ends the program with its message if it
/// fails.
template <class... Args> void call(Place place, Args... args) {
  auto *function = reinterpret_cast<Handle (*)(Args...)>(api[place]);
  Handle status = function(args...);
  if (!status)
    return;
  auto *message =
      reinterpret_cast<const char *(*)(Handle)>(api[GetErrorMessage]);
  std::fprintf(stderr, "onnxruntime: %s\n", message(status));
  std::exit(1);
}

struct Kind {
  int type;
  size_t bytes;
};
/// Element types of the format: floats, and integers by their width.
constexpr Kind kinds[] = {{1, 4}, {2, 1}, {3, 1},  {4, 2},  {5, 2},  {6, 4},
                          {7, 8}, {9, 1}, {10, 2}, {11, 8}, {12, 4}, {13, 8}};

/// Small numbers: floats within ±1, others 0 or 1.
void fill(void *data, int type, size_t count) {
  uint32_t random = 1;
  auto next = [&] { return random = random * 1664525 + 1013904223; };
  auto *floats = static_cast<float *>(data);
  auto *bytes = static_cast<uint8_t *>(data);
  for (size_t i = 0; i < count; ++i)
    if (type == 1)
      floats[i] = static_cast<float>(next() >> 8) / (1 << 23) - 1;
    else if (type == 2 || type == 3)
      bytes[i] = static_cast<uint8_t>(next() >> 24);
}

Handle makeInput(Handle session, Handle allocator, size_t index) {
  Handle info = nullptr, shape = nullptr, value = nullptr;
  call(SessionGetInputTypeInfo, session, index, &info);
  call(CastTypeInfoToTensorInfo, info, &shape);
  int type = 0;
  size_t rank = 0;
  call(GetTensorElementType, shape, &type);
  call(GetDimensionsCount, shape, &rank);
  std::vector<int64_t> dims(rank);
  call(GetDimensions, shape, dims.data(), rank);
  size_t count = 1;
  for (int64_t &dim : dims) {
    dim = std::max<int64_t>(dim, 1); // what is left open is 1, as in rune bench
    count *= static_cast<size_t>(dim);
  }
  call(CreateTensorAsOrtValue, allocator, dims.data(), rank, type, &value);
  void *data = nullptr;
  call(GetTensorMutableData, value, &data);
  for (Kind kind : kinds)
    if (kind.type == type)
      std::memset(data, 0, count * kind.bytes);
  fill(data, type, count);
  return value;
}

std::vector<const char *> namesOf(Handle session, Handle allocator,
                                  Place counting, Place naming) {
  size_t count = 0;
  call(counting, session, &count);
  std::vector<const char *> names(count);
  for (size_t i = 0; i < count; ++i)
    call(naming, session, i, allocator, &names[i]);
  return names;
}

/// As `rune bench` has them (src/cli/process_use.h).
double processorMs() {
  timespec time = {};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return 1e3 * static_cast<double>(time.tv_sec) +
         1e-6 * static_cast<double>(time.tv_nsec);
}
double peakMemoryBytes() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);)
    if (line.starts_with("VmHWM:"))
      return 1024 * std::atof(line.c_str() + std::strlen("VmHWM:"));
  return 0;
}

} // namespace

int main(int argc, char **argv) {
  if (argc != 5)
    return std::fprintf(
               stderr,
               "usage: bench_onnxruntime LIBRARY MODEL THREADS SECONDS\n"),
           2;
  void *library = dlopen(argv[1], RTLD_NOW);
  if (!library)
    return std::fprintf(stderr, "%s\n", dlerror()), 1;
  auto *getBase =
      reinterpret_cast<const ApiBase *(*)()>(dlsym(library, "OrtGetApiBase"));
  api = getBase()->getApi(apiVersion);
  using Clock = std::chrono::steady_clock;
  auto start = Clock::now();
  auto since = [](Clock::time_point from) {
    return std::chrono::duration<double, std::micro>(Clock::now() - from)
        .count();
  };
  Handle environment = nullptr, options = nullptr, session = nullptr,
         allocator = nullptr;
  call(CreateEnv, errorsOnly, "bench", &environment);
  call(CreateSessionOptions, &options);
  call(SetIntraOpNumThreads, options, std::atoi(argv[3]));
  call(SetInterOpNumThreads, options, 1);
  call(SetSessionGraphOptimizationLevel, options, allOptimisations);
  call(CreateSession, environment, static_cast<const char *>(argv[2]), options,
       &session);
  call(GetAllocatorWithDefaultOptions, &allocator);
  double sessionMs = since(start) / 1000;

  auto inputNames =
      namesOf(session, allocator, SessionGetInputCount, SessionGetInputName);
  auto outputNames =
      namesOf(session, allocator, SessionGetOutputCount, SessionGetOutputName);
  std::vector<Handle> inputs, outputs(outputNames.size());
  for (size_t i = 0; i < inputNames.size(); ++i)
    inputs.push_back(makeInput(session, allocator, i));
  // the first run makes the outputs, the others write into them
  auto once = [&] {
    auto begin = Clock::now();
    call(Run, session, Handle(nullptr), inputNames.data(), inputs.data(),
         inputs.size(), outputNames.data(), outputNames.size(), outputs.data());
    return since(begin);
  };
  once();
  double firstMs = processorMs();
  for (int i = 0; i < 2; ++i)
    once();
  std::vector<double> times;
  double seconds = std::atof(argv[4]);
  for (auto begin = Clock::now();
       times.size() < 5 ||
       (times.size() < 20000 && since(begin) < seconds * 1e6);)
    times.push_back(once());
  std::ranges::sort(times);
  std::printf("{\"median_us\": %.3f, \"min_us\": %.3f, \"p90_us\": %.3f, "
              "\"runs\": %zu, \"session_ms\": %.1f, "
              "\"first_result_cpu_ms\": %.1f, "
              "\"peak_memory_bytes\": %.0f, \"version\": \"%s\"}\n",
              times[times.size() / 2], times.front(),
              times[times.size() * 9 / 10], times.size(), sessionMs, firstMs,
              peakMemoryBytes(), getBase()->getVersionString());
}
