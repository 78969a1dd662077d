// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Calls in tail position, direct and through tables, deeper than any stack.
#define EXPORT(name) __attribute__((export_name(#name))) name
#define TAIL __attribute__((musttail)) return
typedef unsigned u32;
typedef unsigned long long u64;

static u32 odd(u64 n, u32 sum);
__attribute__((noinline)) static u32 even(u64 n, u32 sum) {
  if (n == 0)
    return sum;
  TAIL odd(n - 1, sum * 3 + 1);
}
__attribute__((noinline)) static u32 odd(u64 n, u32 sum) {
  if (n == 0)
    return ~sum;
  TAIL even(n - 1, sum ^ (u32)n);
}
// call: evenOdd 0
// call: evenOdd 7
// call: evenOdd 1000000
u32 EXPORT(evenOdd)(u64 n) { return even(n, 1); }

typedef u32 Step(u32 count, u32 x, u32 y);
static Step first, second, third;
static Step *volatile steps[3] = {first, second, third};
static u32 first(u32 count, u32 x, u32 y) {
  if (count == 0)
    return x ^ y;
  TAIL steps[x % 3](count - 1, y, x + 5);
}
static u32 second(u32 count, u32 x, u32 y) {
  if (count == 0)
    return x - y;
  TAIL steps[y % 3](count - 1, x * 7, y + 1);
}
static u32 third(u32 count, u32 x, u32 y) {
  if (count == 0)
    return x * y;
  TAIL steps[(x + y) % 3](count - 1, x ^ count, y);
}
// call: machine 0 1 2
// call: machine 10 1 2
// call: machine 500000 3 4
u32 EXPORT(machine)(u32 count, u32 x, u32 y) { return first(count, x, y); }
