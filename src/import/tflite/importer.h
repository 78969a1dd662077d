// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A TensorFlow Lite file as a graph of ours. Every layer that cannot be
// imported is reported, not only the first: what depends on a layer that failed
// is left out in silence, everything else goes on.
#pragma once

#include "import/import.h"

namespace rune::import {

/// in      `owner` keeps `bytes` alive; weights are views into them. Without
///         one, or where the bytes do not stand at a multiple of 16, they are
///         copied once
///         `options`: the signature that is imported; sizes of inputs
/// errors  into `report`: `import.malformed`, `import.unsupported`,
///         `import.limit`, `import.unknown-signature`, `graph.invalid`; what
///         GivenShapes says
/// source  the schema of TensorFlow Lite, version 3 (tflite_facts.fbs)
Result<ImportedModel> importTflite(ByteSpan bytes,
                                   std::shared_ptr<const void> owner,
                                   const SourcePtr &source, Report &report,
                                   const ImportOptions &options = {});

} // namespace rune::import
