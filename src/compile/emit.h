// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Regions as LLVM IR. Each node is a call of its operator's kernel with all
// that is known as constants; calls that differ only in where their tensors lie
// share one function.
#pragma once

#include "compile/compile.h"

#include <llvm/IR/Module.h>

#include <map>
#include <set>

namespace rune::compile {

/// The library's kernels, once for each compilation.
class Library {
public:
  /// errors  `compile.internal`
  static Result<Library> open(llvm::LLVMContext &context);

  const std::set<std::string> &kernels() const { return kernels_; }
  /// Moves what the module calls into it.
  ///
  /// errors  `compile.internal`
  Result<> linkInto(llvm::Module &module);

private:
  std::vector<std::unique_ptr<llvm::Module>> parts_;
  std::set<std::string> kernels_;
};

class RegionEmitter {
public:
  RegionEmitter(const graph::Graph &graph, llvm::Module &module)
      : graph_(graph), module_(module) {}

  /// The function of the nodes [first, last).
  ///
  /// in      `scratch`: the index in the table of the scratch
  void emit(const std::string &name, uint32_t first, uint32_t last,
            uint32_t scratch);

private:
  llvm::Function *kernelFor(const graph::Node &node);
  llvm::Function *makeKernel(const graph::Node &node);

  const graph::Graph &graph_;
  llvm::Module &module_;
  /// By what a call is, but for its pointers.
  std::map<std::string, llvm::Function *> made_;
};

} // namespace rune::compile
