// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A model for another program, compiled ahead of time: one object that needs
// nothing, and one C header. The weights are constants beside the code; the
// program gives memory for inputs, outputs and the arena.
#pragma once

#include "compile/compile.h"

namespace rune::compile {

enum class Emit : uint8_t {
  /// LLVM's IR after its passes, as text.
  Llvm,
  Assembly,
  Object,
  Header
};

struct AheadOptions : Options {
  /// What functions and the header's names begin with; a C identifier.
  std::string name = "model";
};

/// errors  `compile.needs-interpreter`: a node that only the plan can run, by
///         its name · `compile.bad-name` · as compile
Result<Bytes> compileAhead(graph::Graph graph, const AheadOptions &options,
                           Emit emit);

/// What the code is made into.
enum class Form : uint8_t {
  /// For a linker.
  Object,
  /// For the system's loader (shared_library.h); not for wasm32.
  SharedLibrary,
  /// For an engine of WebAssembly (wasm_module.h); wasm32 only.
  WasmModule
};

/// Both from one compilation.
struct AheadFiles {
  Bytes code;
  std::string header;
};

/// in      `soname`: of a shared library, "libmodel.so"
/// errors  as compileAhead · `compile.wrong-form`: not for this target ·
///         `compile.too-large`: beyond what wasm32 addresses
Result<AheadFiles> compileFiles(graph::Graph graph, const AheadOptions &options,
                                Form form, const std::string &soname = "");

} // namespace rune::compile
