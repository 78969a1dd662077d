// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// An ONNX file as a graph of ours. Every layer that cannot be imported is
// reported, not only the first: what depends on a layer that failed is left out
// in silence, everything else goes on.
#pragma once

#include "import/import.h"

namespace rune::import {

/// Names longer than this are refused; they would fill every message.
constexpr size_t maxNameBytes = 4096;
/// Inputs, and outputs, of a model; before format version 4 the weights are
/// inputs too.
constexpr size_t maxEnds = 1 << 14;

/// errors  into `report`: `import.malformed`, `import.unsupported`,
///         `import.limit`, `graph.invalid`
/// source  ONNX IR specification
Result<ImportedModel> importOnnx(ByteSpan bytes,
                                 std::shared_ptr<const void> owner,
                                 const SourcePtr &source, Report &report,
                                 const ImportOptions &options);

} // namespace rune::import
