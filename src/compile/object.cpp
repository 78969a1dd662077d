// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compile/object.h"

#include "compile/expand_memory.h"
#include "compile/module.h"
#include "compile/specialise_calls.h"
#include "compile/wide_integers.h"

#include <llvm/Analysis/LazyCallGraph.h>
#include <llvm/Analysis/LoopInfo.h>
#include <llvm/Analysis/TargetLibraryInfo.h>
#include <llvm/IR/LegacyPassManager.h>
#include <llvm/IR/Verifier.h>
#include <llvm/Passes/PassBuilder.h>
#include <llvm/Support/raw_ostream.h>

#include <algorithm>

namespace rune::compile {

namespace {

/// Making code of it cannot be stopped half way, so there is an end to it.
Result<> checkAmount(const llvm::Module &module,
                     std::atomic<size_t> *instructions) {
  constexpr size_t mostInstructions = size_t{1} << 22;
  size_t count = 0;
  for (const llvm::Function &function : module)
    count += function.getInstructionCount();
  if (instructions)
    count += instructions->fetch_add(count);
  if (count <= mostInstructions)
    return {};
  return error("compile.too-large",
               "the graph becomes {} instructions, at most {} are compiled",
               count, mostInstructions);
}

bool hadPasses(const llvm::Function &function) {
  return function.hasOptNone() || isFinished(function);
}

/// True for functions that had their passes.
bool isDone(const llvm::Any &of) {
  if (auto *function = llvm::any_cast<const llvm::Function *>(&of))
    return hadPasses(**function);
  if (auto *loop = llvm::any_cast<const llvm::Loop *>(&of))
    return hadPasses(*(*loop)->getHeader()->getParent());
  if (auto *calls = llvm::any_cast<const llvm::LazyCallGraph::SCC *>(&of))
    return std::ranges::all_of(**calls, [](llvm::LazyCallGraph::Node &node) {
      return hadPasses(node.getFunction());
    });
  return false;
}

void runPipeline(llvm::Module &module, llvm::TargetMachine &machine,
                 const Options &options) {
  llvm::PassInstrumentationCallbacks callbacks;
  callbacks.registerShouldRunOptionalPassCallback(
      [&](llvm::StringRef, llvm::Any of) {
        return checkStopped(options).ok() && !isDone(of);
      });
  llvm::PassBuilder builder(&machine, {}, {}, &callbacks);
  llvm::LoopAnalysisManager loops;
  llvm::FunctionAnalysisManager functions;
  llvm::CGSCCAnalysisManager components;
  llvm::ModuleAnalysisManager modules;
  llvm::TargetLibraryInfoImpl library(machine.getTargetTriple());
  library.disableAllFunctions();
  functions.registerPass([&] { return llvm::TargetLibraryAnalysis(library); });
  builder.registerModuleAnalyses(modules);
  builder.registerCGSCCAnalyses(components);
  builder.registerFunctionAnalyses(functions);
  builder.registerLoopAnalyses(loops);
  builder.crossRegisterProxies(loops, functions, components, modules);
  builder.buildPerModuleDefaultPipeline(llvm::OptimizationLevel::O2)
      .run(module, modules);
}

constexpr const char *finished = "rune-finished";

} // namespace

void markFinished(llvm::Function &function) { function.addFnAttr(finished); }

bool isFinished(const llvm::Function &function) {
  return function.hasFnAttribute(finished);
}

Result<> optimise(llvm::Module &module, llvm::TargetMachine &machine,
                  const Options &options) {
  std::string fault;
  llvm::raw_string_ostream out(fault);
  if (llvm::verifyModule(module, &out))
    return error("compile.internal", "the code is not well formed: {}", fault);
  specialiseCalls(module, machine, options.stop);
  RUNE_TRY(checkStopped(options));
  runPipeline(module, machine, options);
  releaseCalls(module);
  expandMemory(module, machine);
  expandWideIntegers(module);
  return checkStopped(options);
}

Result<machine::ObjectBytes> makeObject(llvm::Module &module,
                                        llvm::TargetMachine &machine,
                                        const Options &options,
                                        llvm::CodeGenFileType type,
                                        std::atomic<size_t> *instructions) {
  RUNE_TRY(optimise(module, machine, options));
  RUNE_TRY(checkAmount(module, instructions));
  machine::ObjectBytes bytes;
  llvm::raw_svector_ostream stream(bytes);
  llvm::legacy::PassManager passes;
  llvm::TargetLibraryInfoImpl library(machine.getTargetTriple());
  library.disableAllFunctions();
  passes.add(new llvm::TargetLibraryInfoWrapperPass(library));
  bool cannot = machine.addPassesToEmitFile(passes, stream, nullptr, type);
  RUNE_CHECK(!cannot, "our targets make object files");
  passes.run(module);
  RUNE_TRY(checkStopped(options));
  return bytes;
}

} // namespace rune::compile
