// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Regions as LLVM IR. Each node is a call of its operator's kernel with all
// that is known as constants; calls that differ only in where their tensors lie
// share one function.
#pragma once

#include "compile/compile.h"
#include "compile/expression.h"

#include <llvm/IR/Module.h>

#include <map>
#include <set>

namespace rune::compile {

/// The library's kernels, once for each compilation.
class Library {
public:
  /// errors  `compile.internal`
  static Result<Library> open(llvm::LLVMContext &context);

  /// Kernels, fast kernels and bodies.
  const std::set<std::string> &functions() const { return functions_; }
  /// What the library was compiled for; until it is linked.
  llvm::DataLayout layout() const { return parts_.front()->getDataLayout(); }
  /// Moves what the module calls into it.
  ///
  /// errors  `compile.internal`
  Result<> linkInto(llvm::Module &module);

private:
  std::vector<std::unique_ptr<llvm::Module>> parts_;
  std::set<std::string> functions_;
};

class RegionEmitter {
public:
  /// in      `packed`: for each group the number of its packed weights
  RegionEmitter(const graph::Graph &graph, const Groups &groups,
                const std::vector<std::optional<uint32_t>> &packed,
                machine::Target target, llvm::Module &module)
      : graph_(graph), groups_(groups), packed_(packed), target_(target),
        module_(module), expressions_(graph, target, module) {}

  /// The function of the nodes [first, last).
  void emit(const std::string &name, uint32_t first, uint32_t last);
  /// By the node at whose place it is called.
  const std::map<uint32_t, std::string> &functions() const {
    return functions_;
  }

private:
  llvm::Function *kernelFor(const graph::Node &node);
  llvm::Function *makeKernel(const graph::Node &node);
  llvm::Function *makeGroup(const Group &group, const Expression &expression);

  const graph::Graph &graph_;
  const Groups &groups_;
  const std::vector<std::optional<uint32_t>> &packed_;
  machine::Target target_;
  llvm::Module &module_;
  Expressions expressions_;
  /// By what a call is, but for its pointers.
  std::map<std::string, llvm::Function *> made_;
  std::map<uint32_t, std::string> functions_;
};

} // namespace rune::compile
