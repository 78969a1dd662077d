// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One operator of a .tflite file as its importer sees it: inputs already
// translated, options by their table, quantisation of each tensor, messages
// that begin with the layer.
#pragma once

#include "graph/builder.h"
#include "graph/ops.h"
#include "import/tflite/subgraph_importer.h"

namespace rune::import {

using graph::Attribute;
using graph::noValue;
using graph::Op;
using graph::ValueId;
using Integers = std::vector<int64_t>;
/// What an importer gives back: one value for each output of the operator.
using Imported = Result<std::vector<ValueId>>;

/// What the layers of one graph of the file share while they are imported.
struct TfliteImport {
  /// Seen from that graph.
  const TfliteFile &file;
  TfliteModel &model;
  TfliteFrame &frame;
  const TfliteCall &call;
};

/// Scales for blocks of neighbours along the last dimension of weights.
struct BlockScales {
  /// As many as there are blocks, in the order of the weights.
  ValueId scales = noValue;
  int64_t size = 0;

  explicit operator bool() const { return scales != noValue; }
};
/// The cell of a tensor that is state from run to run.
///
/// errors  `import.unsupported`: open sizes · `import.malformed`
Result<CellId> variableCell(const TfliteImport &scope, size_t tensor);
/// What such a tensor holds at first: what the file says, or of int8 what
/// stands for 0; nothing where all bits are zero.
///
/// source  TensorFlow Lite, ResetVariableTensors
Result<std::optional<graph::Constant>>
initialOf(const TfliteImport &scope, size_t tensor, const TensorType &type);

class TfliteNode {
public:
  TfliteNode(const TfliteImport &scope, size_t index,
             std::vector<ValueId> inputs, std::string name);

  const std::string &name() const { return name_; }
  int32_t version() const { return code().version; }
  graph::GraphBuilder &graph() const { return scope_.frame.builder; }
  /// Copies: the graph's own move while it grows.
  TensorType type(ValueId value) const { return graph().type(value); }
  Dims dims(ValueId value) const { return graph().type(value).dims; }
  DType dtype(ValueId value) const { return graph().type(value).dtype; }
  int64_t rank(ValueId value) const {
    return static_cast<int64_t>(graph().type(value).dims.size());
  }

  size_t inputs() const { return inputs_.size(); }
  size_t outputs() const { return outputs_.size(); }
  /// Which tensor of the file an input, which is there, or an output is.
  size_t inputTensor(size_t index) const {
    return static_cast<size_t>(inputTensors_[index]);
  }
  size_t outputTensor(size_t index) const {
    return static_cast<size_t>(outputs_[index]);
  }
  /// errors  `import.malformed`: the input is not there
  Result<ValueId> input(size_t index, std::string_view what) const;
  /// noValue if it is left out.
  ValueId optionalInput(size_t index) const;
  /// An input that is state from run to run: what it holds now.
  ///
  /// errors  `import.malformed`: no variable
  Result<ValueId> variable(size_t index, std::string_view what) const;
  /// What it holds from here on.
  ///
  /// errors  `import.malformed`: another type
  Result<> update(size_t index, ValueId next) const;
  /// The same for state of this layer's own: `part` tells several apart.
  Result<CellId> ownState(std::string_view part, TensorType type,
                          std::optional<graph::Constant> initial = {}) const;

  /// The graph that this layer is put into, and what the import knows.
  TfliteFrame &frame() const { return scope_.frame; }
  TfliteModel &model() const { return scope_.model; }
  const TfliteImport &scope() const { return scope_; }
  /// The results of another graph of the file, put in place, here or in a body.
  /// `part` names it.
  ///
  /// errors  as callSubgraph
  Result<std::vector<ValueId>> inlined(int64_t subgraph,
                                       std::vector<ValueId> inputs,
                                       std::string_view part) const {
    return inlinedIn(frame(), subgraph, std::move(inputs), part);
  }
  Result<std::vector<ValueId>> inlinedIn(TfliteFrame &frame, int64_t subgraph,
                                         std::vector<ValueId> inputs,
                                         std::string_view part) const {
    return callSubgraph(model(), frame, scope_.call, subgraph,
                        std::move(inputs), name_, part);
  }
  /// errors  `import.malformed`: more or fewer
  Result<> checkInputs(size_t least, size_t most) const;

  /// The quantisation of an input or output; the scale is above 0.
  ///
  /// errors  `import.malformed`: none is stated, or one for each channel
  Result<Quantization> inputQuantization(size_t index) const;
  Result<Quantization> outputQuantization(size_t index = 0) const;
  /// The same with one scale for each channel where the file says so.
  Result<Quantization> weightQuantization(size_t index) const;
  /// Nothing where the file states no blocks.
  ///
  /// errors  `import.malformed`: scales that are no constant of the file ·
  ///         `import.unsupported`: zero points for blocks
  Result<BlockScales> blockScales(size_t index) const;
  bool inputIsQuantized(size_t index) const;
  /// What the file says of the output.
  Result<TensorType> statedOutput(size_t index = 0) const;

  /// The options, with the format's defaults where there are none.
  ///
  /// errors  `import.malformed`: options of another operator
  template <class Options> Result<const Options *> options() const {
    const void *table =
        RUNE_TRY(optionsOf(tflite::OptionsTraits<Options>::enum_value));
    return static_cast<const Options *>(table);
  }

  /// Those of an operator that the first list of options has no room for; null
  /// where there are none.
  const tflite::CompositeOptions *compositeOptions() const {
    return file().node(index_).late_options_as_CompositeOptions();
  }

  /// Those of a custom operator, which only it can read.
  ByteSpan customOptions() const;

  /// `axis` counted from the front.
  ///
  /// errors  `import.malformed`: outside of [-rank, rank)
  Result<int64_t> axis(int64_t axis, int64_t rank) const;
  /// The numbers of an i32 or i64 input that is known now.
  std::optional<Integers> knownIntegers(ValueId value) const;
  /// errors  `import.unsupported`: not known before the run ·
  ///         `import.malformed`: no integers
  Result<Integers> constantIntegers(ValueId value, std::string_view what) const;

  /// A node of ours, named as this layer; `part` tells several apart. Cheap
  /// ones of small constants are computed here and now.
  Result<ValueId> one(Op op, std::vector<ValueId> inputs,
                      std::vector<Attribute> attributes = {},
                      std::string_view part = {}) const;
  Result<std::vector<ValueId>> many(Op op, std::vector<ValueId> inputs,
                                    std::vector<Attribute> attributes,
                                    size_t outputs) const;
  /// errors  `import.limit`: importers made too much already
  Result<ValueId> constant(std::string_view part, Tensor tensor) const;
  /// A constant of the file under other sizes, with as many elements.
  Result<ValueId> reshapedConstant(std::string_view part, ValueId value,
                                   Integers sizes) const;
  Result<ValueId> integers(std::string_view part, const Integers &values) const;
  /// A scalar of a numeric type; integers are the caller's to have checked.
  Result<ValueId> scalar(std::string_view part, DType dtype,
                         double value) const;
  /// The same elements in other sizes; constants are no nodes.
  Result<ValueId> reshaped(ValueId value, Integers sizes,
                           std::string_view part) const;
  /// Dimensions in another order; constants are no nodes.
  Result<ValueId> transposed(ValueId value, const Integers &permutation,
                             std::string_view part) const;

  /// The file contradicts the format: `import.malformed`.
  template <class... Args>
  Diagnostic fail(fmt::format_string<Args...> text, Args &&...args) const {
    return error("import.malformed", "{}: {}", layer(),
                 fmt::format(text, std::forward<Args>(args)...));
  }
  /// The format allows it, we cannot: `import.unsupported`.
  template <class... Args>
  Diagnostic unsupported(fmt::format_string<Args...> text,
                         Args &&...args) const {
    return error("import.unsupported", "{}: {}", layer(),
                 fmt::format(text, std::forward<Args>(args)...));
  }
  /// layer `conv1`: `CONV_2D` version 3
  std::string layer() const;

private:
  const TfliteFile &file() const { return scope_.file; }
  const TfliteOperatorCode &code() const { return file().codeOf(index_); }
  Result<const void *> optionsOf(tflite::Options kind) const;
  Result<Quantization> quantizationOf(size_t tensor, bool perAxis) const;
  std::string partName(std::string_view part) const;

  const TfliteImport &scope_;
  size_t index_;
  std::string name_;
  std::vector<ValueId> inputs_;
  /// Which tensors of the file they are; -1 where one is left out.
  std::vector<int32_t> inputTensors_;
  std::vector<int32_t> outputs_;
};

} // namespace rune::import
