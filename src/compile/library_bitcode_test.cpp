// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compile/library_bitcode.h"

#include "compile/regions.h"

#include <gtest/gtest.h>
#include <llvm/Bitcode/BitcodeReader.h>
#include <llvm/IR/LLVMContext.h>
#include <llvm/Support/MemoryBuffer.h>

namespace rune::compile {
namespace {

std::unique_ptr<llvm::Module> read(const LibraryPart &part,
                                   llvm::LLVMContext &context) {
  auto buffer = llvm::MemoryBuffer::getMemBuffer(
      llvm::StringRef(reinterpret_cast<const char *>(part.bitcode.data()),
                      part.bitcode.size()),
      llvm::StringRef(part.name.data(), part.name.size()), false);
  auto module = llvm::parseBitcodeFile(*buffer, context);
  EXPECT_TRUE(static_cast<bool>(module)) << part.name;
  return std::move(*module);
}

TEST(Library, CallsNothingOutside) {
  llvm::LLVMContext context;
  for (const LibraryPart &part : libraryParts())
    for (const llvm::Function &function : *read(part, context))
      if (function.isDeclaration())
        EXPECT_TRUE(function.isIntrinsic())
            << part.name << " needs `" << function.getName().str() << "`";
}

TEST(Library, HasOneKernelForEachOfItsOperators) {
  std::set<std::string> operators, seen;
  for (size_t i = 0; i < graph::opCount; ++i)
    operators.insert(kernelName(static_cast<graph::Op>(i)));
  llvm::LLVMContext context;
  for (const LibraryPart &part : libraryParts())
    for (const llvm::Function &function : *read(part, context))
      if (std::string name = function.getName().str();
          name.starts_with("rune_kernel_") && !function.isDeclaration()) {
        EXPECT_TRUE(operators.contains(name)) << name;
        EXPECT_TRUE(seen.insert(name).second) << name << " is there twice";
      }
  EXPECT_GE(seen.size(), 130u);
}

} // namespace
} // namespace rune::compile
