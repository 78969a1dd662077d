// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "engine/fiber/switch_stacks.h"

namespace rune::engine {

Result<> fibersWork(bool hasShadowStack) {
  if (!hasShadowStack)
    return {};
  return error("engine.shadow-stack",
               "this process has shadow stacks, which a fiber cannot change "
               "with its own")
      .withHelp("start it with GLIBC_TUNABLES=glibc.cpu.x86_shstk=off in its "
                "environment");
}

bool hasShadowStack() {
#if defined(__x86_64__)
  uint64_t pointer = 0;
  // rdsspq rax: nothing, where there is none.
  asm volatile(".byte 0xF3, 0x48, 0x0F, 0x1E, 0xC8" : "+a"(pointer));
  return pointer != 0;
#else
  return false;
#endif
}

#if RUNE_OWN_SWITCH
// The frame below all others. Its caller is undefined, which is where debuggers
// and unwinders stop. rdi holds what the switch carried, rbx the function.
asm(R"(
    .pushsection .text.rune_begin_stack, "ax", @progbits
    .p2align 4
    .globl rune_begin_stack
    .hidden rune_begin_stack
    .type rune_begin_stack, @function
rune_begin_stack:
    .cfi_startproc
    .cfi_undefined rip
    endbr64
    callq *%rbx
    ud2
    .cfi_endproc
    .size rune_begin_stack, . - rune_begin_stack
    .popsection
)");
extern "C" [[gnu::visibility("hidden")]] void rune_begin_stack();

Place placeOnNewStack(uint8_t *top, void (*first)(void *carried)) {
  return {top, nullptr, reinterpret_cast<void *>(first),
          reinterpret_cast<const void *>(&rune_begin_stack)};
}
#endif

} // namespace rune::engine
