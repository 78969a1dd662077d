// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What differs by processor in runner.c: where a program starts, system calls,
// the way into machine code and, for traps, out of it. No C library is used, so
// that no tool chain for the foreign machine is needed but clang.
#ifndef RUNE_FOREIGN_MACHINE_H
#define RUNE_FOREIGN_MACHINE_H

/// Calls entry(code, context, slots). 0 if it returned, 1 if `leaveGuest` ended
/// it: every register that calls keep is kept on the stack meanwhile.
int enterGuest(const void *entry, const void *code, void *context, void *slots);
_Noreturn void leaveGuest(void);
void *savedStack;

#if defined(__x86_64__)
enum {
  CALL_MMAP = 9,
  CALL_MPROTECT = 10,
  CALL_WRITE = 1,
  CALL_EXIT = 231,
  CALL_SIGACTION = 13
};

static long systemCall(long number, long a, long b, long c, long d, long e,
                       long f) {
  register long r10 __asm__("r10") = d, r8 __asm__("r8") = e,
                    r9 __asm__("r9") = f;
  long result;
  __asm__ volatile("syscall"
                   : "=a"(result)
                   : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8),
                     "r"(r9)
                   : "rcx", "r11", "memory");
  return result;
}

__asm__(
    ".globl _start\n"
    "_start: andq $-16, %rsp\n"
    "  call run\n"
    ".globl restorer\n"
    "restorer: movl $15, %eax\n"
    "  syscall\n"
    ".globl enterGuest\n"
    "enterGuest: pushq %rbp\n pushq %rbx\n pushq %r12\n pushq %r13\n pushq "
    "%r14\n pushq %r15\n"
    "  subq $8, %rsp\n"
    "  movq %rsp, savedStack(%rip)\n"
    "  movq %rdi, %rax\n movq %rsi, %rdi\n movq %rdx, %rsi\n movq %rcx, %rdx\n"
    "  call *%rax\n"
    "  xorl %eax, %eax\n"
    "1: addq $8, %rsp\n"
    "  popq %r15\n popq %r14\n popq %r13\n popq %r12\n popq %rbx\n popq %rbp\n"
    "  retq\n"
    ".globl leaveGuest\n"
    "leaveGuest: movq savedStack(%rip), %rsp\n"
    "  movl $1, %eax\n"
    "  jmp 1b\n");
#else
enum {
  CALL_MMAP = 222,
  CALL_MPROTECT = 226,
  CALL_WRITE = 64,
  CALL_EXIT = 94,
  CALL_SIGACTION = 134
};
#endif

#if defined(__aarch64__)
static long systemCall(long number, long a, long b, long c, long d, long e,
                       long f) {
  register long x8 __asm__("x8") = number, x0 __asm__("x0") = a,
                   x1 __asm__("x1") = b, x2 __asm__("x2") = c,
                   x3 __asm__("x3") = d, x4 __asm__("x4") = e,
                   x5 __asm__("x5") = f;
  __asm__ volatile("svc 0"
                   : "+r"(x0)
                   : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5)
                   : "memory");
  return x0;
}

__asm__(
    ".globl _start\n"
    "_start: bl run\n"
    ".globl restorer\n"
    "restorer: mov x8, 139\n"
    "  svc 0\n"
    ".globl enterGuest\n"
    "enterGuest: sub sp, sp, 160\n"
    "  stp x29, x30, [sp]\n stp x19, x20, [sp, 16]\n stp x21, x22, [sp, 32]\n"
    "  stp x23, x24, [sp, 48]\n stp x25, x26, [sp, 64]\n stp x27, x28, [sp, "
    "80]\n"
    "  stp d8, d9, [sp, 96]\n stp d10, d11, [sp, 112]\n"
    "  stp d12, d13, [sp, 128]\n stp d14, d15, [sp, 144]\n"
    "  adrp x9, savedStack\n add x9, x9, :lo12:savedStack\n mov x10, sp\n str "
    "x10, [x9]\n"
    "  mov x9, x0\n mov x0, x1\n mov x1, x2\n mov x2, x3\n"
    "  blr x9\n"
    "  mov w0, 0\n"
    "1: ldp x29, x30, [sp]\n ldp x19, x20, [sp, 16]\n ldp x21, x22, [sp, 32]\n"
    "  ldp x23, x24, [sp, 48]\n ldp x25, x26, [sp, 64]\n ldp x27, x28, [sp, "
    "80]\n"
    "  ldp d8, d9, [sp, 96]\n ldp d10, d11, [sp, 112]\n"
    "  ldp d12, d13, [sp, 128]\n ldp d14, d15, [sp, 144]\n"
    "  add sp, sp, 160\n"
    "  ret\n"
    ".globl leaveGuest\n"
    "leaveGuest: adrp x9, savedStack\n add x9, x9, :lo12:savedStack\n ldr x10, "
    "[x9]\n mov sp, x10\n"
    "  mov w0, 1\n"
    "  b 1b\n");
#elif defined(__riscv)
static long systemCall(long number, long a, long b, long c, long d, long e,
                       long f) {
  register long a7 __asm__("a7") = number, a0 __asm__("a0") = a,
                   a1 __asm__("a1") = b, a2 __asm__("a2") = c,
                   a3 __asm__("a3") = d, a4 __asm__("a4") = e,
                   a5 __asm__("a5") = f;
  __asm__ volatile("ecall"
                   : "+r"(a0)
                   : "r"(a7), "r"(a1), "r"(a2), "r"(a3), "r"(a4), "r"(a5)
                   : "memory");
  return a0;
}

#define RUNE_EACH_KEPT(what)                                                   \
  what " s0, 8(sp)\n" what " s1, 16(sp)\n" what " s2, 24(sp)\n" what           \
       " s3, 32(sp)\n" what " s4, 40(sp)\n" what " s5, 48(sp)\n" what          \
       " s6, 56(sp)\n" what " s7, 64(sp)\n" what " s8, 72(sp)\n" what          \
       " s9, 80(sp)\n" what " s10, 88(sp)\n" what " s11, 96(sp)\n f" what      \
       " fs0, 104(sp)\n f" what " fs1, 112(sp)\n f" what                       \
       " fs2, 120(sp)\n f" what " fs3, 128(sp)\n f" what                       \
       " fs4, 136(sp)\n f" what " fs5, 144(sp)\n f" what                       \
       " fs6, 152(sp)\n f" what " fs7, 160(sp)\n f" what                       \
       " fs8, 168(sp)\n f" what " fs9, 176(sp)\n f" what                       \
       " fs10, 184(sp)\n f" what " fs11, 192(sp)\n" what " ra, 0(sp)\n"
__asm__(".globl _start\n"
        "_start: call run\n"
        ".globl restorer\n"
        "restorer: li a7, 139\n"
        "  ecall\n"
        ".globl enterGuest\n"
        "enterGuest: addi sp, sp, -208\n" RUNE_EACH_KEPT(
            "sd") "  lla t0, savedStack\n sd sp, 0(t0)\n"
                  "  mv t1, a0\n mv a0, a1\n mv a1, a2\n mv a2, a3\n"
                  "  jalr t1\n"
                  "  li a0, 0\n"
                  "1: " RUNE_EACH_KEPT(
                      "ld") "  addi sp, sp, 208\n"
                            "  ret\n"
                            ".globl leaveGuest\n"
                            "leaveGuest: lla t0, savedStack\n ld sp, 0(t0)\n"
                            "  li a0, 1\n"
                            "  j 1b\n");
#endif

#endif
