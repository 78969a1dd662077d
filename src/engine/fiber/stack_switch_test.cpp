// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What a switch between stacks promises, whoever does it: Boost.Context is the
// judge of our own. What only ours promises, about control words and about
// where a stack begins, says so.
#include "engine/fiber/stack_switch.h"

#include <gtest/gtest.h>

#include <sys/syscall.h>
#include <unistd.h>
#include <unwind.h>

#include <array>
#include <thread>

namespace rune::engine {
namespace {

/// A stack for `body`, which gets the switch to leave it by.
class OnStack {
public:
  using Body = std::function<void(StackSwitch &)>;
  OnStack(SwitchKind kind, Body body)
      : body_(std::move(body)), stack_(pool_.take(1 << 18).value()),
        switch_(
            stack_,
            [](void *raw) {
              auto *self = static_cast<OnStack *>(raw);
              self->body_(self->switch_);
            },
            this, kind) {}
  ~OnStack() { pool_.give(stack_); }
  StackSwitch *operator->() { return &switch_; }
  bool holds(const void *address) const {
    auto *at = static_cast<const uint8_t *>(address);
    return at >= stack_.base && at < stack_.top();
  }

private:
  StackPool pool_{0};
  Body body_;
  Stack stack_;
  StackSwitch switch_;
};

class StackSwitchOf : public testing::TestWithParam<SwitchKind> {};

TEST_P(StackSwitchOf, LeavesAndGoesOn) {
  int steps = 0;
  bool onIt = false;
  OnStack work(GetParam(), [&](StackSwitch &way) {
    onIt = work.holds(__builtin_frame_address(0));
    for (int i = 0; i < 3; ++i) {
      ++steps;
      way.leave();
    }
  });
  for (int i = 1; i <= 3; ++i) {
    work->enter();
    EXPECT_EQ(steps, i);
    EXPECT_FALSE(work->ended());
  }
  EXPECT_TRUE(onIt);
  work->enter();
  EXPECT_TRUE(work->ended());
}

TEST_P(StackSwitchOf, LendsTheHostsStack) {
  struct Asked {
    OnStack *work;
    int times = 0;
    bool onHost = true;
    uint64_t bottom = stackBottom();
  } asked{};
  OnStack work(GetParam(), [&](StackSwitch &way) {
    for (int i = 0; i < 4; ++i)
      way.onHostStack(
          [](void *raw) {
            auto &mine = *static_cast<Asked *>(raw);
            mine.onHost &= !mine.work->holds(__builtin_frame_address(0));
            mine.onHost &= stackBottom() == mine.bottom;
            return ++mine.times != 2; // the second lets the host go on
          },
          &asked);
  });
  asked.work = &work;
  work->enter();
  EXPECT_EQ(asked.times, 2);
  EXPECT_FALSE(work->ended());
  work->enter();
  EXPECT_EQ(asked.times, 4);
  EXPECT_TRUE(work->ended());
  EXPECT_TRUE(asked.onHost);
}

/// Numbers of every kind that live across switches, more than there are
/// registers for.
template <class Number, class Switch> Number mixed(Switch switchAway) {
  std::array<Number, 24> numbers;
  for (size_t i = 0; i < numbers.size(); ++i)
    numbers[i] = static_cast<Number>(i + 1);
  for (int round = 0; round < 50; ++round) {
    for (size_t i = 0; i + 1 < numbers.size(); ++i)
      numbers[i] += numbers[i + 1] / 2;
    numbers.back() += 1;
    switchAway();
  }
  Number sum = 0;
  for (Number each : numbers)
    sum += each / 64;
  return sum;
}
template <class Here, class There> void mixOnBothSides(SwitchKind kind) {
  There there = 0;
  OnStack work(kind, [&](StackSwitch &way) {
    there = mixed<There>([&] { way.leave(); });
  });
  Here here = mixed<Here>([&] { work->enter(); });
  work->enter();
  EXPECT_TRUE(work->ended());
  EXPECT_EQ(here, mixed<Here>([] {}));
  EXPECT_EQ(there, mixed<There>([] {}));
}

TEST_P(StackSwitchOf, KeepsWhatLivesOnBothSides) {
  mixOnBothSides<double, long double>(GetParam());
  mixOnBothSides<long double, float>(GetParam());
  mixOnBothSides<uint64_t, double>(GetParam());
}

/// The system's number: what the library says may be remembered by compilers.
long thread() { return syscall(SYS_gettid); }

TEST_P(StackSwitchOf, GoesOnOnAnotherThread) {
  long first = 0, second = 0, other = 0;
  OnStack work(GetParam(), [&](StackSwitch &way) {
    first = thread();
    way.leave();
    second = thread();
  });
  std::thread([&] {
    other = thread();
    work->enter();
  }).join();
  work->enter();
  EXPECT_TRUE(work->ended());
  EXPECT_EQ(first, other);
  EXPECT_EQ(second, thread());
  EXPECT_NE(first, second);
}

TEST_P(StackSwitchOf, NestsAndKnowsWhereItIs) {
  uint64_t ofOuter = 0, ofInner = 0, between = 0, ofThread = stackBottom();
  OnStack inner(GetParam(), [&](StackSwitch &) { ofInner = stackBottom(); });
  OnStack outer(GetParam(), [&](StackSwitch &way) {
    ofOuter = stackBottom();
    inner->enter();
    between = stackBottom();
    way.leave();
  });
  outer->enter();
  auto baseOf = [](OnStack &each) {
    return reinterpret_cast<uint64_t>(each->stack().base);
  };
  EXPECT_EQ(ofInner, baseOf(inner));
  EXPECT_EQ(ofOuter, baseOf(outer));
  EXPECT_EQ(between, baseOf(outer));
  EXPECT_EQ(stackBottom(), ofThread);
  outer->enter();
}

INSTANTIATE_TEST_SUITE_P(Every, StackSwitchOf,
#if RUNE_OWN_SWITCH
                         testing::Values(SwitchKind::Own, SwitchKind::Boost),
#else
                         testing::Values(SwitchKind::Boost),
#endif
                         [](const auto &kind) {
                           return kind.param == SwitchKind::Own ? "Own"
                                                                : "Boost";
                         });

TEST(StackSwitch, RefusesWhereShadowStacksAreKept) {
  EXPECT_TRUE(fibersWork(false).ok());
  auto refused = fibersWork(true);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, "engine.shadow-stack");
  EXPECT_FALSE(refused.error().help.empty());
}

#if RUNE_OWN_SWITCH

struct ControlWords {
  uint32_t sse;
  uint16_t x87;
  bool operator==(const ControlWords &) const = default;
};
ControlWords controlWords() {
  ControlWords words;
  asm volatile("stmxcsr %0\n\tfnstcw %1" : "=m"(words.sse), "=m"(words.x87));
  words.sse &= ~0x3Fu; // flags that any operation raises
  return words;
}
void setControlWords(ControlWords words) {
  asm volatile("ldmxcsr %0\n\tfldcw %1" : : "m"(words.sse), "m"(words.x87));
}

/// The rule of switch_stacks.h: they are the thread's.
TEST(StackSwitch, LeavesControlWordsToTheThread) {
  const ControlWords usual = controlWords();
  const ControlWords upwards{usual.sse | 0x4000u,
                             static_cast<uint16_t>(usual.x87 | 0x0800u)};
  const ControlWords downwards{usual.sse | 0x2000u,
                               static_cast<uint16_t>(usual.x87 | 0x0400u)};
  ControlWords atFirst{}, afterwards{};
  OnStack work(SwitchKind::Own, [&](StackSwitch &way) {
    atFirst = controlWords();
    setControlWords(downwards);
    way.leave();
    afterwards = controlWords();
  });
  setControlWords(upwards);
  work->enter();
  ControlWords between = controlWords();
  setControlWords(usual);
  std::thread([&] { work->enter(); }).join();
  EXPECT_EQ(atFirst, upwards);
  EXPECT_EQ(between, downwards);
  EXPECT_EQ(afterwards, usual);
  EXPECT_EQ(controlWords(), usual);
}

/// Switches, with all registers that the ABI says are kept set to known
/// numbers.
///
/// returns  whether they still hold these
bool keepsRegisters(StackSwitch &way, void (*switchAway)(StackSwitch *)) {
  uint64_t changed = 0;
  StackSwitch *argument = &way;
  asm volatile("subq $128, %%rsp\n\t" // what lies below is the compiler's
               "pushq %%rbx\n\tpushq %%rbp\n\t"
               "movq %%rsp, %%rbx\n\tandq $-16, %%rsp\n\tpushq %%rbx\n\t"
               "pushq %%rbx\n\t"
               "movq $0x1111, %%rbx\n\tmovq $0x2222, %%rbp\n\t"
               "movq $0x3333, %%r12\n\tmovq $0x4444, %%r13\n\t"
               "movq $0x5555, %%r14\n\tmovq $0x6666, %%r15\n\t"
               "callq *%%rax\n\t"
               "xorq $0x1111, %%rbx\n\txorq $0x2222, %%rbp\n\t"
               "xorq $0x3333, %%r12\n\txorq $0x4444, %%r13\n\t"
               "xorq $0x5555, %%r14\n\txorq $0x6666, %%r15\n\t"
               "orq %%rbp, %%rbx\n\torq %%r12, %%rbx\n\torq %%r13, %%rbx\n\t"
               "orq %%r14, %%rbx\n\torq %%r15, %%rbx\n\tmovq %%rbx, %%rax\n\t"
               "popq %%rbx\n\tmovq %%rbx, %%rsp\n\t"
               "popq %%rbp\n\tpopq %%rbx\n\taddq $128, %%rsp"
               : "=a"(changed), "+D"(argument)
               : "a"(switchAway)
               : "memory", "cc", "rcx", "rdx", "rsi", "r8", "r9", "r10", "r11",
                 "r12", "r13", "r14", "r15", "xmm0", "xmm1", "xmm2", "xmm3",
                 "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10",
                 "xmm11", "xmm12", "xmm13", "xmm14", "xmm15");
  return changed == 0;
}

TEST(StackSwitch, KeepsRegistersOnBothSides) {
  bool kept = true;
  OnStack work(SwitchKind::Own, [&](StackSwitch &way) {
    for (int i = 0; i < 3; ++i)
      kept &= keepsRegisters(way, [](StackSwitch *each) { each->leave(); });
  });
  // Meanwhile the other side's are these, or whatever the test leaves in them.
  for (int i = 0; i < 3; ++i)
    EXPECT_TRUE(keepsRegisters(*work.operator->(),
                               [](StackSwitch *each) { each->enter(); }));
  asm volatile("xorl %%r12d, %%r12d\n\tmovq %%r12, %%r13\n\t"
               "movq %%r12, %%r14\n\tmovq %%r12, %%r15"
               :
               :
               : "r12", "r13", "r14", "r15");
  work->enter();
  EXPECT_TRUE(work->ended());
  EXPECT_TRUE(kept);
}

TEST(StackSwitch, UnwindersStopWhereAStackBegins) {
  struct Walk {
    int frames = 0;
    _Unwind_Reason_Code end = _URC_NO_REASON;
  } walk;
  auto step = [](_Unwind_Context *, void *raw) {
    return ++static_cast<Walk *>(raw)->frames < 1000 ? _URC_NO_REASON
                                                     : _URC_NORMAL_STOP;
  };
  OnStack work(SwitchKind::Own, [&](StackSwitch &) {
    walk.end = _Unwind_Backtrace(step, &walk);
  });
  work->enter();
  EXPECT_EQ(walk.end, _URC_END_OF_STACK);
  // This one, those of OnStack and std::function, Entry::begin, its caller.
  EXPECT_GE(walk.frames, 3);
  EXPECT_LE(walk.frames, 12);
}

#endif

} // namespace
} // namespace rune::engine
