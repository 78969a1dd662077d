// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// O1 and the code generator's level `Less` run as fast as O3 here: the guest
// was optimised when it was made. Vectorisers are off for the same reason.
// No library function is known to the passes, so no loop becomes a call of one:
// the code has nothing outside to call.
#include "engine/llvm/object_code.h"

#include "engine/llvm/short_loops.h"

#include <llvm/Analysis/TargetLibraryInfo.h>
#include <llvm/IR/LegacyPassManager.h>
#include <llvm/Passes/PassBuilder.h>
#include <llvm/Support/raw_ostream.h>
#include <llvm/Transforms/Scalar/SimplifyCFG.h>

namespace rune::engine::llvm_tier {

namespace {

Diagnostic ended(const Job &job) {
  if (job.stop.load(std::memory_order_relaxed))
    return error("engine.compile-stopped", "compiling was stopped");
  return error("engine.compile-deadline",
               "the module takes longer to compile than allowed");
}

void optimise(Unit &unit, llvm::TargetMachine &machine) {
  llvm::PassInstrumentationCallbacks callbacks;
  callbacks.registerShouldRunOptionalPassCallback(
      [&job = unit.job](llvm::StringRef, llvm::Any) { return !job.mustEnd(); });
  llvm::PipelineTuningOptions tuning;
  tuning.LoopVectorization = false;
  tuning.SLPVectorization = false;
  llvm::PassBuilder builder(&machine, tuning, {}, &callbacks);
  builder.registerScalarOptimizerLateEPCallback(
      [](llvm::FunctionPassManager &passes, llvm::OptimizationLevel) {
        passes.addPass(ShortLoopsPass());
        passes.addPass(llvm::SimplifyCFGPass());
      });
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
  builder.buildPerModuleDefaultPipeline(llvm::OptimizationLevel::O1)
      .run(*unit.ir, modules);
}

} // namespace

Result<ObjectBytes> makeObject(Unit &unit, llvm::TargetMachine &machine) {
  optimise(unit, machine);
  if (unit.job.mustEnd())
    return ended(unit.job);
  ObjectBytes bytes;
  llvm::raw_svector_ostream stream(bytes);
  llvm::legacy::PassManager passes;
  llvm::TargetLibraryInfoImpl library(machine.getTargetTriple());
  library.disableAllFunctions();
  passes.add(new llvm::TargetLibraryInfoWrapperPass(library));
  bool cannot = machine.addPassesToEmitFile(passes, stream, nullptr,
                                            llvm::CodeGenFileType::ObjectFile);
  RUNE_CHECK(!cannot, "our targets make object files");
  passes.run(*unit.ir);
  if (unit.job.mustEnd())
    return ended(unit.job);
  return bytes;
}

} // namespace rune::engine::llvm_tier
