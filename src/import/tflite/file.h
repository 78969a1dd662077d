// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A .tflite file, opened: a FlatBuffer that has been verified, so that nothing
// in it points outside of it, and whose indices have been checked. What a
// tensor says of itself is read when somebody asks, with its own checks: a
// tensor that nobody reads cannot spoil a model.
#pragma once

#include "graph/graph.h"

#include <tflite_facts_generated.h>

#include <map>
#include <vector>

namespace rune::import {

/// Nesting, and tables in all. A model has a table for each tensor, buffer,
/// quantisation, operator and its options.
constexpr uint32_t maxTfliteDepth = 32;
constexpr uint32_t maxTfliteTables = 1 << 20;
/// Graphs; inputs, outputs of each; longer names are shortened.
constexpr size_t maxTfliteGraphs = 1 << 12;
constexpr size_t maxTfliteEnds = 1 << 12;
constexpr size_t maxTfliteNameBytes = 256;

/// How whole numbers stand for real ones: real = scale · (number - zero point),
/// one scale for all elements or one for each index of dimension `axis`.
struct Quantization {
  std::vector<float> scales;
  /// As many as scales.
  std::vector<int64_t> zeroPoints;
  int64_t axis = 0;

  explicit operator bool() const { return !scales.empty(); }
  bool perAxis() const { return scales.size() > 1; }
  float scale() const { return scales.front(); }
  int64_t zeroPoint() const { return zeroPoints.front(); }
  bool operator==(const Quantization &) const = default;
};

/// The operator a node stands for.
struct TfliteOperatorCode {
  int32_t code = 0;
  /// Of a custom operator.
  std::string_view custom;
  int32_t version = 1;

  /// `CONV_2D`, `custom TFLite_Detection_PostProcess`, `number 240`.
  std::string name() const;
};
constexpr int32_t customOperator = 32;

class TfliteFile {
public:
  /// in      `owner` keeps `bytes` alive; without one, or where they do not
  ///         stand at a multiple of 16, they are copied
  /// errors  `import.malformed`, `import.limit`
  static Result<TfliteFile> open(ByteSpan bytes,
                                 std::shared_ptr<const void> owner);

  const tflite::Model &model() const { return *model_; }
  /// All of the file, what stands behind the FlatBuffer too.
  ByteSpan bytes() const { return bytes_; }
  size_t subgraphs() const { return model_->subgraphs()->size(); }
  /// The same file, seen from another of its graphs: nodes and tensors are
  /// that graph's.
  ///
  /// in      an index below the number of graphs
  TfliteFile at(size_t subgraph) const;
  /// The graph it is seen from, the first at first.
  size_t index() const { return index_; }
  const tflite::Subgraph &graph() const { return *graph_; }
  size_t nodes() const;
  const tflite::Operator &node(size_t index) const;
  /// Where the node lies in the file.
  Span placeOf(size_t node) const;
  /// in      an index below the number of nodes
  const TfliteOperatorCode &codeOf(size_t node) const;

  size_t tensors() const;
  const tflite::Tensor &tensor(size_t index) const;
  /// Its name, shortened; `tensor 7` where it has none.
  std::string nameOf(size_t tensor) const;
  /// Open sizes become names: `batch` where they are the first of several.
  ///
  /// errors  `import.unsupported`: an element type without counterpart, a rank
  ///         that is not known · `import.malformed`: negative sizes ·
  ///         `import.limit`
  Result<TensorType> typeOf(size_t tensor) const;
  /// What stands in the file of it; nothing for one that is computed. 4-bit
  /// integers are unpacked to 8.
  ///
  /// errors  `import.malformed`: not as many bytes as its sizes need ·
  ///         `import.unsupported`: sparse, text · as typeOf
  Result<std::optional<graph::Constant>> constantOf(size_t tensor) const;
  bool hasData(size_t tensor) const;
  /// True for a tensor that stands for a variable, by its name.
  bool isResource(size_t tensor) const;
  /// The bytes of a buffer; none for an empty one. `what` is kept there.
  ///
  /// errors  `import.malformed`: it is not there, or leads out of the file
  Result<ByteSpan> buffer(uint32_t index, std::string_view what) const;
  /// What tensors are called instead of their own names, for messages too.
  void rename(std::map<size_t, std::string> names) {
    names_ = std::move(names);
  }
  /// Empty where there is none.
  ///
  /// errors  `import.malformed`: scales that are no positive numbers, lists of
  ///         different lengths · `import.unsupported`: in blocks
  Result<Quantization> quantizationOf(size_t tensor) const;

private:
  /// What all graphs state together.
  struct Stated {
    size_t tensors = 0, nodes = 0;
    uint64_t ends = 0, letters = 0;
  };
  Result<> check();
  Result<> checkGraph(Stated &stated) const;
  Result<> checkCodes();
  Result<> checkNodes(Stated &stated) const;
  Result<> checkEnds(Stated &stated) const;
  Result<> checkNames(Stated &stated) const;
  Result<ByteSpan> dataOf(size_t tensor) const;

  ByteSpan bytes_;
  std::shared_ptr<const void> owner_;
  const tflite::Model *model_ = nullptr;
  const tflite::Subgraph *graph_ = nullptr;
  size_t index_ = 0;
  std::shared_ptr<const std::vector<TfliteOperatorCode>> codes_;
  std::map<size_t, std::string> names_;
};

} // namespace rune::import
