// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "machine/llvm/target_machine.h"

#include <llvm/MC/TargetRegistry.h>
#include <llvm/Support/TargetSelect.h>

#include <mutex>

namespace rune::machine {

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
    LLVMInitializeWebAssemblyTargetInfo();
    LLVMInitializeWebAssemblyTarget();
    LLVMInitializeWebAssemblyTargetMC();
    LLVMInitializeWebAssemblyAsmPrinter();
  });
}

struct MachineNames {
  const char *triple;
  const char *processor;
  const char *features;
};

MachineNames namesOf(Target target) {
  switch (target.family) {
  case Family::X86_64:
    return {"x86_64-unknown-linux-gnu",
            target.base() >= 4   ? "x86-64-v4"
            : target.base() == 3 ? "x86-64-v3"
                                 : "x86-64-v2",
            // gathers of AVX-512 are slow on Zen, and on Intel since Downfall
            target.base() >= 4
                ? target.hasDots()
                      ? "+prefer-no-gather,+prefer-no-scatter,+avx512vnni"
                      : "+prefer-no-gather,+prefer-no-scatter"
            : target.hasDots() ? "+avxvnni"
                               : ""};
  case Family::AArch64:
    return {"aarch64-unknown-linux-gnu", "generic",
            target.hasDots() ? "+dotprod" : ""};
  case Family::RiscV64:
    return {"riscv64-unknown-linux-gnu", "generic-rv64",
            "+m,+a,+f,+d,+c,-relax"};
  case Family::Wasm32:
    // 2.0: a conversion that is out of range does not trap
    return {"wasm32-unknown-unknown", "generic",
            "+simd128,+bulk-memory,+nontrapping-fptoint,+sign-ext,"
            "+mutable-globals"};
  }
  return {"", "", ""};
}

} // namespace

Result<std::unique_ptr<llvm::TargetMachine>>
makeTargetMachine(Target target, llvm::CodeGenOptLevel level) {
  initialiseTargets();
  MachineNames names = namesOf(target);
  std::string why;
  llvm::Triple triple(names.triple);
  const llvm::Target *found = llvm::TargetRegistry::lookupTarget(triple, why);
  if (!found)
    return error("machine.unknown-target", "no code is made for {}: {}",
                 target.str(), why);
  llvm::TargetOptions options;
  options.TrapUnreachable = true;
  bool wasm = target.family == Family::Wasm32;
  options.EmitStackSizeSection = !wasm;
  options.MCOptions.ABIName = target.family == Family::RiscV64 ? "lp64d" : "";
  return std::unique_ptr<llvm::TargetMachine>(found->createTargetMachine(
      triple, names.processor, names.features, options,
      // addresses in a module's own memory are settled when it is linked
      wasm ? llvm::Reloc::Static : llvm::Reloc::PIC_, llvm::CodeModel::Small,
      level, /*JIT=*/false));
}

} // namespace rune::machine
