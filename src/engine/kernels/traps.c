// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What must stop a guest, and its neighbours that must not.
#define EXPORT(name) __attribute__((export_name(#name))) name

// call: stop 0
// call: stop 1
int EXPORT(stop)(int now) {
  if (now)
    __builtin_trap();
  return 7;
}

// call: quotient 7 2
// call: quotient 7 0
// call: quotient -2147483648 -1
// call: quotient -2147483648 1
int EXPORT(quotient)(volatile int a, volatile int b) { return a / b; }

// call: rest 7 0
// call: rest -2147483648 -1
int EXPORT(rest)(volatile int a, volatile int b) { return a % b; }

// call: quotient64 -9223372036854775808 -1
// call: quotient64 5 0
long long EXPORT(quotient64)(volatile long long a, volatile long long b) {
  return a / b;
}

// call: peek 0
// call: peek 65532
// call: peek 131072
// call: peek 65533000
// call: peek 4294967292
// call: peek 4294967295
int EXPORT(peek)(unsigned at) { return *(volatile int *)at; }

// call: poke 1024 5
// call: poke 4294967293 5
void EXPORT(poke)(unsigned at, int value) { *(volatile int *)at = value; }

// call: erase 4294967290 5
// call: erase 4294967290 20
void EXPORT(erase)(unsigned at, unsigned count) {
  __builtin_memset((void *)at, 0, count);
}

static int one(int a) { return a + 1; }
static int two(int a) { return a * 2; }
static int (*volatile known[])(int) = {one, two};
// call: through 1 5
// call: through 2 5
// call: through 0 5
// call: through 999 5
int EXPORT(through)(unsigned function, int a) {
  if (function == 1234)
    return known[a & 1](a);
  return ((int (*)(int))function)(a);
}

// call: mistyped 1
int EXPORT(mistyped)(unsigned function) {
  return known[0] ? (int)((double (*)(double))function)(1.5) : 0;
}
