/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * Runs a model that was compiled ahead of time, with nothing beside it: no C
 * library. Writes the input, then the output, to standard output.
 */
#include "model.h"

static _Alignas(64) unsigned char arena[MODEL_ARENA_BYTES];
static _Alignas(64) unsigned char input[MODEL_INPUT_0_BYTES];
static _Alignas(64) unsigned char output[MODEL_OUTPUT_0_BYTES];

#if defined(__x86_64__)
__asm__(".globl _start\n_start: xorl %ebp, %ebp\n call begin\n");
static long system3(long number, long a, long b, long c) {
  long result;
  __asm__ volatile("syscall"
                   : "=a"(result)
                   : "a"(number), "D"(a), "S"(b), "d"(c)
                   : "rcx", "r11", "memory");
  return result;
}
enum { writeNumber = 1, exitNumber = 60 };
#elif defined(__aarch64__)
__asm__(".globl _start\n_start: bl begin\n");
static long system3(long number, long a, long b, long c) {
  register long x8 __asm__("x8") = number, x0 __asm__("x0") = a,
                x1 __asm__("x1") = b, x2 __asm__("x2") = c;
  __asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2) : "memory");
  return x0;
}
enum { writeNumber = 64, exitNumber = 93 };
#elif defined(__riscv)
__asm__(".globl _start\n_start: call begin\n");
static long system3(long number, long a, long b, long c) {
  register long a7 __asm__("a7") = number, a0 __asm__("a0") = a,
                a1 __asm__("a1") = b, a2 __asm__("a2") = c;
  __asm__ volatile("ecall" : "+r"(a0) : "r"(a7), "r"(a1), "r"(a2) : "memory");
  return a0;
}
enum { writeNumber = 64, exitNumber = 93 };
#endif

void begin(void) {
  const void *inputs[1] = {input};
  void *outputs[1] = {output};
  const void *misaligned[1] = {input + 1};
  unsigned state = 1;
  for (unsigned i = 0; i < sizeof input; ++i) {
    state = state * 1664525u + 1013904223u;
    input[i] = (unsigned char)(state >> 24);
  }
  int status = model_run(misaligned, outputs, arena) == -1 ? 0 : 90;
  if (status == 0)
    status = model_run(inputs, outputs, arena);
  system3(writeNumber, 1, (long)input, sizeof input);
  system3(writeNumber, 1, (long)output, sizeof output);
  system3(exitNumber, status, 0, 0);
}
