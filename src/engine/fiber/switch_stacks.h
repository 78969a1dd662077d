// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// From one stack to another, in two ways that are tested alike.
//
// Boost.Context does it on every processor. A switch of it takes some 20 ns on
// x86-64, most of them to save and load the control words of SSE and x87, which
// nobody changes. Ours leaves them alone, and is inline: the compiler saves
// what lives across, and each place that switches has an indirect jump of its
// own for the processor to learn.
//
// Ours, on x86-64:
// - Control words (MXCSR, x87) are the thread's, not the stack's. Guests have
// no
//   instruction that changes them. A host function that does must put them back
//   before it returns or waits, which is more than the ABI asks for.
// - All other state that the System V ABI calls callee-saved changes with the
//   stack. The direction flag is clear and the x87 stack empty on both sides.
// - Nothing is pushed, and registers change last and together: whoever unwinds
//   sees the frame that switches, on one stack or the other. The first frame of
//   a stack has no caller, and says so in its call frame information.
// - Shadow stacks (CET) are not switched; see fibersWork().
//
// source  System V ABI, AMD64, §3.2 (registers, frames)
#pragma once

#include "base/result.h"

#include <boost/context/detail/fcontext.hpp>

#include <cstddef>
#include <cstdint>

#if defined(__x86_64__) && !defined(__ILP32__)
#define RUNE_OWN_SWITCH 1
#else
#define RUNE_OWN_SWITCH 0
#endif

namespace rune::engine {

enum class SwitchKind : uint8_t { Own, Boost };

/// What fibers use: our own where there is one. It has a file of its own, so
/// that a program of tests can define it otherwise.
SwitchKind switchKind();

/// Whether a thread of this process can change its stack. Its shadow stack, if
/// the processor keeps one, would stay, and the next return would fault.
///
/// errors  `engine.shadow-stack`
Result<> fibersWork(bool hasShadowStack);
/// Whether the processor keeps a shadow stack for this thread.
bool hasShadowStack();

/// Where a stack goes on that is not running. Boost keeps all but the first on
/// the stack.
struct Place {
  void *stack = nullptr;
  void *frame = nullptr;
  void *base = nullptr;
  const void *next = nullptr;
};

#if RUNE_OWN_SWITCH
/// A stack whose first function is `first`, which never returns. `top` is
/// aligned to 16 bytes.
///
/// in  what the first switch carries
Place placeOnNewStack(uint8_t *top, void (*first)(void *carried));

#ifdef __AVX512F__
#define RUNE_MORE_REGISTERS                                                    \
  , "xmm16", "xmm17", "xmm18", "xmm19", "xmm20", "xmm21", "xmm22", "xmm23",    \
      "xmm24", "xmm25", "xmm26", "xmm27", "xmm28", "xmm29", "xmm30", "xmm31",  \
      "k0", "k1", "k2", "k3", "k4", "k5", "k6", "k7"
#else
#define RUNE_MORE_REGISTERS
#endif

/// Goes on at `to`, until somebody goes on at `from`.
[[gnu::always_inline]] inline void switchByOwn(Place &from, const Place &to,
                                               void *carried) {
  static_assert(offsetof(Place, stack) == 0 && offsetof(Place, frame) == 8 &&
                offsetof(Place, base) == 16 && offsetof(Place, next) == 24);
  Place *left = &from;
  const Place *entered = &to;
  // The frame pointer and rbx, which may be the frame's too, cannot be named as
  // lost, so they are kept here. Signals stay below the red zones of both.
  asm volatile("leaq 1f(%%rip), %%rax\n\t"
               "movq %%rsp, (%%rsi)\n\t"
               "movq %%rbp, 8(%%rsi)\n\t"
               "movq %%rbx, 16(%%rsi)\n\t"
               "movq %%rax, 24(%%rsi)\n\t"
               "movq 24(%%rdx), %%rax\n\t"
               "movq 16(%%rdx), %%rbx\n\t"
               "movq 8(%%rdx), %%rbp\n\t"
               "movq (%%rdx), %%rsp\n\t"
               "jmpq *%%rax\n"
               "1:\n\t"
               "endbr64"
               : "+S"(left), "+d"(entered), "+D"(carried)
               :
               : "memory", "cc", "rax", "rcx", "r8", "r9", "r10", "r11", "r12",
                 "r13", "r14", "r15", "st", "st(1)", "st(2)", "st(3)", "st(4)",
                 "st(5)", "st(6)", "st(7)", "xmm0", "xmm1", "xmm2", "xmm3",
                 "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10",
                 "xmm11", "xmm12", "xmm13", "xmm14",
                 "xmm15" RUNE_MORE_REGISTERS);
}
#undef RUNE_MORE_REGISTERS
#endif

/// Goes on at `to`, until what runs there goes on at `from`.
[[gnu::always_inline]] inline void
switchStacks([[maybe_unused]] SwitchKind kind, [[maybe_unused]] Place &from,
             Place &to, void *carried) {
#if RUNE_OWN_SWITCH
  if (kind == SwitchKind::Own) [[likely]]
    return switchByOwn(from, to, carried);
#endif
  to.stack = boost::context::detail::jump_fcontext(to.stack, carried).fctx;
}

} // namespace rune::engine
