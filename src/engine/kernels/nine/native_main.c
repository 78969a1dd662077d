// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The kernels compiled for the machine:
//   nine KERNEL N   prints milliseconds and the checksum
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define KERNELS(each)                                                          \
  each(gemm64) each(resize) each(norm) each(fft1k) each(sha256) each(interp)   \
      each(probe) each(isort) each(icall)
#define DECLARE(name) int run_##name(int n);
KERNELS(DECLARE)

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec * 1e3 + (double)time.tv_nsec * 1e-6;
}

int main(int argc, char **argv) {
  if (argc != 3)
    return 2;
  int n = atoi(argv[2]);
  int (*run)(int) = 0;
#define CHOOSE(name)                                                           \
  if (!strcmp(argv[1], #name))                                                 \
    run = run_##name;
  KERNELS(CHOOSE)
  if (!run)
    return 2;
  run(1);
  double best = 1e30;
  int result = 0;
  for (int i = 0; i < 4; ++i) {
    double start = now();
    result = run(n);
    double took = now() - start;
    best = took < best ? took : best;
  }
  printf("%.3f %d\n", best, result);
  return 0;
}
