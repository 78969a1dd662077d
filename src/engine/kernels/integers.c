// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Integer arithmetic of both widths. A `call:` line is run here and in node.
#define EXPORT(name) __attribute__((export_name(#name))) name
typedef unsigned u32;
typedef unsigned long long u64;
typedef long long i64;

// call: gcd 48 18
// call: gcd 1071 462
// call: gcd 0 5
u32 EXPORT(gcd)(u32 a, u32 b) {
  while (b) {
    u32 rest = a % b;
    a = b;
    b = rest;
  }
  return a;
}

// call: collatz 27
// call: collatz 837799
u32 EXPORT(collatz)(u64 n) {
  u32 steps = 0;
  for (; n != 1; ++steps)
    n = n & 1 ? 3 * n + 1 : n / 2;
  return steps;
}

// call: crc 12345 4000
u32 EXPORT(crc)(u32 seed, u32 count) {
  u32 crc = ~0u;
  for (u32 i = 0; i < count; ++i) {
    seed = seed * 1664525 + 1013904223;
    crc ^= seed >> 24;
    for (int bit = 0; bit < 8; ++bit)
      crc = crc >> 1 ^ (crc & 1 ? 0xEDB88320u : 0);
  }
  return ~crc;
}

// call: mix -1 0
// call: mix 123456789012345 -98765432109876
// call: mix -9223372036854775808 9223372036854775807
i64 EXPORT(mix)(i64 a, i64 b) {
  u64 x = (u64)a, y = (u64)b;
  for (int i = 0; i < 200; ++i) {
    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    y += x * 0x9E3779B97F4A7C15ull;
    y = y << (i & 63) | y >> (-i & 63);
    y += (u64)((i64)x >> 3) / ((y | 1) & 0xFFFF);
    y -= (u64)((i64)y % (i64)((x & 0xFFF) + 1));
    y ^= (u64)__builtin_popcountll(x) << 8 ^ (u64)__builtin_clzll(x | 1) ^
         (u64)__builtin_ctzll(y | 1ull << 63);
  }
  return (i64)(x + y);
}

// call: narrow 305419896
// call: narrow -559038737
int EXPORT(narrow)(int x) {
  signed char a = (signed char)x;
  short b = (short)(x >> 3);
  unsigned char c = (unsigned char)(x >> 5);
  unsigned short d = (unsigned short)(x >> 7);
  return a * 3 + b * 5 + c * 7 + d * 11;
}

// call: fibonacci_mod 90
// call: fibonacci_mod 1000000
u64 EXPORT(fibonacci_mod)(u32 n) {
  u64 a = 0, b = 1;
  while (n--) {
    u64 next = (a + b) % 1000000007u;
    a = b;
    b = next;
  }
  return a;
}
