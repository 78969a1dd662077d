/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * Runs all cases that it is linked with (device/cpu/written_case.h) and
 * compares their results with those that are stored: integers to the bit,
 * floats within 1e-4 of the largest number of the tensor. Prints what differs,
 * and last `N passed, M failed`. It needs neither a system nor a C library: on
 * x86-64 it stands alone behind rom.S, elsewhere it makes two calls of Linux.
 */
typedef unsigned char byte;
typedef unsigned long size;

struct Output {
  const byte *expected;
  size bytes;
  size kind; /* 1: f32, 2: f64, 0: anything else */
};
struct Case {
  const char *name;
  int (*run)(const void *const *inputs, void *const *outputs, void *arena);
  size inputCount;
  const void *const *inputs;
  size outputCount;
  const struct Output *outputs;
  size arenaBytes;
};
extern const struct Case __start_cases[], __stop_cases[];

#if defined(__x86_64__)
static void out(unsigned short port, byte value) {
  __asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}
/* Bochs writes what comes to the first port, and ends on this word to the
   second. */
static void put(const char *text, size count) {
  for (size i = 0; i < count; ++i)
    out(0xe9, (byte)text[i]);
}
static void end(int status) {
  (void)status;
  for (const char *word = "Shutdown";; ++word)
    out(0x8900, (byte)*word);
}
/* Whatever happens that no program wants: its number, and the end. */
__asm__(".section .text.start,\"ax\"\n"
        ".globl _start\n"
        "_start: leaq stackEnd(%rip), %rsp\n"
        "  lea interrupts(%rip), %rdi\n"
        "  lea handlers(%rip), %rax\n"
        "  movl $32, %ecx\n"
        "1: movw %ax, (%rdi)\n"
        "  movl $0x8e000018, 2(%rdi)\n"
        "  movq %rax, %rdx\n"
        "  shrq $16, %rdx\n"
        "  movw %dx, 6(%rdi)\n"
        "  shrq $16, %rdx\n"
        "  movq %rdx, 8(%rdi)\n"
        "  addq $32, %rax\n"
        "  addq $16, %rdi\n"
        "  decl %ecx\n"
        "  jne 1b\n"
        "  lidt interruptTable(%rip)\n"
        "  xorl %ebp, %ebp\n"
        "  call begin\n"
        ".p2align 5\n"
        "handlers:\n"
        ".set vector, 0\n"
        ".rept 32\n"
        ".p2align 5\n"
        "  movl $vector, %edi\n"
        "  movq (%rsp), %rsi\n"
        "  movq 8(%rsp), %rdx\n"
        "  movl $interrupted, %eax\n"
        "  jmpq *%rax\n"
        ".set vector, vector + 1\n"
        ".endr\n"
        ".text\n"
        ".data\n"
        "interruptTable: .word 511\n.quad interrupts\n"
        ".bss\n.p2align 6\n"
        "interrupts: .skip 512\n"
        "stack: .skip 1 << 22\n.p2align 6\nstackEnd:\n"
        ".text\n");
#else
#if defined(__aarch64__)
__asm__(".globl _start\n_start: bl begin\n");
static long call(long number, long a, long b, long c) {
  register long x8 __asm__("x8") = number, x0 __asm__("x0") = a,
                   x1 __asm__("x1") = b, x2 __asm__("x2") = c;
  __asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2) : "memory");
  return x0;
}
#elif defined(__riscv)
__asm__(".globl _start\n_start: call begin\n");
static long call(long number, long a, long b, long c) {
  register long a7 __asm__("a7") = number, a0 __asm__("a0") = a,
                   a1 __asm__("a1") = b, a2 __asm__("a2") = c;
  __asm__ volatile("ecall" : "+r"(a0) : "r"(a7), "r"(a1), "r"(a2) : "memory");
  return a0;
}
#endif
static void put(const char *text, size count) {
  call(64, 1, (long)text, (long)count);
}
static void end(int status) {
  for (;;)
    call(93, status, 0, 0);
}
#endif

static void say(const char *text) {
  size count = 0;
  while (text[count])
    ++count;
  put(text, count);
}
static void number(size x) {
  char text[24];
  size at = sizeof text;
  do
    text[--at] = (char)('0' + x % 10);
  while (x /= 10);
  put(text + at, sizeof text - at);
}

/* 24 MiB each are more than any of the tests asks for. */
enum { most = 24 << 20, mostOutputs = 16 };
static _Alignas(64) byte arena[most], results[most];
static const struct Case *running;

/* in      what lies on the stack: where it happened, or a code, then where */
__attribute__((used)) static void interrupted(int vector, size first,
                                              size second) {
  say("exception ");
  number((size)vector);
  say(" (");
  number(first);
  say(", ");
  number(second);
  say(") in ");
  say(running ? running->name : "nothing");
  say("\n");
  end(1);
}

static double elementOf(const byte *from, size kind, size i) {
  if (kind == 2) {
    double x;
    __builtin_memcpy(&x, from + 8 * i, sizeof x);
    return x;
  }
  float x;
  __builtin_memcpy(&x, from + 4 * i, sizeof x);
  return x;
}

static int isFinite(double x) { return x - x == 0; }
static double absolute(double x) { return x < 0 ? -x : x; }

/* The first element that differs, or the number of all. */
static size differing(const struct Output *output, const byte *result) {
  size width = output->kind == 0 ? 1 : output->kind * 4;
  size count = output->bytes / width;
  double largest = 0;
  for (size i = 0; output->kind && i < count; ++i) {
    double x = absolute(elementOf(output->expected, output->kind, i));
    largest = isFinite(x) && x > largest ? x : largest;
  }
  for (size i = 0; i < count; ++i) {
    if (output->kind == 0) {
      if (output->expected[i] != result[i])
        return i;
      continue;
    }
    double x = elementOf(output->expected, output->kind, i);
    double y = elementOf(result, output->kind, i);
    int same = x == y || (x != x && y != y);
    if (!same &&
        !(isFinite(x) && isFinite(y) && absolute(x - y) <= 1e-4 * largest))
      return i;
  }
  return count;
}

/* A case that does not fit fails, too. */
static int passes(const struct Case *one) {
  void *outputs[mostOutputs];
  size used = 0;
  if (one->outputCount > mostOutputs || one->arenaBytes > most)
    return 0;
  for (size i = 0; i < one->outputCount; ++i) {
    outputs[i] = results + used;
    used += (one->outputs[i].bytes + 63) / 64 * 64;
    if (used > most)
      return 0;
  }
  /* nothing may count on zeros */
  for (size i = 0; i < used; ++i)
    results[i] = 0xa5;
  for (size i = 0; i < one->arenaBytes; ++i)
    arena[i] = 0xa5;
  int status = one->run(one->inputs, outputs, arena);
  if (status != 0) {
    say(one->name);
    say(" gave up\n");
    return 0;
  }
  for (size i = 0; i < one->outputCount; ++i) {
    const struct Output *output = &one->outputs[i];
    size width = output->kind == 0 ? 1 : output->kind * 4;
    size at = differing(output, outputs[i]);
    if (at == output->bytes / width)
      continue;
    say(one->name);
    say(" differs in output ");
    number(i);
    say(" at ");
    number(at);
    say("\n");
    return 0;
  }
  return 1;
}

void begin(void) {
  size passed = 0, failed = 0;
  for (running = __start_cases; running != __stop_cases; ++running)
    if (passes(running))
      ++passed;
    else
      ++failed;
  number(passed);
  say(" passed, ");
  number(failed);
  say(" failed\n");
  end(failed != 0 || passed == 0);
}

/* What compilers may call. */
void *memset(void *to, int value, size count) {
  for (size i = 0; i < count; ++i)
    ((volatile byte *)to)[i] = (byte)value;
  return to;
}
void *memcpy(void *to, const void *from, size count) {
  for (size i = 0; i < count; ++i)
    ((volatile byte *)to)[i] = ((const byte *)from)[i];
  return to;
}
