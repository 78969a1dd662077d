// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Under which names a model may be called: each signature names the inputs and
// outputs of one graph of the file. Several may share a graph.
#pragma once

#include "import/import.h"
#include "import/tflite/file.h"

namespace rune::import {

/// Names by the tensor's number.
using TensorNames = std::map<size_t, std::string>;

struct TfliteSignature {
  std::string name;
  size_t subgraph = 0;
  TensorNames inputs;
  TensorNames outputs;
};

/// errors  `import.malformed`: no such graph or tensor, names that are not
///         UTF-8, or used twice · `import.limit`: too many, or too long
Result<std::vector<TfliteSignature>> signaturesOf(const TfliteFile &file);

/// What is imported: a graph, and the signature that it is called by.
struct TfliteEntry {
  size_t subgraph = 0;
  /// Null for a graph without one.
  const TfliteSignature *signature = nullptr;
};

/// The signature of that name; without one `serving_default`, or the first
/// graph with the first signature it has.
///
/// errors  `import.unknown-signature`
Result<TfliteEntry> entryOf(const std::vector<TfliteSignature> &signatures,
                            const std::string &asked);

} // namespace rune::import
