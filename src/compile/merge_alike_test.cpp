// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compile/merge_alike.h"

#include <gtest/gtest.h>
#include <llvm/AsmParser/Parser.h>
#include <llvm/IR/LLVMContext.h>
#include <llvm/IR/Verifier.h>
#include <llvm/Support/SourceMgr.h>

namespace rune::compile {
namespace {

struct Parsed {
  llvm::LLVMContext context;
  std::unique_ptr<llvm::Module> module;

  explicit Parsed(const std::string &text) {
    llvm::SMDiagnostic fault;
    module = llvm::parseAssemblyString(text, fault, context);
    EXPECT_TRUE(module) << fault.getMessage().str();
  }
};

/// Functions that read from a list and call `callee`.
std::string reader(const std::string &name, const std::string &list,
                   const std::string &add = "add i32 %a, %x") {
  return "define internal i32 @" + name + "(i32 %x) {\n  %a = load i32, ptr @" +
         list + "\n  %b = " + add + "\n  ret i32 %b\n}\n";
}
const std::string lists =
    "@one = private unnamed_addr constant [2 x i32] [i32 1, i32 2]\n"
    "@same = private unnamed_addr constant [2 x i32] [i32 1, i32 2]\n"
    "@other = private unnamed_addr constant [2 x i32] [i32 1, i32 3]\n"
    "@known = private constant [2 x i32] [i32 1, i32 2]\n";
const std::string caller = "define i32 @caller() {\n"
                           "  %a = call i32 @f(i32 1)\n"
                           "  %b = call i32 @g(i32 2)\n"
                           "  %c = add i32 %a, %b\n  ret i32 %c\n}\n";

TEST(MergeAlike, KeepsOneOfTwoThatReadTheSame) {
  Parsed parsed(lists + reader("f", "one") + reader("g", "same") + caller);
  auto instead = mergeAlike(*parsed.module);
  EXPECT_EQ(instead, (std::map<std::string, std::string>{{"g", "f"}}));
  EXPECT_EQ(parsed.module->getFunction("g"), nullptr);
  EXPECT_EQ(parsed.module->getFunction("f")->getNumUses(), 2u);
  EXPECT_FALSE(llvm::verifyModule(*parsed.module));
}

TEST(MergeAlike, KeepsWhatDiffers) {
  for (const std::string &other : {reader("g", "other"), reader("g", "known"),
                                   reader("g", "same", "sub i32 %a, %x"),
                                   reader("g", "same", "add i32 %x, %a"),
                                   reader("g", "same", "add nsw i32 %a, %x")}) {
    Parsed parsed(lists + reader("f", "one") + other + caller);
    EXPECT_TRUE(mergeAlike(*parsed.module).empty()) << other;
  }
}

TEST(MergeAlike, MergesThoseThatCallWhatBecameOne) {
  std::string outer;
  for (std::string name : {"f", "g"})
    outer += "define internal i32 @" + name + "(i32 %x) {\n  %a = call i32 @" +
             name + "_inner(i32 %x)\n  ret i32 %a\n}\n";
  // the callers stand before the called
  Parsed parsed(lists + outer + reader("f_inner", "one") +
                reader("g_inner", "same") + caller);
  auto instead = mergeAlike(*parsed.module);
  EXPECT_EQ(instead, (std::map<std::string, std::string>{
                         {"g", "f"}, {"g_inner", "f_inner"}}));
}

TEST(MergeAlike, ComparesTheWaysThroughLoopsAndTheirHints) {
  auto loop = [](const std::string &name, const std::string &first,
                 const std::string &hint) {
    return "define internal i32 @" + name +
           "(i32 %n) {\nentry:\n  br label %loop\nloop:\n"
           "  %i = phi i32 [ 0, %entry ], [ %next, %loop ]\n"
           "  %s = phi i32 [ " +
           first +
           ", %entry ], [ %sum, %loop ]\n  %sum = add i32 %s, %i\n"
           "  %next = add i32 %i, 1\n  %more = icmp slt i32 %next, %n\n"
           "  br i1 %more, label %loop, label %end, !llvm.loop !" +
           hint + "\nend:\n  ret i32 %s\n}\n";
  };
  std::string hints = "!0 = distinct !{!0, !3, !4}\n!1 = distinct !{!1, !3, "
                      "!5}\n!2 = distinct !{!2, !6, !4}\n"
                      "!3 = !{!\"llvm.loop.vectorize.width\", i32 8}\n"
                      "!4 = !{!\"llvm.loop.parallel_accesses\", !7}\n"
                      "!5 = !{!\"llvm.loop.parallel_accesses\", !8}\n"
                      "!6 = !{!\"llvm.loop.vectorize.width\", i32 4}\n"
                      "!7 = distinct !{}\n!8 = distinct !{}\n";
  auto merged = [&](const std::string &first, const std::string &hint) {
    Parsed parsed(loop("f", "0", "0") + loop("g", first, hint) + caller +
                  hints);
    return mergeAlike(*parsed.module).size();
  };
  EXPECT_EQ(merged("0", "1"), 1u);
  EXPECT_EQ(merged("1", "1"), 0u) << "another beginning";
  EXPECT_EQ(merged("0", "2"), 0u) << "another width";
}

} // namespace
} // namespace rune::compile
