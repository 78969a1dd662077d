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
                const Parts &parts,
                const std::vector<std::optional<uint32_t>> &packed,
                machine::Target target, llvm::Module &module)
      : graph_(graph), groups_(groups), parts_(parts), packed_(packed),
        target_(target), module_(module), ir_(module.getContext()) {}

  /// The function of the nodes [first, last).
  void emit(const std::string &name, uint32_t first, uint32_t last);
  /// What is called in the place of a node; nothing where all is in place.
  std::vector<std::string> functionsOf(uint32_t node) const {
    auto place = functions_.find(node);
    return place == functions_.end() ? std::vector<std::string>()
                                     : place->second;
  }

private:
  llvm::CallInst *callKernel(const graph::Node &node);
  llvm::CallInst *callGroup(uint32_t index);
  void callNode(uint32_t node);
  /// Where an element of zeros lies.
  llvm::Value *zero();
  void addScratch(std::vector<llvm::Value *> &arguments);
  void check(llvm::CallInst *status, uint32_t node);
  /// Where a value lies; null for one that is missing.
  llvm::Value *pointerTo(graph::ValueId id);
  /// An entry of the region's table.
  llvm::Value *entry(size_t index);

  llvm::Function *kernelFor(const graph::Node &node);
  llvm::Function *makeKernel(const graph::Node &node);
  /// A group's finish, and those of what feeds it.
  struct Finishes {
    Expression own;
    std::vector<Finishes> feeder;
  };
  Finishes makeFinishes(const Group &group, std::optional<int64_t> rowStep);
  void addArguments(const Group &group, const Finishes &finishes,
                    llvm::Value *packed, bool isFeeder,
                    std::vector<llvm::Value *> &arguments);
  llvm::Function *makeGroup(const Group &group, const Finishes &finishes,
                            size_t arguments);
  llvm::Value *fusedCall(llvm::IRBuilder<> &ir, llvm::Function &function,
                         const Group &group, const Finishes &finishes,
                         const Scratch &scratch, size_t at);

  const graph::Graph &graph_;
  const Groups &groups_;
  const Parts &parts_;
  const std::vector<std::optional<uint32_t>> &packed_;
  machine::Target target_;
  llvm::Module &module_;
  llvm::IRBuilder<> ir_;
  /// The one that is being written.
  llvm::Function *region_ = nullptr;
  /// By what a call is, but for its pointers.
  std::map<std::string, llvm::Function *> made_;
  std::map<uint32_t, std::vector<std::string>> functions_;
};

} // namespace rune::compile
