// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compile/pieces.h"

#include "compile/object.h"

#include <gtest/gtest.h>
#include <llvm/AsmParser/Parser.h>
#include <llvm/IR/LLVMContext.h>
#include <llvm/Support/SourceMgr.h>

namespace rune::compile {
namespace {

/// `count` kernels of so many instructions; the first two share a tile.
std::string kernels(int count, int instructions) {
  std::string text = "define internal i32 @tile(i32 %x) \"rune-finished\" {\n"
                     "  ret i32 %x\n}\n";
  for (int k = 0; k < count; ++k) {
    text += "define internal i32 @rune_fast_K" + std::to_string(k) +
            "(i32 %x) \"rune-finished\" {\n  %v0 = call i32 @" +
            (k < 2 ? "tile" : "rune_fast_K0") + "(i32 %x)\n";
    for (int i = 1; i <= instructions; ++i)
      text += "  %v" + std::to_string(i) + " = mul i32 %v" +
              std::to_string(i - 1) + ", %x\n";
    text += "  ret i32 %v" + std::to_string(instructions) + "\n}\n";
  }
  text += "define i32 @rune_region_0(i32 %x) {\n";
  for (int k = 0; k < count; ++k)
    text += "  %r" + std::to_string(k) + " = call i32 @rune_fast_K" +
            std::to_string(k) + "(i32 %x)\n";
  return text + "  ret i32 %r0\n}\n";
}

std::vector<Piece> cut(const std::string &text) {
  llvm::LLVMContext context;
  llvm::SMDiagnostic fault;
  auto module = llvm::parseAssemblyString(text, fault, context);
  EXPECT_TRUE(module) << fault.getMessage().str();
  return cutIntoPieces(*module);
}

TEST(Pieces, AreOneOfASmallModule) {
  auto pieces = cut(kernels(4, 20));
  ASSERT_EQ(pieces.size(), 1u);
  EXPECT_EQ(pieces[0].functions.size(), 6u);
}

TEST(Pieces, WriteEachKernelOnceAndKeepTogetherWhatSharesCode) {
  auto pieces = cut(kernels(9, 3000));
  ASSERT_GT(pieces.size(), 3u);
  std::multiset<std::string> written;
  for (const Piece &piece : pieces) {
    written.insert(piece.functions.begin(), piece.functions.end());
    EXPECT_EQ(piece.functions.contains("tile"),
              piece.functions.contains("rune_fast_K0"));
    EXPECT_EQ(piece.functions.contains("tile"),
              piece.functions.contains("rune_fast_K1"));
  }
  EXPECT_EQ(written.size(), 11u);
  EXPECT_EQ(std::set<std::string>(written.begin(), written.end()).size(), 11u);
}

} // namespace
} // namespace rune::compile
