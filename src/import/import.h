// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "graph/graph.h"
#include "import/given_shapes.h"

#include <map>
#include <optional>
#include <string>

namespace rune::import {

/// The format of a model file, recognised by its content: "onnx",
/// "tensorflow-lite", or empty.
std::string_view recognise(ByteSpan bytes);

/// One way to call a model, of several that a file may offer.
struct ModelSignature {
  std::string name;
  std::vector<std::string> inputs;
  std::vector<std::string> outputs;
  /// True for the one that was imported.
  bool isImported = false;
};

/// What the makers of a model say of an input or output.
struct DescribedTensor {
  bool isInput = true;
  /// Which one, as the file counts them.
  size_t index = 0;
  std::string name;
  std::string text;
};

/// A file that a model brings along, such as the names of its classes.
struct AttachedFile {
  std::string name;
  /// "labels of an axis", "labels of values", "vocabulary", …
  std::string kind;
  std::string text;
  /// The input or output it belongs to; empty for the model.
  std::string of;
  /// Nothing where the file lies not in the model.
  std::optional<uint64_t> bytes = {};
  /// Its lines, where it holds labels or a vocabulary.
  std::vector<std::string> lines = {};
};

/// What the makers of a model say of it, in their words.
struct ModelDescription {
  std::string name, text, version, author, licence;
  std::vector<DescribedTensor> tensors;
  std::vector<AttachedFile> files;

  bool isEmpty() const {
    return name.empty() && text.empty() && version.empty() && author.empty() &&
           licence.empty() && tensors.empty() && files.empty();
  }
};

/// How the whole numbers of an input or output stand for real ones:
/// scale · (number - zero point).
struct ModelQuantization {
  /// One, or one for each index of dimension `axis`.
  std::vector<double> scales;
  std::vector<int64_t> zeroPoints;
  int64_t axis = 0;
};

/// What a model file was, for `rune model-info`.
struct ModelInfo {
  std::string format;
  std::string producer;
  /// (domain, version); the standard domain is "".
  std::vector<std::pair<std::string, int64_t>> opsets;
  /// Operators of the file by name, with how often each occurs.
  std::vector<std::pair<std::string, uint64_t>> operators;
  std::vector<ModelSignature> signatures;
  ModelDescription description;
  /// Of inputs and outputs by name, where the file says so.
  std::map<std::string, ModelQuantization> quantization;
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
  /// Which of the model's signatures; empty for the one it would choose.
  std::string signature = {};
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
