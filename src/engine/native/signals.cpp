// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The handler itself does next to nothing: it turns the interrupted code's
// registers so that, when it returns, the thread goes on in `faultLanding`, on
// its own stack and with its own signal mask. There is room below the frame:
// the stack limit keeps it (activation.h).
#include "engine/native/signals.h"

#include "engine/native/activation.h"
#include "engine/native/address_ranges.h"
#include "engine/native/store.h"

#include <sys/mman.h>
#include <ucontext.h>

#include <csignal>
#include <mutex>

namespace rune::engine::native {

namespace {

constexpr int signals[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL};

/// Who handled each signal before us; written once, before our handler runs.
struct sigaction before[std::size(signals)];

struct Registers {
  uint64_t address;
  uint64_t frame;
};

/// Where the thread goes on, in the role of a function that was called.
[[noreturn]] void faultLanding(uint64_t kind, uint64_t address,
                               uint64_t frame) {
  NativeStore &store = *currentActivation()->store;
  store.die(static_cast<TrapKind>(kind), {},
            CodePlace{address, reinterpret_cast<const void *>(frame), false});
  leave();
}

#if defined(__x86_64__)
Registers read(const ucontext_t &context) {
  const auto &registers = context.uc_mcontext.gregs;
  return {static_cast<uint64_t>(registers[REG_RIP]),
          static_cast<uint64_t>(registers[REG_RBP])};
}
void redirect(ucontext_t &context, TrapKind kind, Registers was) {
  auto &registers = context.uc_mcontext.gregs;
  // Below the red zone, and as a call leaves the stack.
  auto stack = static_cast<uint64_t>(registers[REG_RSP]) - 128;
  stack = (stack & ~uint64_t{15}) - 8;
  registers[REG_RSP] = static_cast<greg_t>(stack);
  registers[REG_RIP] = reinterpret_cast<greg_t>(&faultLanding);
  registers[REG_RDI] = static_cast<greg_t>(kind);
  registers[REG_RSI] = static_cast<greg_t>(was.address);
  registers[REG_RDX] = static_cast<greg_t>(was.frame);
}
#elif defined(__aarch64__)
Registers read(const ucontext_t &context) {
  return {context.uc_mcontext.pc, context.uc_mcontext.regs[29]};
}
void redirect(ucontext_t &context, TrapKind kind, Registers was) {
  auto &machine = context.uc_mcontext;
  machine.sp = (machine.sp - 128) & ~uint64_t{15};
  machine.pc = reinterpret_cast<uint64_t>(&faultLanding);
  machine.regs[0] = static_cast<uint64_t>(kind);
  machine.regs[1] = was.address;
  machine.regs[2] = was.frame;
}
#elif defined(__riscv)
Registers read(const ucontext_t &context) {
  return {context.uc_mcontext.__gregs[REG_PC],
          context.uc_mcontext.__gregs[REG_S0]};
}
void redirect(ucontext_t &context, TrapKind kind, Registers was) {
  auto &registers = context.uc_mcontext.__gregs;
  registers[REG_SP] = (registers[REG_SP] - 128) & ~uint64_t{15};
  registers[REG_PC] = reinterpret_cast<uint64_t>(&faultLanding);
  registers[REG_A0] = static_cast<uint64_t>(kind);
  registers[REG_A0 + 1] = was.address;
  registers[REG_A0 + 2] = was.frame;
}
#endif

TrapKind kindOf(int signal) {
  switch (signal) {
  case SIGFPE:
    return TrapKind::IntegerDivideByZero;
  case SIGILL:
    return TrapKind::Unreachable;
  default:
    return TrapKind::OutOfBoundsMemory;
  }
}

bool isGuests(int signal, const siginfo_t &info, Registers at) {
  if (!currentActivation() || !codeRanges().hold(at.address))
    return false;
  if (signal == SIGFPE || signal == SIGILL)
    return true;
  return memoryRanges().hold(reinterpret_cast<uint64_t>(info.si_addr));
}

void passOn(int signal, siginfo_t *info, void *context) {
  struct sigaction *old = nullptr;
  for (size_t i = 0; i < std::size(signals); ++i)
    if (signals[i] == signal)
      old = &before[i];
  if (old->sa_flags & SA_SIGINFO)
    old->sa_sigaction(signal, info, context);
  else if (old->sa_handler != SIG_DFL && old->sa_handler != SIG_IGN)
    old->sa_handler(signal);
  else // the fault comes again, and ends the process as it would have
    std::signal(signal, SIG_DFL);
}

void onSignal(int signal, siginfo_t *info, void *raw) {
  auto &context = *static_cast<ucontext_t *>(raw);
  Registers at = read(context);
  if (isGuests(signal, *info, at))
    redirect(context, kindOf(signal), at);
  else
    passOn(signal, info, raw);
}

void install() {
  for (size_t i = 0; i < std::size(signals); ++i) {
    struct sigaction action = {};
    action.sa_sigaction = onSignal;
    action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER;
    sigaction(signals[i], nullptr, &before[i]);
    sigaction(signals[i], &action, nullptr);
  }
}

/// An alternate stack for the thread's signals, if the thread has none.
class AlternateStack {
public:
  AlternateStack() {
    stack_t present = {};
    if (sigaltstack(nullptr, &present) != 0 || !(present.ss_flags & SS_DISABLE))
      return;
    void *base = mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (base == MAP_FAILED)
      return; // handlers then run on the guest's stack, which has room
    stack_t mine = {};
    mine.ss_sp = base;
    mine.ss_size = bytes;
    if (sigaltstack(&mine, nullptr) == 0)
      base_ = base;
    else
      munmap(base, bytes);
  }
  ~AlternateStack() {
    if (!base_)
      return;
    stack_t none = {};
    none.ss_flags = SS_DISABLE;
    sigaltstack(&none, nullptr);
    munmap(base_, bytes);
  }
  AlternateStack(const AlternateStack &) = delete;

private:
  static constexpr size_t bytes = 64 << 10;
  void *base_ = nullptr;
};

} // namespace

static constinit thread_local bool ready = false;

[[gnu::noinline]] static void prepareThread() {
  static std::once_flag once;
  std::call_once(once, install);
  thread_local AlternateStack stack;
  ready = true;
}

[[gnu::noinline]] void catchFaults() {
  if (!ready) [[unlikely]]
    prepareThread();
}

} // namespace rune::engine::native
