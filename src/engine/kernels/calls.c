// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Direct, recursive and indirect calls; switches; deep control flow.
#define EXPORT(name) __attribute__((export_name(#name))) name
typedef unsigned u32;

// call: fibonacci 15
u32 EXPORT(fibonacci)(u32 n) {
  return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2);
}

// call: ackermann 2 5
u32 EXPORT(ackermann)(u32 m, u32 n) {
  if (m == 0)
    return n + 1;
  return n == 0 ? ackermann(m - 1, 1) : ackermann(m - 1, ackermann(m, n - 1));
}

static int add(int a, int b) { return a + b; }
static int subtract(int a, int b) { return a - b; }
static int times(int a, int b) { return a * b; }
static int (*const operations[])(int, int) = {add, subtract, times};

// call: indirect 0 6 7
// call: indirect 1 6 7
// call: indirect 2 6 7
int EXPORT(indirect)(volatile int which, int a, int b) {
  return operations[which](a, b);
}

// call: interpret 1
// call: interpret 99
// call: interpret 31415
int EXPORT(interpret)(u32 program) {
  int a = 1, b = 2;
  for (int step = 0; step < 500; ++step) {
    program = program * 69069 + 1;
    switch (program >> 28) {
    case 0: a += b; break;
    case 1: b -= a; break;
    case 2: a ^= b << 3; break;
    case 3: b = ~b; break;
    case 4: a *= 5; break;
    case 5: b = a; break;
    case 6: a = step; continue;
    case 7: if (a > b) { a = -a; }
    case 8: b++; break;
    case 9: a = b >> 2; break;
    case 11: for (int i = 0; i < 3; ++i) { if (b & 1) break; b = b * 3 - i; } break;
    case 12: a = a > b ? a : b; break;
    default: a ^= 0x55;
    }
  }
  return a * 31 + b;
}

struct wide { double a, b; int c; };
static struct wide __attribute__((noinline)) make(int n) {
  struct wide w = {n * 0.5, n * 0.25, n};
  return w;
}
// call: returned 9
double EXPORT(returned)(int n) {
  struct wide w = make(n), v = make(n + 1);
  return w.a + v.b * 3 + w.c - v.c * 2;
}

static int __attribute__((noinline)) total(int count, ...) {
  __builtin_va_list list;
  __builtin_va_start(list, count);
  int sum = 0;
  while (count--)
    sum += __builtin_va_arg(list, int);
  __builtin_va_end(list);
  return sum;
}
// call: variadic 5
int EXPORT(variadic)(int n) { return total(4, n, n * 2, 3, -n * 7); }

static int even(u32 n);
static int __attribute__((noinline)) odd(u32 n) { return n == 0 ? 0 : even(n - 1); }
static int __attribute__((noinline)) even(u32 n) { return n == 0 ? 1 : odd(n - 1); }
// call: parity 300
// call: parity 301
int EXPORT(parity)(u32 n) { return even(n); }
