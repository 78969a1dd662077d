// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Which loops look at the clock. The bodies are IR as the translator makes it:
// a poll in the header, which ends the function if the flag is set.
#include "engine/llvm/short_loops.h"
#include "engine/test_engine.h"
#include "wasm/text/text.h"

#include <gtest/gtest.h>

#include <llvm/AsmParser/Parser.h>
#include <llvm/IR/Module.h>
#include <llvm/IR/Verifier.h>
#include <llvm/Passes/PassBuilder.h>
#include <llvm/Support/SourceMgr.h>

namespace rune::engine::llvm_tier {
namespace {

/// A loop of `turns` turns (a value of IR) around `body`, whose blocks are
/// called after `name`; it goes on in the block `next`.
std::string loop(const std::string &name, const std::string &before,
                 const std::string &turns, const std::string &next,
                 const std::string &body = "", std::string bodyEnd = "") {
  if (bodyEnd.empty())
    bodyEnd = name + "go";
  return fmt::format(R"(
{0}:
  %{0}i = phi i32 [ 0, %{1} ], [ %{0}n, %{5} ]
  %{0}flag = load volatile i32, ptr %state, !rune.poll !0
  %{0}set = icmp ne i32 %{0}flag, 0
  br i1 %{0}set, label %trap, label %{0}go
{0}go:{4}
  %{0}n = add i32 %{0}i, 1
  %{0}more = icmp ult i32 %{0}n, {2}
  br i1 %{0}more, label %{0}, label %{3}
)",
                     name, before, turns, next, body, bodyEnd);
}

std::string function(const std::string &blocks) {
  return "declare void @call()\ndefine void @f(ptr %state, i32 %n) {\nentry:\n"
         "  br label %a\n" +
         blocks +
         "\nend:\n  ret void\ntrap:\n  call void @call()\n  unreachable\n}\n"
         "!0 = !{}\n";
}

/// How many polls are left.
int pollsIn(const std::string &text) {
  llvm::LLVMContext context;
  llvm::SMDiagnostic why;
  std::unique_ptr<llvm::Module> module =
      llvm::parseAssemblyString(text, why, context);
  if (!module) {
    ADD_FAILURE() << why.getMessage().str() << "\n" << text;
    return -1;
  }
  llvm::PassBuilder builder;
  llvm::LoopAnalysisManager loops;
  llvm::FunctionAnalysisManager functions;
  llvm::CGSCCAnalysisManager components;
  llvm::ModuleAnalysisManager modules;
  builder.registerModuleAnalyses(modules);
  builder.registerCGSCCAnalyses(components);
  builder.registerFunctionAnalyses(functions);
  builder.registerLoopAnalyses(loops);
  builder.crossRegisterProxies(loops, functions, components, modules);
  llvm::Function &f = *module->getFunction("f");
  ShortLoopsPass().run(f, functions);
  EXPECT_FALSE(llvm::verifyFunction(f));
  int polls = 0;
  for (llvm::BasicBlock &block : f)
    for (llvm::Instruction &each : block)
      polls += each.hasMetadata("rune.poll");
  return polls;
}

TEST(ShortLoops, NeedNoPoll) {
  EXPECT_EQ(pollsIn(function(loop("a", "entry", "1000", "end"))), 0);
}

TEST(ShortLoops, OnesOfUnknownOrGreatLengthKeepTheirs) {
  EXPECT_EQ(pollsIn(function(loop("a", "entry", "%n", "end"))), 1);
  EXPECT_EQ(pollsIn(function(loop("a", "entry", "1000000", "end"))), 1);
  EXPECT_EQ(pollsIn(function(loop("a", "entry", "0", "end"))), 0); // one turn
}

TEST(ShortLoops, OnesThatCallKeepTheirs) {
  EXPECT_EQ(pollsIn(function(
                loop("a", "entry", "10", "end", "\n  call void @call()"))),
            1);
}

/// b inside of a.
std::string nest(const std::string &outer, const std::string &inner) {
  return function(fmt::format(
      "{}{}",
      loop("a", "entry", outer, "end", "\n  br label %b\naend:", "aend"),
      loop("b", "ago", inner, "aend")));
}

TEST(ShortLoops, ANestIsAsLongAsAllItsTurns) {
  EXPECT_EQ(pollsIn(nest("50", "50")), 0);
  EXPECT_EQ(pollsIn(nest("1000", "1000")), 1); // the inner one is short
  EXPECT_EQ(pollsIn(nest("%n", "1000")), 1);
  EXPECT_EQ(pollsIn(nest("10", "%n")), 2);
}

TEST(ShortLoops, TogetherAreNoLongerThanOne) {
  // Each would be short alone; together they are four times too long.
  std::string all;
  constexpr int count = 40;
  for (int i = 0; i < count; ++i)
    all += loop(i == 0 ? "a" : fmt::format("a{}_", i),
                i == 0   ? "entry"
                : i == 1 ? "ago"
                         : fmt::format("a{}_go", i - 1),
                "1000", i + 1 == count ? "end" : fmt::format("a{}_", i + 1));
  int left = pollsIn(function(all));
  EXPECT_GT(left, count / 2);
  EXPECT_LT(left, count);
}

// The same, seen from a guest: whatever LLVM can prove of its loops, deadlines
// end it.

constexpr const char *guestText = R"((module
  (func $leaf (export "leaf") (param i32) (result i32)
    (loop $l
      (br_if $l (i32.lt_u
        (local.tee 0 (i32.add (local.get 0) (i32.const 1)))
        (i32.const 1000))))
    (local.get 0))
  (func (export "long") (local i64)
    (loop $l
      (br_if $l (i64.lt_u
        (local.tee 0 (i64.add (local.get 0) (i64.const 1)))
        (i64.const 0x7fffffffffffffff)))))
  (func (export "nest") (local i32 i32 i32 i32 i32 i32)
    (loop $a (local.set 1 (i32.const 0))
      (loop $b (local.set 2 (i32.const 0))
        (loop $c (local.set 3 (i32.const 0))
          (loop $d (local.set 4 (i32.const 0))
            (loop $e (local.set 5 (i32.const 0))
              (loop $f
                (i32.store (local.get 5) (local.get 0))
                (br_if $f (i32.ne (i32.const 1000) (local.tee 5
                  (i32.add (local.get 5) (i32.const 1))))))
              (br_if $e (i32.ne (i32.const 1000) (local.tee 4
                (i32.add (local.get 4) (i32.const 1))))))
            (br_if $d (i32.ne (i32.const 1000) (local.tee 3
              (i32.add (local.get 3) (i32.const 1))))))
          (br_if $c (i32.ne (i32.const 1000) (local.tee 2
            (i32.add (local.get 2) (i32.const 1))))))
        (br_if $b (i32.ne (i32.const 1000) (local.tee 1
          (i32.add (local.get 1) (i32.const 1))))))
      (br_if $a (i32.ne (i32.const 1000) (local.tee 0
        (i32.add (local.get 0) (i32.const 1)))))))
  (func (export "leaves") (local i32)
    (loop $l
      (drop (call $leaf (i32.const 0)))
      (br $l)))
  (memory 1)))";

TEST(ShortLoops, GuestsEndAtTheirDeadline) {
  Limits limits;
  limits.keepAfterTrap = true;
  auto module =
      wasm::text::loadText(Source::text("guest.wat", guestText)).value();
  auto guest = test::makeTestedEngine()->instantiate(module, {}, limits, {});
  ASSERT_TRUE(guest.ok());
  for (const char *name : {"long", "nest", "leaves"}) {
    auto trap = (*guest)->call((*guest)->exportedFunction(name).value(), {}, {},
                               Clock::now() + std::chrono::milliseconds(20));
    ASSERT_TRUE(trap.has_value()) << name;
    EXPECT_EQ(trap->kind, TrapKind::DeadlineExceeded) << name;
  }
  Value in = Value::i32(990), out;
  auto trap =
      (*guest)->call((*guest)->exportedFunction("leaf").value(), {&in, 1},
                     {&out, 1}, Clock::now() + std::chrono::hours(1));
  EXPECT_FALSE(trap.has_value());
  EXPECT_EQ(out.asI32(), 1000u);
}

} // namespace
} // namespace rune::engine::llvm_tier
