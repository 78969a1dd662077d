// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What libc++ and libc++abi would ask of an operating system. A block has none:
// every way to die is a trap, statics are never destroyed, and the heap is what
// the linker left free in the block's own memory. Without this file libc++abi
// brings in stdio, and with it imports of WASI.
#include <__verbose_abort>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <new>

extern "C" {
// Debian's compiler-rt for wasm32 was built with a stack protector.
uintptr_t __stack_chk_guard = 0x52756e65;
__attribute__((noreturn)) void __stack_chk_fail() { __builtin_trap(); }

__attribute__((noreturn)) void abort() { __builtin_trap(); }
__attribute__((noreturn)) void _Exit(int) { __builtin_trap(); }
__attribute__((noreturn)) void __abort_message(const char *, ...) {
  __builtin_trap();
}
__attribute__((noreturn)) void abort_message(const char *, ...) {
  __builtin_trap();
}
__attribute__((noreturn)) void __cxa_pure_virtual() { __builtin_trap(); }
int __cxa_atexit(void (*)(void *), void *, void *) { return 0; }
}

_LIBCPP_BEGIN_NAMESPACE_STD
__attribute__((noreturn)) void __libcpp_verbose_abort(const char *,
                                                      ...) noexcept {
  __builtin_trap();
}
_LIBCPP_END_NAMESPACE_STD

namespace {
void *allocate(size_t bytes, size_t alignment) {
  size_t whole = (bytes + alignment - 1) & ~(alignment - 1);
  if (whole < bytes)
    return nullptr;
  return alignment <= alignof(std::max_align_t)
             ? std::malloc(whole ? whole : 1)
             : std::aligned_alloc(alignment, whole ? whole : alignment);
}
void *orTrap(void *memory) {
  if (!memory)
    __builtin_trap();
  return memory;
}
constexpr size_t usual = alignof(std::max_align_t);
} // namespace

// clang-format off
void *operator new(size_t n) { return orTrap(allocate(n, usual)); }
void *operator new[](size_t n) { return orTrap(allocate(n, usual)); }
void *operator new(size_t n, std::align_val_t a) { return orTrap(allocate(n, size_t(a))); }
void *operator new[](size_t n, std::align_val_t a) { return orTrap(allocate(n, size_t(a))); }
void *operator new(size_t n, const std::nothrow_t &) noexcept { return allocate(n, usual); }
void *operator new[](size_t n, const std::nothrow_t &) noexcept { return allocate(n, usual); }
void *operator new(size_t n, std::align_val_t a, const std::nothrow_t &) noexcept { return allocate(n, size_t(a)); }
void *operator new[](size_t n, std::align_val_t a, const std::nothrow_t &) noexcept { return allocate(n, size_t(a)); }
void operator delete(void *p) noexcept { std::free(p); }
void operator delete[](void *p) noexcept { std::free(p); }
void operator delete(void *p, size_t) noexcept { std::free(p); }
void operator delete[](void *p, size_t) noexcept { std::free(p); }
void operator delete(void *p, std::align_val_t) noexcept { std::free(p); }
void operator delete[](void *p, std::align_val_t) noexcept { std::free(p); }
void operator delete(void *p, size_t, std::align_val_t) noexcept { std::free(p); }
void operator delete[](void *p, size_t, std::align_val_t) noexcept { std::free(p); }
// clang-format on
