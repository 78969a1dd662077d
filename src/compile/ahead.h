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

/// Several at once, from one compilation.
struct AheadFiles {
  Bytes object;
  std::string header;
};
Result<AheadFiles> compileObject(graph::Graph graph,
                                 const AheadOptions &options);

} // namespace rune::compile
