// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "import/tflite/test_tflite_model.h"

#include "graph/evaluate.h"
#include "graph/numeric.h"

#include <gtest/gtest.h>

namespace rune::import::testing {
namespace {

using Builder = flatbuffers::FlatBufferBuilder;

constexpr int8_t int4 = 17;

/// The number of an element type in the format.
int8_t elementNumber(DType dtype) {
#define RUNE_TFLITE_ELEMENT(number, name, ours)                                \
  if (dtype == DType::ours)                                                    \
    return number;
#define RUNE_TFLITE_FOREIGN(number, name)
#include "import/tflite/element_types.def"

#include <algorithm>
#undef RUNE_TFLITE_ELEMENT
#undef RUNE_TFLITE_FOREIGN
  return 0;
}

TensorType typeOf(const std::string &text) {
  auto type = parseTensorType(text);
  RUNE_CHECK(type, "a type in a test");
  return *type;
}

Tensor filled(DType dtype, std::vector<int64_t> sizes,
              const std::vector<double> &values) {
  auto tensor = Tensor::zeros(dtype, std::move(sizes));
  RUNE_CHECK(tensor && tensor->count() == values.size(),
             "as many elements as the type needs");
  graph::withNumeric(dtype == DType::Bool ? DType::U8 : dtype,
                     [&]<class T>(graph::Type<T>) {
                       for (size_t i = 0; i < values.size(); ++i)
                         tensor->as<T>()[i] = graph::narrow<T>(values[i]);
                     });
  return *std::move(tensor);
}

std::vector<double> elementsOf(const Tensor &tensor) {
  std::vector<double> values;
  graph::withNumeric(tensor.dtype() == DType::Bool ? DType::U8 : tensor.dtype(),
                     [&]<class T>(graph::Type<T>) {
                       for (T value : tensor.as<T>())
                         values.push_back(
                             static_cast<double>(graph::widen(value)));
                     });
  return values;
}

flatbuffers::Offset<tflite::Quantization>
writeQuantization(Builder &fbb, const TestTensor &tensor) {
  const TestQuantization &quantization = tensor.quantization;
  if (tensor.blockSize != 0) {
    auto blocks =
        tflite::CreateBlocks(fbb, tensor.blockScales, -1, tensor.blockSize);
    tflite::QuantizationBuilder builder(fbb);
    builder.add_details_kind(2);
    builder.add_details(blocks);
    return builder.Finish();
  }
  if (quantization.scales.empty())
    return 0;
  auto scales = fbb.CreateVector(quantization.scales);
  auto zeros = fbb.CreateVector(quantization.zeroPoints);
  tflite::QuantizationBuilder builder(fbb);
  builder.add_scale(scales);
  builder.add_zero_point(zeros);
  builder.add_dimension(quantization.axis);
  return builder.Finish();
}

flatbuffers::Offset<tflite::Tensor>
writeTensor(Builder &fbb, const TestTensor &tensor, uint32_t buffer) {
  TensorType type = typeOf(tensor.type);
  std::vector<int32_t> shape, open;
  for (const Dim &dim : type.dims) {
    shape.push_back(dim.isFixed() ? static_cast<int32_t>(dim.size()) : 1);
    open.push_back(dim.isFixed() ? shape.back() : -1);
  }
  auto sizes = fbb.CreateVector(shape);
  auto signature = fbb.CreateVector(open);
  auto name = fbb.CreateString(tensor.name);
  auto quantization = writeQuantization(fbb, tensor);
  tflite::TensorBuilder builder(fbb);
  builder.add_shape(sizes);
  constexpr int8_t resource = 13;
  int8_t element = tensor.packed ? int4 : elementNumber(type.dtype);
  builder.add_element(tensor.resource ? resource : element);
  builder.add_buffer(buffer);
  builder.add_name(name);
  builder.add_quantization(quantization);
  builder.add_is_variable(tensor.variable);
  builder.add_shape_signature(signature);
  return builder.Finish();
}

/// Two numbers a byte, the first in the low half.
Bytes halves(const Tensor &values) {
  Bytes packed((values.count() + 1) / 2);
  for (size_t i = 0; i < values.count(); ++i) {
    int half = values.view().data[i] & 15;
    packed[i / 2] |= static_cast<uint8_t>(half << (i % 2 * 4));
  }
  return packed;
}

flatbuffers::Offset<tflite::Buffer> writeBuffer(Builder &fbb,
                                                const TestTensor &tensor) {
  TensorType type = typeOf(tensor.type);
  Tensor values = filled(type.dtype, type.sizes(), tensor.values);
  if (tensor.packed)
    return tflite::CreateBuffer(fbb, fbb.CreateVector(halves(values)));
  fbb.ForceVectorAlignment(values.bytes().size(), 1, 16);
  auto data =
      fbb.CreateVector(values.view().data.data(), values.view().data.size());
  return tflite::CreateBuffer(fbb, data);
}

} // namespace

int32_t TfliteTestModel::tensor(TestTensor tensor) {
  tensors_.push_back(std::move(tensor));
  return static_cast<int32_t>(tensors_.size() - 1);
}
int32_t TfliteTestModel::input(TestTensor description) {
  inputs_.push_back(tensor(std::move(description)));
  return inputs_.back();
}
TfliteTestModel &TfliteTestModel::output(int32_t tensor) {
  outputs_.push_back(tensor);
  return *this;
}

TfliteTestModel &TfliteTestModel::op(int32_t code, std::vector<int32_t> inputs,
                                     std::vector<int32_t> outputs,
                                     int32_t version) {
  Operator added;
  added.code = code;
  added.version = version;
  added.inputs = std::move(inputs);
  added.outputs = std::move(outputs);
  operators_.push_back(std::move(added));
  return *this;
}
TfliteTestModel &TfliteTestModel::custom(const std::string &name,
                                         std::vector<int32_t> inputs,
                                         std::vector<int32_t> outputs) {
  op(BUILTIN_CUSTOM, std::move(inputs), std::move(outputs));
  operators_.back().custom = name;
  return *this;
}

TfliteTestModel &TfliteTestModel::decomposition(int32_t graph) {
  operators_.back().decomposition = graph;
  return *this;
}
TfliteTestModel &TfliteTestModel::customOptions(Bytes options) {
  operators_.back().customOptions = std::move(options);
  return *this;
}
int32_t TfliteTestModel::subgraph(TfliteTestModel graph) {
  subgraphs_.push_back(std::move(graph));
  return static_cast<int32_t>(subgraphs_.size());
}
TfliteTestModel &TfliteTestModel::signature(const std::string &name,
                                            NamedTensors inputs,
                                            NamedTensors outputs,
                                            uint32_t subgraph) {
  signatures_.push_back(
      {name, std::move(inputs), std::move(outputs), subgraph});
  return *this;
}
TfliteTestModel &TfliteTestModel::metadata(const std::string &name,
                                           Bytes contents) {
  metadata_.emplace_back(name, std::move(contents));
  return *this;
}

/// The graphs of a file share their buffers and kinds of operators.
class TfliteTestModel::Writer {
public:
  Bytes write(const TfliteTestModel &model) {
    buffers_.push_back(tflite::CreateBuffer(fbb_));
    std::vector<flatbuffers::Offset<tflite::Subgraph>> graphs = {
        graph(model, "main")};
    for (const TfliteTestModel &other : model.subgraphs_)
      graphs.push_back(graph(other, fmt::format("graph{}", graphs.size())));
    std::vector<flatbuffers::Offset<tflite::Signature>> signatures;
    for (const Signature &each : model.signatures_)
      signatures.push_back(signature(each));
    std::vector<flatbuffers::Offset<tflite::Metadata>> metadata;
    for (const auto &[name, contents] : model.metadata_) {
      fbb_.ForceVectorAlignment(contents.size(), 1, 16);
      buffers_.push_back(
          tflite::CreateBuffer(fbb_, fbb_.CreateVector(contents)));
      metadata.push_back(
          tflite::CreateMetadata(fbb_, fbb_.CreateString(name),
                                 static_cast<uint32_t>(buffers_.size() - 1)));
    }
    auto file = tflite::CreateModel(
        fbb_, 3, fbb_.CreateVector(codes_), fbb_.CreateVector(graphs),
        fbb_.CreateString("by a test"), fbb_.CreateVector(buffers_), 0,
        fbb_.CreateVector(metadata), fbb_.CreateVector(signatures));
    tflite::FinishModelBuffer(fbb_, file);
    return {fbb_.GetBufferPointer(), fbb_.GetBufferPointer() + fbb_.GetSize()};
  }

private:
  flatbuffers::Offset<tflite::Subgraph> graph(const TfliteTestModel &model,
                                              const std::string &name) {
    std::vector<flatbuffers::Offset<tflite::Tensor>> tensors;
    for (const TestTensor &tensor : model.tensors_) {
      uint32_t buffer = 0;
      if (!tensor.values.empty()) {
        buffers_.push_back(writeBuffer(fbb_, tensor));
        buffer = static_cast<uint32_t>(buffers_.size() - 1);
      }
      tensors.push_back(writeTensor(fbb_, tensor, buffer));
    }
    std::vector<flatbuffers::Offset<tflite::Operator>> operators;
    for (const Operator &op : model.operators_)
      operators.push_back(this->op(op));
    return tflite::CreateSubgraph(
        fbb_, fbb_.CreateVector(tensors), fbb_.CreateVector(model.inputs_),
        fbb_.CreateVector(model.outputs_), fbb_.CreateVector(operators),
        fbb_.CreateString(name));
  }

  flatbuffers::Offset<tflite::Operator> op(const Operator &op) {
    auto custom = op.custom.empty() ? 0 : fbb_.CreateString(op.custom);
    codes_.push_back(tflite::CreateOperatorCode(
        fbb_, static_cast<int8_t>(std::min(op.code, 127)), custom, op.version,
        op.code));
    auto inputs = fbb_.CreateVector(op.inputs);
    auto outputs = fbb_.CreateVector(op.outputs);
    auto options = op.options ? op.options(fbb_) : flatbuffers::Offset<void>();
    auto bytes =
        op.customOptions.empty() ? 0 : fbb_.CreateVector(op.customOptions);
    flatbuffers::Offset<void> late;
    if (op.decomposition)
      late = tflite::CreateCompositeOptions(fbb_, fbb_.CreateString("test.op"),
                                            *op.decomposition)
                 .Union();
    auto lateKind = op.decomposition ? tflite::LateOptions_CompositeOptions
                                     : tflite::LateOptions_NONE;
    return tflite::CreateOperator(
        fbb_, static_cast<uint32_t>(codes_.size() - 1), inputs, outputs,
        op.kind, options, bytes, 0, 0, 0, 0, 0, lateKind, late);
  }

  flatbuffers::Offset<tflite::Signature> signature(const Signature &each) {
    auto named = [&](const NamedTensors &list) {
      std::vector<flatbuffers::Offset<tflite::NamedTensor>> tensors;
      for (const auto &[name, tensor] : list)
        tensors.push_back(
            tflite::CreateNamedTensor(fbb_, fbb_.CreateString(name), tensor));
      return fbb_.CreateVector(tensors);
    };
    auto inputs = named(each.inputs);
    auto outputs = named(each.outputs);
    return tflite::CreateSignature(
        fbb_, inputs, outputs, fbb_.CreateString(each.name), 0, each.subgraph);
  }

  Builder fbb_;
  std::vector<flatbuffers::Offset<tflite::Buffer>> buffers_;
  std::vector<flatbuffers::Offset<tflite::OperatorCode>> codes_;
};

Bytes TfliteTestModel::bytes() const { return Writer().write(*this); }

TfliteOutcome importBytesOf(ByteSpan bytes, const ImportOptions &options) {
  TfliteOutcome outcome;
  Report report;
  auto model = importModel(bytes, nullptr, Source::binary("test.tflite"),
                           report, options);
  for (const Diagnostic &diagnostic : report.diagnostics()) {
    outcome.messages +=
        fmt::format("{}: {}\n", diagnostic.code, diagnostic.message);
    for (const Diagnostic &note : diagnostic.notes)
      outcome.messages += fmt::format("note: {}\n", note.message);
  }
  if (model) {
    outcome.graph = std::move(model->graph);
    outcome.info = std::move(model->info);
  }
  return outcome;
}

TfliteOutcome importOf(const TfliteTestModel &model,
                       const ImportOptions &options) {
  return importBytesOf(model.bytes(), options);
}

std::vector<TfliteResult>
runAll(const TfliteTestModel &model,
       const std::vector<std::vector<double>> &inputs,
       const std::vector<std::vector<int64_t>> &sizes) {
  TfliteOutcome outcome = importOf(model);
  if (!outcome.graph)
    return {{outcome.messages, {}}};
  const graph::Graph &graph = *outcome.graph;
  std::vector<Tensor> tensors;
  for (size_t i = 0; i < inputs.size(); ++i) {
    const TensorType &type = graph.values[graph.inputs[i]].type;
    tensors.push_back(filled(
        type.dtype, i < sizes.size() ? sizes[i] : type.sizes(), inputs[i]));
  }
  std::vector<TensorView> views;
  for (const Tensor &tensor : tensors)
    views.push_back(tensor.view());
  auto results = graph::evaluate(graph, views);
  if (!results)
    return {{results.error().code + ": " + results.error().message, {}}};
  std::vector<TfliteResult> all;
  for (const Tensor &tensor : *results)
    all.push_back({tensor.type().str(), elementsOf(tensor)});
  return all;
}

TfliteResult run(const TfliteTestModel &model,
                 const std::vector<std::vector<double>> &inputs,
                 const std::vector<std::vector<int64_t>> &sizes) {
  return runAll(model, inputs, sizes).front();
}

std::vector<std::vector<std::vector<double>>>
runAllInTurn(const TfliteTestModel &model,
             const std::vector<std::vector<std::vector<double>>> &inputs) {
  TfliteOutcome outcome = importOf(model);
  EXPECT_EQ(outcome.messages, "");
  std::vector<std::vector<std::vector<double>>> all;
  if (!outcome.graph)
    return all;
  const graph::Graph &graph = *outcome.graph;
  graph::State state;
  for (const auto &run : inputs) {
    std::vector<Tensor> tensors;
    for (size_t i = 0; i < run.size(); ++i) {
      const TensorType &type = graph.values[graph.inputs[i]].type;
      tensors.push_back(filled(type.dtype, type.sizes(), run[i]));
    }
    std::vector<TensorView> views;
    for (const Tensor &tensor : tensors)
      views.push_back(tensor.view());
    auto results = graph::evaluate(graph, views, {}, &state);
    EXPECT_TRUE(results.ok()) << results.error().message;
    if (!results)
      return all;
    auto &outputs = all.emplace_back();
    for (const Tensor &tensor : *results)
      outputs.push_back(elementsOf(tensor));
  }
  return all;
}

std::vector<std::vector<double>>
runInTurn(const TfliteTestModel &model,
          const std::vector<std::vector<std::vector<double>>> &inputs) {
  std::vector<std::vector<double>> first;
  for (auto &outputs : runAllInTurn(model, inputs))
    first.push_back(std::move(outputs.front()));
  return first;
}

} // namespace rune::import::testing
