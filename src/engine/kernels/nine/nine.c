// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The nine kernels that `./dev bench engine` measures: what proc-blocks and
// interpreters spend their time with. Each `run_NAME(n)` does its work n times
// and returns a checksum, equal on every engine. No library is used.
typedef unsigned char u8;
typedef unsigned u32;
typedef unsigned long long u64;
#ifdef __wasm__
#define KERNEL(name) __attribute__((export_name("run_" #name))) int run_##name
#else
#define KERNEL(name) int run_##name
#endif

static u32 state = 1;
static u32 next(void) {
  state ^= state << 13;
  state ^= state >> 17;
  return state ^= state << 5;
}
static int bitsOf(float value) {
  union {
    float f;
    int i;
  } both = {value};
  return both.i;
}

// A product of 64 x 64 matrices of floats.
static float left[64][64], right[64][64], product[64][64];
KERNEL(gemm64)(int n) {
  for (int i = 0; i < 64; ++i)
    for (int j = 0; j < 64; ++j) {
      left[i][j] = (float)((i * 7 + j * 3) % 17) * 0.125f;
      right[i][j] = (float)((i * 5 + j * 11) % 13) * 0.25f - 1;
    }
  while (n-- > 0) {
    for (int i = 0; i < 64; ++i) {
      float row[64] = {0};
      for (int k = 0; k < 64; ++k) {
        float factor = left[i][k];
        for (int j = 0; j < 64; ++j)
          row[j] += factor * right[k][j];
      }
      for (int j = 0; j < 64; ++j)
        product[i][j] = row[j];
    }
    left[n & 63][0] += product[3][5] * 1e-6f;
  }
  return bitsOf(product[17][42]);
}

// A grey picture of 192 x 192 scaled to 96 x 96, two points each way.
static u8 picture[192 * 192], small[96 * 96];
KERNEL(resize)(int n) {
  state = 7;
  for (u32 i = 0; i < sizeof picture; ++i)
    picture[i] = (u8)next();
  u32 hash = 0;
  while (n-- > 0) {
    for (int y = 0; y < 96; ++y)
      for (int x = 0; x < 96; ++x) {
        int fx = x * 509, fy = y * 509;
        const u8 *at = picture + (fy >> 8) * 192 + (fx >> 8);
        int wx = fx & 255, wy = fy & 255;
        int top = at[0] * (256 - wx) + at[1] * wx;
        int bottom = at[192] * (256 - wx) + at[193] * wx;
        small[y * 96 + x] = (u8)((top * (256 - wy) + bottom * wy + 32768) >> 16);
      }
    hash = hash * 31 + small[(u32)n % sizeof small];
    picture[(u32)n % sizeof picture] ^= 1;
  }
  return (int)hash;
}

// 4096 floats to mean 0 and deviation 1.
static float samples[4096];
KERNEL(norm)(int n) {
  state = 3;
  for (int i = 0; i < 4096; ++i)
    samples[i] = (float)(next() & 0xFFFF) / 65536.0f;
  while (n-- > 0) {
    float sum = 0, squares = 0;
    for (int i = 0; i < 4096; ++i)
      sum += samples[i];
    float mean = sum / 4096;
    for (int i = 0; i < 4096; ++i) {
      float off = samples[i] - mean;
      squares += off * off;
    }
    float scale = 1 / __builtin_sqrtf(squares / 4096 + 1e-6f);
    for (int i = 0; i < 4096; ++i)
      samples[i] = (samples[i] - mean) * scale;
    samples[n & 4095] += 0.5f;
  }
  return bitsOf(samples[100]);
}

// A Fourier transform of 1024 points, in place.
static float re[1024], im[1024], cosine[512], sine[512];
KERNEL(fft1k)(int n) {
  // Roots of unity by repeated rotation: no library, the same everywhere.
  double c = 1, s = 0;
  const double stepC = 0.99998117528260110909, stepS = 0.0061358846491544753597;
  for (int i = 0; i < 512; ++i) {
    cosine[i] = (float)c;
    sine[i] = (float)s;
    double turned = c * stepC - s * stepS;
    s = s * stepC + c * stepS;
    c = turned;
  }
  for (int i = 0; i < 1024; ++i) {
    re[i] = (float)((i * 37) % 101) - 50;
    im[i] = 0;
  }
  while (n-- > 0) {
    for (u32 i = 1, j = 0; i < 1024; ++i) {
      u32 bit = 512;
      for (; j & bit; bit >>= 1)
        j ^= bit;
      j ^= bit;
      if (i < j) {
        float t = re[i];
        re[i] = re[j];
        re[j] = t;
        t = im[i];
        im[i] = im[j];
        im[j] = t;
      }
    }
    for (u32 length = 2; length <= 1024; length *= 2) {
      u32 half = length / 2, stride = 1024 / length;
      for (u32 from = 0; from < 1024; from += length)
        for (u32 k = 0; k < half; ++k) {
          float wr = cosine[k * stride], wi = -sine[k * stride];
          u32 a = from + k, b = a + half;
          float xr = re[b] * wr - im[b] * wi, xi = re[b] * wi + im[b] * wr;
          re[b] = re[a] - xr;
          im[b] = im[a] - xi;
          re[a] += xr;
          im[a] += xi;
        }
    }
    for (int i = 0; i < 1024; ++i) {
      re[i] *= 1.0f / 32;
      im[i] *= 1.0f / 32;
    }
  }
  return bitsOf(re[77]) ^ bitsOf(im[300]);
}

// SHA-256 over 64 KiB.
static const u32 rounds[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1,
    0x923f82a4, 0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3,
    0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786,
    0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147,
    0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13,
    0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b,
    0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a,
    0x5b9cca4f, 0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208,
    0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};
static u8 message[65536];
static u32 turn(u32 x, int by) { return x >> by | x << (32 - by); }
KERNEL(sha256)(int n) {
  u32 h[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
              0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
  state = 11;
  for (u32 i = 0; i < sizeof message; ++i)
    message[i] = (u8)next();
  while (n-- > 0)
    for (u32 at = 0; at < sizeof message; at += 64) {
      u32 w[64], v[8];
      for (int i = 0; i < 16; ++i)
        w[i] = (u32)message[at + i * 4] << 24 |
               (u32)message[at + i * 4 + 1] << 16 |
               (u32)message[at + i * 4 + 2] << 8 | message[at + i * 4 + 3];
      for (int i = 16; i < 64; ++i) {
        u32 s0 = turn(w[i - 15], 7) ^ turn(w[i - 15], 18) ^ w[i - 15] >> 3;
        u32 s1 = turn(w[i - 2], 17) ^ turn(w[i - 2], 19) ^ w[i - 2] >> 10;
        w[i] = w[i - 16] + s0 + w[i - 7] + s1;
      }
      for (int i = 0; i < 8; ++i)
        v[i] = h[i];
      for (int i = 0; i < 64; ++i) {
        u32 s1 = turn(v[4], 6) ^ turn(v[4], 11) ^ turn(v[4], 25);
        u32 choice = (v[4] & v[5]) ^ (~v[4] & v[6]);
        u32 t1 = v[7] + s1 + choice + rounds[i] + w[i];
        u32 s0 = turn(v[0], 2) ^ turn(v[0], 13) ^ turn(v[0], 22);
        u32 most = (v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]);
        for (int j = 7; j > 0; --j)
          v[j] = v[j - 1];
        v[4] += t1;
        v[0] = t1 + s0 + most;
      }
      for (int i = 0; i < 8; ++i)
        h[i] += v[i];
    }
  return (int)(h[0] ^ h[7]);
}

// A machine of registers that runs a small program.
static u32 program[256];
static int registers[8], heap[256];
KERNEL(interp)(int n) {
  state = 5;
  for (int i = 0; i < 255; ++i)
    program[i] = next();
  program[255] = 0xF;
  for (int i = 0; i < 8; ++i)
    registers[i] = i * 77;
  while (n-- > 0) {
    u32 pc = 0;
    for (;;) {
      u32 word = program[pc++ & 255];
      int *a = registers + (word >> 4 & 7);
      int b = registers[word >> 7 & 7], c = registers[word >> 10 & 7];
      switch (word & 15) {
      case 0: *a = b + c; break;
      case 1: *a = b - c; break;
      case 2: *a = b * c; break;
      case 3: *a = b ^ c; break;
      case 4: *a = b & c; break;
      case 5: *a = b | c; break;
      case 6: *a = (int)((u32)b << (c & 31)); break;
      case 7: *a = b >> (c & 31); break;
      case 8: *a = heap[b & 255]; break;
      case 9: heap[b & 255] = c; break;
      case 10: *a = (int)(word >> 16); break;
      case 11: if (b < c) pc += word >> 13 & 3; break;
      case 12: *a = b < c; break;
      case 13: *a = -b; break;
      case 14: *a = b + (int)(word >> 20); break;
      default: if (pc > 255) goto done;
      }
    }
  done:
    registers[n & 7] += n;
  }
  int hash = 0;
  for (int i = 0; i < 8; ++i)
    hash = hash * 31 + registers[i];
  return hash;
}

// Looks for keys in a table of 64 Ki places.
static u32 keys[65536];
KERNEL(probe)(int n) {
  for (int i = 0; i < 65536; ++i)
    keys[i] = 0;
  state = 9;
  for (int i = 0; i < 40000; ++i) {
    u32 key = next() | 1, at = key * 0x9E3779B1u >> 16;
    while (keys[at])
      at = (at + 1) & 65535;
    keys[at] = key;
  }
  u32 found = 0;
  while (n-- > 0) {
    state = 9 + ((u32)n & 1);
    for (int i = 0; i < 40000; ++i) {
      u32 key = next() | 1, at = key * 0x9E3779B1u >> 16;
      while (keys[at] && keys[at] != key)
        at = (at + 1) & 65535;
      found += keys[at] == key;
    }
  }
  return (int)found;
}

// Sorts 512 numbers by insertion.
static int numbers[512];
KERNEL(isort)(int n) {
  u32 hash = 0;
  state = 13;
  while (n-- > 0) {
    for (int i = 0; i < 512; ++i)
      numbers[i] = (int)next();
    for (int i = 1; i < 512; ++i) {
      int value = numbers[i], at = i;
      for (; at > 0 && numbers[at - 1] > value; --at)
        numbers[at] = numbers[at - 1];
      numbers[at] = value;
    }
    hash = hash * 31 + (u32)numbers[n & 511];
  }
  return (int)hash;
}

// Calls one of eight functions through a table.
#define OPERATION(name, what)                                                  \
  static __attribute__((noinline)) u32 name(u32 a, u32 b) { return what; }
OPERATION(opAdd, a + b)
OPERATION(opSubtract, a - b)
OPERATION(opXor, a ^ b)
OPERATION(opMultiply, a * (b | 1))
OPERATION(opTurn, turn(a, (int)(b % 31 + 1)))
OPERATION(opMix, a + (b >> 3))
OPERATION(opAnd, (a & 0xFFFFFF) + b)
OPERATION(opNot, ~a + b)
static u32 (*operations[8])(u32, u32) = {opAdd,  opSubtract, opXor, opMultiply,
                                         opTurn, opMix,      opAnd, opNot};
KERNEL(icall)(int n) {
  // Written, so that no compiler knows what the table holds.
  for (int i = 0; i < 8; ++i) {
    u32 (*volatile *place)(u32, u32) = &operations[i];
    *place = operations[(i * 5) & 7];
  }
  u32 a = 1, b = 2;
  while (n-- > 0)
    for (int i = 0; i < 4096; ++i) {
      u32 c = operations[(i * 7 + (a & 1)) & 7](a, b);
      a = b;
      b = c;
    }
  return (int)(a ^ b);
}
