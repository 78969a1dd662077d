// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "graph/graph.h"
#include "import/given_shapes.h"

#include <string>

namespace rune::import {

/// The format of a model file, recognised by its content: "onnx",
/// "tensorflow-lite", or empty.
std::string_view recognise(ByteSpan bytes);

/// What a model file was, for `rune model-info`.
struct ModelInfo {
  std::string format;
  std::string producer;
  /// (domain, version); the standard domain is "".
  std::vector<std::pair<std::string, int64_t>> opsets;
  /// Operators of the file by name, with how often each occurs.
  std::vector<std::pair<std::string, uint64_t>> operators;
};

struct ImportedModel {
  graph::Graph graph;
  ModelInfo info;
};

/// What is known of a model beside its bytes.
struct ImportOptions {
  /// Sizes that the file leaves open.
  GivenShapes shapes = {};
  /// Where the model stands: it may name files of weights there. Empty for
  /// nowhere.
  std::string folder = {};
};

/// Reads a model of a known format. `bytes` are kept alive by `owner`;
/// constants point into them where the format allows.
///
/// errors  into `report`: `import.unsupported` (each layer, operator and
/// version that
///         cannot be imported, all at once), `import.malformed`,
///         `graph.invalid`
Result<ImportedModel> importModel(ByteSpan bytes,
                                  std::shared_ptr<const void> owner,
                                  const SourcePtr &source, Report &report,
                                  const ImportOptions &options = {});

} // namespace rune::import
