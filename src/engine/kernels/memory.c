// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Loads and stores of all widths, and bulk memory.
#define EXPORT(name) __attribute__((export_name(#name))) name
typedef unsigned char u8;
typedef unsigned u32;

static u32 numbers[4096];
static u8 sieve[65536];
static double left[32][32], right[32][32], product[32][32];
static const char text[] = "the quick brown fox jumps over the lazy dog";

static u32 fill(u32 seed, u32 count) {
  for (u32 i = 0; i < count; ++i)
    numbers[i] = seed = seed * 1103515245 + 12345;
  return seed;
}

// call: sorted 42 1000
// call: sorted 7 4096
u32 EXPORT(sorted)(u32 seed, u32 count) {
  fill(seed, count);
  for (u32 gap = count / 2; gap; gap /= 2)
    for (u32 i = gap; i < count; ++i) {
      u32 value = numbers[i], at = i;
      for (; at >= gap && numbers[at - gap] > value; at -= gap)
        numbers[at] = numbers[at - gap];
      numbers[at] = value;
    }
  u32 hash = 0;
  for (u32 i = 0; i < count; ++i)
    hash = hash * 31 + numbers[i];
  return hash;
}

// call: primes 65536
u32 EXPORT(primes)(u32 below) {
  __builtin_memset(sieve, 1, sizeof sieve);
  u32 count = 0;
  for (u32 i = 2; i < below; ++i) {
    count += sieve[i];
    if (sieve[i] && i < 256)
      for (u32 j = i * i; j < below; j += i)
        sieve[j] = 0;
  }
  return count;
}

// call: multiply 32
double EXPORT(multiply)(int n) {
  for (int i = 0; i < n; ++i)
    for (int j = 0; j < n; ++j) {
      left[i][j] = i * 0.25 - j;
      right[i][j] = 1.0 / (i + j + 1);
    }
  double trace = 0;
  for (int i = 0; i < n; ++i)
    for (int j = 0; j < n; ++j) {
      double sum = 0;
      for (int k = 0; k < n; ++k)
        sum += left[i][k] * right[k][j];
      product[i][j] = sum;
      trace += i == j ? sum : 0;
    }
  return trace;
}

// call: moves 100 200 3000
// call: moves 200 100 3000
// call: moves 0 60000 5000
u32 EXPORT(moves)(u32 to, u32 from, u32 count) {
  for (u32 i = 0; i < sizeof sieve; ++i)
    sieve[i] = (u8)(i * 7);
  __builtin_memmove(sieve + to, sieve + from, count);
  u32 hash = 0;
  for (u32 i = 0; i < sizeof sieve; ++i)
    hash = hash * 33 + sieve[i];
  return hash;
}

// call: letters
u32 EXPORT(letters)(void) {
  u32 seen = 0;
  for (const char *at = text; *at; ++at)
    if (*at >= 'a' && *at <= 'z')
      seen |= 1u << (*at - 'a');
  return seen;
}

// call: packed -123456789012345
long long EXPORT(packed)(long long value) {
  volatile struct {
    signed char a;
    short b;
    int c;
    long long d;
    float e;
  } s = {(signed char)value, (short)value, (int)value, value, (float)value};
  return s.a + s.b + s.c + s.d + (long long)s.e;
}

// call: grown 3
// call: grown 0
// call: grown 70000
int EXPORT(grown)(int pages) {
  int before = (int)__builtin_wasm_memory_size(0);
  int grown = (int)__builtin_wasm_memory_grow(0, pages);
  return before * 100 + grown + (int)__builtin_wasm_memory_size(0);
}
