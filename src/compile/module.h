// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A program between the two halves of compiling: planned, and written as IR.
// Code that is mapped (compile.cpp) and objects for other programs (ahead.cpp)
// part from here on.
#pragma once

#include "compile/compile.h"

#include <llvm/IR/LLVMContext.h>
#include <llvm/IR/Module.h>
#include <llvm/Target/TargetMachine.h>

namespace rune::compile {

struct ProgramModule {
  /// Without code; the entries of regions are not settled.
  Program program;
  std::unique_ptr<llvm::LLVMContext> context;
  std::unique_ptr<llvm::TargetMachine> machine;
  /// Null if no node is compiled.
  std::unique_ptr<llvm::Module> module;
  /// The functions of each of the program's calls.
  std::vector<std::vector<std::string>> functions;
};

/// errors  `compile.stopped`
Result<> checkStopped(const Options &options);

/// errors  as compile
Result<ProgramModule> makeModule(graph::Graph graph, const Options &options);

/// The function of a step that is compiled.
std::string regionName(size_t step);

/// Takes the places of constants away that no region reads, once the module is
/// optimised: their packed copies are read. They need not stand aligned, nor
/// be there at all.
void forgetUnread(ProgramModule &made);

} // namespace rune::compile
