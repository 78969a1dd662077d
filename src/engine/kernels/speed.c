// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Scalar kernels whose time in the interpreter is compared with native code's.
// Each takes how often to repeat and gives a number that depends on all it did.
// call: sha256 3
// call: interp 2
// call: probe 2
// call: isort 2
// call: icall 2
// call: fft 2
// call: norm 2
// call: gemm 1
typedef unsigned char u8;
typedef unsigned int u32;
typedef unsigned long long u64;

#ifdef __wasm__
#define EXPORT(name) __attribute__((export_name(#name)))
#define SPEED(name) EXPORT(name) u32 name(u32 times)
#else
#define SPEED(name) u32 speed_##name(u32 times)
#endif

static u32 next(u32 *state) {
  *state ^= *state << 13;
  *state ^= *state >> 17;
  *state ^= *state << 5;
  return *state;
}

// SHA-256 of 4 KiB (FIPS 180-4); the constants are roots, but any will do here.
static u32 rotr(u32 x, u32 n) { return x >> n | x << (32 - n); }
static u32 round_constants[64];
static void compress(u32 *h, const u8 *block) {
  u32 w[64];
  for (int i = 0; i < 16; ++i)
    w[i] = (u32)block[4 * i] << 24 | (u32)block[4 * i + 1] << 16 |
           (u32)block[4 * i + 2] << 8 | block[4 * i + 3];
  for (int i = 16; i < 64; ++i) {
    u32 a = w[i - 15], b = w[i - 2];
    w[i] = w[i - 16] + (rotr(a, 7) ^ rotr(a, 18) ^ a >> 3) + w[i - 7] +
           (rotr(b, 17) ^ rotr(b, 19) ^ b >> 10);
  }
  u32 s[8];
  for (int i = 0; i < 8; ++i)
    s[i] = h[i];
  for (int i = 0; i < 64; ++i) {
    u32 e = s[4], a = s[0];
    u32 t1 = s[7] + (rotr(e, 6) ^ rotr(e, 11) ^ rotr(e, 25)) +
             ((e & s[5]) ^ (~e & s[6])) + round_constants[i] + w[i];
    u32 t2 = (rotr(a, 2) ^ rotr(a, 13) ^ rotr(a, 22)) +
             ((a & s[1]) ^ (a & s[2]) ^ (s[1] & s[2]));
    for (int j = 7; j > 0; --j)
      s[j] = s[j - 1];
    s[4] += t1;
    s[0] = t1 + t2;
  }
  for (int i = 0; i < 8; ++i)
    h[i] += s[i];
}
static u8 message[4096];
SPEED(sha256) {
  u32 state = 1, h[8] = {1, 2, 3, 4, 5, 6, 7, 8};
  for (int i = 0; i < 64; ++i)
    round_constants[i] = next(&state);
  for (int i = 0; i < 4096; ++i)
    message[i] = (u8)next(&state);
  for (u32 t = 0; t < times; ++t)
    for (int at = 0; at < 4096; at += 64)
      compress(h, message + at);
  return h[0] ^ h[7];
}

// A bytecode interpreter: a loop that counts down and mixes.
static const u8 program[] = {0, 7, 1, 3, 2, 0, 3, 1, 4, 2, 5, 9, 2, 0, 6, 0};
SPEED(interp) {
  u32 sum = 0;
  for (u32 t = 0; t < times; ++t) {
    u32 acc = t, x = 0x9E3779B9u, count = 5000;
    for (u32 pc = 0;;) {
      u32 op = program[pc], arg = program[pc + 1];
      pc += 2;
      switch (op) {
      case 0:
        acc += arg;
        break;
      case 1:
        acc ^= x >> arg;
        break;
      case 2:
        x = x * 1664525u + 1013904223u;
        break;
      case 3:
        acc = acc << arg | acc >> (32 - arg);
        break;
      case 4:
        acc -= x & 0xFF;
        break;
      case 5:
        acc = acc & 1 ? acc * 3 + arg : acc >> 1;
        break;
      default:
        pc = arg;
        if (--count == 0)
          goto done;
      }
    }
  done:
    sum += acc;
  }
  return sum;
}

// Open-addressing hash table: inserts, then looks up.
static u32 keys[16384], values[16384];
static u32 find(u32 key) {
  u32 at = key * 2654435761u >> 18;
  while (keys[at] != 0 && keys[at] != key)
    at = (at + 1) & 16383;
  return at;
}
SPEED(probe) {
  u32 sum = 0;
  for (u32 t = 0; t < times; ++t) {
    u32 state = 12345 + t;
    for (int i = 0; i < 16384; ++i)
      keys[i] = 0;
    for (u32 i = 0; i < 9000; ++i) {
      u32 key = next(&state) | 1, at = find(key);
      keys[at] = key;
      values[at] += i;
    }
    state = 12345 + t;
    for (u32 i = 0; i < 18000; ++i)
      sum += values[find(next(&state) | 1)];
  }
  return sum;
}

// Insertion sort of 400 numbers.
static u32 numbers[400];
SPEED(isort) {
  u32 sum = 0;
  for (u32 t = 0; t < times; ++t) {
    u32 state = 99 + t;
    for (int i = 0; i < 400; ++i)
      numbers[i] = next(&state);
    for (int i = 1; i < 400; ++i) {
      u32 value = numbers[i];
      int j = i;
      for (; j > 0 && numbers[j - 1] > value; --j)
        numbers[j] = numbers[j - 1];
      numbers[j] = value;
    }
    sum = sum * 31 + numbers[200];
  }
  return sum;
}

// Calls through a table of functions.
static u32 f0(u32 x) { return x + 1; }
static u32 f1(u32 x) { return x * 3; }
static u32 f2(u32 x) { return x ^ 0x5A5A5A5A; }
static u32 f3(u32 x) { return x >> 1 | x << 31; }
static u32 (*volatile functions[4])(u32) = {f0, f1, f2, f3};
SPEED(icall) {
  u32 x = 1;
  for (u32 t = 0; t < times; ++t)
    for (u32 i = 0; i < 20000; ++i)
      x = functions[(x ^ i) & 3](x);
  return x;
}

// Radix-2 FFT of 1024 points in double precision.
static double re[1024], im[1024], cosines[512], sines[512];
static void transform(void) {
  for (u32 i = 0, j = 0; i < 1024; ++i) {
    if (i < j) {
      double a = re[i], b = im[i];
      re[i] = re[j], im[i] = im[j];
      re[j] = a, im[j] = b;
    }
    u32 bit = 512;
    for (; j & bit; bit >>= 1)
      j ^= bit;
    j ^= bit;
  }
  for (u32 half = 1; half < 1024; half *= 2)
    for (u32 begin = 0; begin < 1024; begin += 2 * half)
      for (u32 k = 0; k < half; ++k) {
        double c = cosines[k * (512 / half)], s = sines[k * (512 / half)];
        u32 a = begin + k, b = a + half;
        double x = re[b] * c - im[b] * s, y = re[b] * s + im[b] * c;
        re[b] = re[a] - x, im[b] = im[a] - y;
        re[a] += x, im[a] += y;
      }
}
SPEED(fft) {
  // cos and sin of multiples of 2π/1024, by rotation.
  double c = 1, s = 0, c1 = 0.99998117528260110, s1 = -0.0061358846491544753;
  for (int i = 0; i < 512; ++i) {
    cosines[i] = c, sines[i] = s;
    double next_c = c * c1 - s * s1;
    s = s * c1 + c * s1;
    c = next_c;
  }
  double sum = 0;
  for (u32 t = 0; t < times; ++t) {
    u32 state = 7 + t;
    for (int i = 0; i < 1024; ++i) {
      re[i] = (int)(next(&state) & 0xFFFF) - 32768;
      im[i] = 0;
    }
    transform();
    sum += re[5] + im[9] * 3;
  }
  union {
    double d;
    u64 u;
  } bits = {sum};
  return (u32)(bits.u ^ bits.u >> 32);
}

// Mean and variance to 0 and 1, in single precision, one row after another.
static float rows[64][64];
SPEED(norm) {
  u32 state = 3;
  for (int i = 0; i < 64; ++i)
    for (int j = 0; j < 64; ++j)
      rows[i][j] = (float)(next(&state) & 0xFFFF);
  for (u32 t = 0; t < times; ++t)
    for (int i = 0; i < 64; ++i) {
      float mean = 0, variance = 0;
      for (int j = 0; j < 64; ++j)
        mean += rows[i][j];
      mean /= 64;
      for (int j = 0; j < 64; ++j)
        variance += (rows[i][j] - mean) * (rows[i][j] - mean);
      float scale = 1 / __builtin_sqrtf(variance / 64 + 1e-5f);
      for (int j = 0; j < 64; ++j)
        rows[i][j] = (rows[i][j] - mean) * scale + (float)(j & 3);
    }
  union {
    float f;
    u32 u;
  } bits = {rows[5][9]};
  return bits.u;
}

// C += A·B of 48x48 in single precision.
static float a[48][48], b[48][48], c[48][48];
SPEED(gemm) {
  u32 state = 11;
  for (int i = 0; i < 48; ++i)
    for (int j = 0; j < 48; ++j)
      a[i][j] = (float)(next(&state) & 255), b[i][j] = (float)(i - j),
      c[i][j] = 0;
  for (u32 t = 0; t < times; ++t)
    for (int i = 0; i < 48; ++i)
      for (int k = 0; k < 48; ++k)
        for (int j = 0; j < 48; ++j)
          c[i][j] += a[i][k] * b[k][j];
  union {
    float f;
    u32 u;
  } bits = {c[7][31]};
  return bits.u;
}
