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
#include <llvm/MC/TargetRegistry.h>
#include <llvm/Passes/PassBuilder.h>
#include <llvm/Support/TargetSelect.h>
#include <llvm/Support/raw_ostream.h>
#include <llvm/Transforms/Scalar/SimplifyCFG.h>

#include <mutex>

namespace rune::engine::llvm_tier {

namespace {

void initialiseTargets() {
  static std::once_flag once;
  std::call_once(once, [] {
    LLVMInitializeX86TargetInfo();
    LLVMInitializeX86Target();
    LLVMInitializeX86TargetMC();
    LLVMInitializeX86AsmPrinter();
    LLVMInitializeAArch64TargetInfo();
    LLVMInitializeAArch64Target();
    LLVMInitializeAArch64TargetMC();
    LLVMInitializeAArch64AsmPrinter();
    LLVMInitializeRISCVTargetInfo();
    LLVMInitializeRISCVTarget();
    LLVMInitializeRISCVTargetMC();
    LLVMInitializeRISCVAsmPrinter();
  });
}

struct MachineNames {
  const char *triple;
  const char *processor;
  const char *features;
};

MachineNames namesOf(native::Target target) {
  switch (target.family) {
  case native::Family::X86_64:
    return {"x86_64-unknown-linux-gnu",
            target.level >= 4   ? "x86-64-v4"
            : target.level == 3 ? "x86-64-v3"
                                : "x86-64-v2",
            ""};
  case native::Family::AArch64:
    return {"aarch64-unknown-linux-gnu", "generic", ""};
  case native::Family::RiscV64:
    return {"riscv64-unknown-linux-gnu", "generic-rv64",
            "+m,+a,+f,+d,+c,-relax"};
  }
  return {"", "", ""};
}

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

Result<std::unique_ptr<llvm::TargetMachine>>
makeTargetMachine(native::Target target) {
  initialiseTargets();
  MachineNames names = namesOf(target);
  std::string why;
  llvm::Triple triple(names.triple);
  const llvm::Target *found = llvm::TargetRegistry::lookupTarget(triple, why);
  if (!found)
    return error("engine.compile-target", "no code is made for {}: {}",
                 target.str(), why);
  llvm::TargetOptions options;
  options.TrapUnreachable = true;
  options.EmitStackSizeSection = true;
  options.MCOptions.ABIName =
      target.family == native::Family::RiscV64 ? "lp64d" : "";
  return std::unique_ptr<llvm::TargetMachine>(found->createTargetMachine(
      triple, names.processor, names.features, options, llvm::Reloc::PIC_,
      llvm::CodeModel::Small, llvm::CodeGenOptLevel::Less, /*JIT=*/false));
}

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
