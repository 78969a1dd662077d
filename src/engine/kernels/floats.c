// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Floating point: rounding at every step must be that of IEEE 754.
#define EXPORT(name) __attribute__((export_name(#name))) name

// call: polynomial 0.3
// call: polynomial -17.25
double EXPORT(polynomial)(double x) {
  double sum = 0;
  for (int i = 1; i < 50; ++i)
    sum = sum * x / i + 1.0 / (i * i);
  return sum;
}

// call: newton 2
// call: newton 1e-30
float EXPORT(newton)(float x) {
  float root = x;
  for (int i = 0; i < 60; ++i)
    root = 0.5f * (root + x / root);
  return root - __builtin_sqrtf(x);
}

// call: mandelbrot -0.7 0.27
// call: mandelbrot 0.3 0.5
int EXPORT(mandelbrot)(double cr, double ci) {
  double r = 0, i = 0;
  int steps = 0;
  while (steps < 5000 && r * r + i * i < 4) {
    double next = r * r - i * i + cr;
    i = 2 * r * i + ci;
    r = next;
    ++steps;
  }
  return steps;
}

// call: rounding 2.5
// call: rounding -3.5
// call: rounding 1e300
// call: rounding -0.0
double EXPORT(rounding)(double x) {
  return __builtin_floor(x) + 3 * __builtin_ceil(x) - 5 * __builtin_trunc(x) +
         7 * __builtin_rint(x) + __builtin_fabs(x) +
         __builtin_copysign(0.5, x);
}

// call: conversions 3.99
// call: conversions -123456.7
// call: conversions 5e9
// call: conversions -1e30
// call: conversions nan
long long EXPORT(conversions)(double x) {
  float narrow = (float)x;
  return (long long)(int)x + (long long)(unsigned)x * 3 + (long long)x * 5 +
         (long long)(unsigned long long)narrow * 7;
}

// call: widen -7 4294967295 -9007199254740993
double EXPORT(widen)(int a, unsigned b, long long c) {
  return (double)a + (float)b + (float)c + (double)(unsigned long long)c;
}

// call: harmonic 20000
float EXPORT(harmonic)(int n) {
  float sum = 0;
  for (int i = 1; i <= n; ++i)
    sum += 1.0f / (float)i;
  return sum;
}
