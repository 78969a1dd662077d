// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compile/specialise_calls.h"

#include <llvm/Analysis/TargetLibraryInfo.h>
#include <llvm/IR/Instructions.h>
#include <llvm/Passes/PassBuilder.h>
#include <llvm/Transforms/IPO/GlobalDCE.h>
#include <llvm/Transforms/InstCombine/InstCombine.h>
#include <llvm/Transforms/Scalar/EarlyCSE.h>
#include <llvm/Transforms/Scalar/GVN.h>
#include <llvm/Transforms/Scalar/LICM.h>
#include <llvm/Transforms/Scalar/LoopPassManager.h>
#include <llvm/Transforms/Scalar/LoopRotation.h>
#include <llvm/Transforms/Scalar/LoopUnrollPass.h>
#include <llvm/Transforms/Scalar/SCCP.h>
#include <llvm/Transforms/Scalar/SROA.h>
#include <llvm/Transforms/Scalar/SimplifyCFG.h>
#include <llvm/Transforms/Utils/Cloning.h>
#include <llvm/Transforms/Vectorize/LoopVectorize.h>

namespace rune::compile {

namespace {

/// A case, as the attribute in library/numbers.h marks it.
bool isCase(const llvm::CallBase &call) {
  return call.getAttributes().hasFnAttr(llvm::Attribute::NoInline);
}

/// What stays a function: the larger ones of library/math.h.
bool isApart(const llvm::Function &function) {
  return function.isDeclaration() ||
         function.hasFnAttribute(llvm::Attribute::NoInline);
}

bool callsKernel(const llvm::Function &function) {
  for (const llvm::BasicBlock &block : function)
    for (const llvm::Instruction &instruction : block)
      if (auto *call = llvm::dyn_cast<llvm::CallBase>(&instruction))
        if (const llvm::Function *callee = call->getCalledFunction();
            callee && callee->getName().starts_with("rune_kernel_"))
          return true;
  return false;
}

/// The calls of functions that are here. `cases` tells of which kind.
std::vector<llvm::CallBase *> callsIn(llvm::Function &function, bool cases) {
  std::vector<llvm::CallBase *> calls;
  for (llvm::BasicBlock &block : function)
    for (llvm::Instruction &instruction : block)
      if (auto *call = llvm::dyn_cast<llvm::CallBase>(&instruction))
        if (const llvm::Function *callee = call->getCalledFunction();
            callee && !isApart(*callee) && isCase(*call) == cases)
          calls.push_back(call);
  return calls;
}

/// True if only one of several cases will be taken here, and it is not yet
/// known which.
bool isOpen(const llvm::CallBase &call) {
  const llvm::BasicBlock *from = call.getParent()->getUniquePredecessor();
  return from && from->getTerminator()->getNumSuccessors() > 1;
}

class Specialiser {
public:
  Specialiser(llvm::Module &module, llvm::TargetMachine &machine)
      : module_(module), builder_(&machine) {
    llvm::TargetLibraryInfoImpl library(machine.getTargetTriple());
    library.disableAllFunctions();
    functions_.registerPass(
        [&] { return llvm::TargetLibraryAnalysis(library); });
    builder_.registerModuleAnalyses(modules_);
    builder_.registerCGSCCAnalyses(components_);
    builder_.registerFunctionAnalyses(functions_);
    builder_.registerLoopAnalyses(loops_);
    builder_.crossRegisterProxies(loops_, functions_, components_, modules_);
    simplify_.addPass(llvm::SROAPass(llvm::SROAOptions::PreserveCFG));
    simplify_.addPass(llvm::EarlyCSEPass(true));
    simplify_.addPass(llvm::SCCPPass());
    simplify_.addPass(llvm::SimplifyCFGPass());
    addLoopPasses();
  }

  void run(const std::atomic<bool> *stop) {
    for (llvm::Function &function : module_) {
      if (stop && stop->load(std::memory_order_relaxed))
        return;
      if (callsKernel(function)) {
        specialise(function);
        run(optimise_, function);
        if (isFlat(function))
          run(vectorise_, function);
        function.addFnAttr(llvm::Attribute::OptimizeNone);
        function.addFnAttr(llvm::Attribute::NoInline);
      }
    }
    llvm::GlobalDCEPass().run(module_, modules_);
  }

private:
  /// Loops over dimensions go, their arrays become registers, what does not
  /// change leaves the loops over elements.
  void addLoopPasses() {
    auto tidy = [&] {
      optimise_.addPass(llvm::SROAPass(llvm::SROAOptions::ModifyCFG));
      optimise_.addPass(llvm::InstCombinePass());
      optimise_.addPass(llvm::SimplifyCFGPass());
    };
    tidy();
    llvm::LoopPassManager loops;
    loops.addPass(llvm::LoopRotatePass());
    loops.addPass(llvm::LICMPass(llvm::LICMOptions()));
    optimise_.addPass(
        llvm::createFunctionToLoopPassAdaptor(std::move(loops), true));
    llvm::LoopPassManager unroll;
    unroll.addPass(llvm::LoopFullUnrollPass(2));
    optimise_.addPass(llvm::createFunctionToLoopPassAdaptor(std::move(unroll)));
    tidy();
    optimise_.addPass(llvm::GVNPass());
    llvm::LoopPassManager again;
    again.addPass(llvm::LICMPass(llvm::LICMOptions()));
    optimise_.addPass(
        llvm::createFunctionToLoopPassAdaptor(std::move(again), true));
    optimise_.addPass(llvm::SimplifyCFGPass());
    vectorise_.addPass(llvm::LoopVectorizePass());
    vectorise_.addPass(llvm::InstCombinePass());
    vectorise_.addPass(llvm::SimplifyCFGPass());
  }

  /// Rows, or pieces, of elements: what vectors are for. In deeper nests the
  /// vectoriser finds nothing and takes long.
  bool isFlat(llvm::Function &function) {
    constexpr size_t most = 3;
    return functions_.getResult<llvm::LoopAnalysis>(function)
               .getLoopsInPreorder()
               .size() <= most;
  }

  void specialise(llvm::Function &function) {
    bool isOpenAllowed = false;
    for (;;) {
      bool inlined = false;
      while (inlineAll(callsIn(function, false)))
        inlined = true;
      if (inlined)
        simplify(function);
      std::vector<llvm::CallBase *> cases = callsIn(function, true), known;
      if (cases.empty())
        return;
      for (llvm::CallBase *call : cases)
        if (isOpenAllowed || !isOpen(*call))
          known.push_back(call);
      // what stays open is decided by the run: all of it is needed
      isOpenAllowed = known.empty();
      inlineAll(known);
      simplify(function);
    }
  }

  bool inlineAll(llvm::ArrayRef<llvm::CallBase *> calls) {
    for (llvm::CallBase *call : calls) {
      llvm::InlineFunctionInfo info;
      llvm::InlineFunction(*call, info);
    }
    return !calls.empty();
  }
  void simplify(llvm::Function &function) {
    functions_.invalidate(function, llvm::PreservedAnalyses::none());
    run(simplify_, function);
  }
  void run(llvm::FunctionPassManager &passes, llvm::Function &function) {
    functions_.invalidate(function, passes.run(function, functions_));
  }

  llvm::Module &module_;
  llvm::PassBuilder builder_;
  llvm::LoopAnalysisManager loops_;
  llvm::FunctionAnalysisManager functions_;
  llvm::CGSCCAnalysisManager components_;
  llvm::ModuleAnalysisManager modules_;
  llvm::FunctionPassManager simplify_, optimise_, vectorise_;
};

} // namespace

void specialiseCalls(llvm::Module &module, llvm::TargetMachine &machine,
                     const std::atomic<bool> *stop) {
  Specialiser(module, machine).run(stop);
}

void releaseCalls(llvm::Module &module) {
  for (llvm::Function &function : module)
    function.removeFnAttr(llvm::Attribute::OptimizeNone);
}

} // namespace rune::compile
