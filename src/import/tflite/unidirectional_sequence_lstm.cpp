// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The plain LSTM over a sequence, with its output and cell kept from run to
// run. What TensorFlow Lite Micro refuses is refused here by name: peepholes,
// projection, layer normalisation, coupled gates, floats by quantised weights.
//
// source  TensorFlow Lite, UNIDIRECTIONAL_SEQUENCE_LSTM, versions 1 to 4
#include "import/tflite/node.h"
#include "import/tflite/requantize.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>

namespace rune::import {
namespace {

/// Inputs of the operator. Weights, recurrent weights and biases come in four,
/// for the input, forget, cell and output gate.
enum : size_t {
  Input,
  Weights,
  Recurrent = 5,
  Bias = 12,
  Output = 18,
  CellState
};
/// Where our order of gates (input, output, forget, cell) finds its own.
constexpr std::array<size_t, 4> gateOrder = {0, 3, 1, 2};

struct Extra {
  size_t from, to;
  std::string_view name;
};
constexpr Extra extras[] = {{9, 12, "peephole weights"},
                            {16, 18, "a projection"},
                            {20, 24, "layer normalisation"}};

Result<> checkVariant(const TfliteNode &node,
                      const tflite::SequenceLstmOptions &options) {
  for (const Extra &extra : extras)
    for (size_t i = extra.from; i < extra.to; ++i)
      if (node.optionalInput(i) != noValue)
        return node.unsupported("{} (input {})", extra.name, i);
  if (node.optionalInput(Weights) == noValue ||
      node.optionalInput(Recurrent) == noValue)
    return node.unsupported("coupled input and forget gates");
  if (options.diagonal_recurrent())
    return node.unsupported("diagonal recurrent weights");
  if (RUNE_TRY(activationOf(node, options.activation())) != Activation::Tanh)
    return node.unsupported("activation number {}, needs tanh",
                            options.activation());
  return {};
}

/// The bytes of constants one behind the other along the first dimension.
Result<ValueId> stackedConstants(const TfliteNode &node, std::string_view part,
                                 std::span<const TensorView> views) {
  Integers sizes(views[0].sizes.begin(), views[0].sizes.end());
  sizes[0] = 0;
  for (const TensorView &view : views)
    sizes[0] += view.sizes[0];
  Tensor tensor = RUNE_TRY(Tensor::zeros(views[0].dtype, sizes));
  uint8_t *out = tensor.bytes().data();
  for (const TensorView &view : views) {
    if (!view.data.empty())
      std::memcpy(out, view.data.data(), view.data.size());
    out += view.data.size();
  }
  return node.constant(part, std::move(tensor));
}

/// The four inputs from `first` on in our order of gates, as one.
Result<ValueId> gates(const TfliteNode &node, size_t first, int64_t rank,
                      std::string_view name) {
  std::vector<ValueId> values;
  std::vector<TensorView> views;
  for (size_t gate : gateOrder) {
    ValueId value = RUNE_TRY(node.input(first + gate, name));
    if (node.rank(value) != rank ||
        node.type(value) != node.type(values.empty() ? value : values[0]))
      return node.fail("`{}` are `{}`, need {} dimensions and equal sizes",
                       name, node.type(value).str(), rank);
    values.push_back(value);
    if (auto view = node.graph().constantOf(value))
      views.push_back(*view);
  }
  if (views.size() == values.size())
    return stackedConstants(node, name, views);
  return node.one(Op::Concat, std::move(values), {{"axis", int64_t{0}}}, name);
}

std::string layoutOf(const tflite::SequenceLstmOptions &options) {
  return options.time_major() ? "TNC" : "NTC";
}

struct Lstm {
  ValueId x, weights, recurrent, bias, h, c;
};

Result<Lstm> read(const TfliteNode &node) {
  return Lstm{RUNE_TRY(node.input(Input, "input")),
              RUNE_TRY(gates(node, Weights, 2, "weights")),
              RUNE_TRY(gates(node, Recurrent, 2, "recurrent")),
              RUNE_TRY(gates(node, Bias, 1, "bias")),
              RUNE_TRY(node.variable(Output, "output_state")),
              RUNE_TRY(node.variable(CellState, "cell_state"))};
}

/// The results: y, then what h and c are in the next run.
Imported finish(const TfliteNode &node, Op op, std::vector<ValueId> operands,
                std::vector<Attribute> attributes) {
  auto results =
      RUNE_TRY(node.many(op, std::move(operands), std::move(attributes), 3));
  RUNE_TRY(node.update(Output, results[1]));
  RUNE_TRY(node.update(CellState, results[2]));
  return std::vector{results[0]};
}

/// The sigmoid of i / 24 in 16 bits for i from 0 to 255. Each entry is moved by
/// half of what the line to the next misses in its middle; the last is the
/// largest number.
///
/// source  TensorFlow Lite's table for int16 LOGISTIC and TANH
Result<ValueId> sigmoidTable(const TfliteNode &node) {
  auto sigmoid = [](double i) { return 65536 / (1 + std::exp(-i / 24)); };
  Tensor table = RUNE_TRY(Tensor::zeros(DType::U16, {256}));
  for (size_t i = 0; i < 255; ++i) {
    double at = static_cast<double>(i);
    double line = (sigmoid(at) + sigmoid(at + 1)) / 2;
    double missed = sigmoid(at + 0.5) - line;
    table.as<uint16_t>()[i] =
        static_cast<uint16_t>(std::lround(sigmoid(at) + missed / 2));
  }
  table.as<uint16_t>()[255] = UINT16_MAX;
  return node.constant("sigmoid", std::move(table));
}

/// One factor for each gate: from products of `values` and the weights from
/// `first` on to 12 bits behind the point. The product of scales is rounded to
/// f32, as TensorFlow Lite does.
Result<> addFactors(const TfliteNode &node, const std::string &prefix,
                    const Quantization &values, size_t first,
                    std::vector<Attribute> &attributes) {
  Integers multipliers, shifts;
  for (size_t gate : gateOrder) {
    Quantization weights = RUNE_TRY(node.inputQuantization(first + gate));
    if (weights.zeroPoint() != 0)
      return node.unsupported("weights with a zero point of {}",
                              weights.zeroPoint());
    double product = static_cast<double>(values.scale() * weights.scale());
    FixedPoint factor = RUNE_TRY(fixedPoint(node, product * 0x1p12));
    multipliers.push_back(factor.multiplier);
    shifts.push_back(factor.shift);
  }
  attributes.push_back({prefix + "_multipliers", multipliers});
  attributes.push_back({prefix + "_shifts", shifts});
  attributes.push_back({prefix + "_zero_point", values.zeroPoint()});
  return {};
}

/// The power of two that the cell's scale is.
Result<int64_t> cellScale(const TfliteNode &node, const Quantization &cell) {
  int exponent = 0;
  if (std::frexp(cell.scale(), &exponent) != 0.5F || cell.zeroPoint() != 0)
    return node.unsupported(
        "a cell of scale {} and zero point {}, needs a power of two and 0",
        cell.scale(), cell.zeroPoint());
  return exponent - 1;
}

Result<> checkTypes(const TfliteNode &node, const Lstm &lstm) {
  DType x = node.dtype(lstm.x), weights = node.dtype(lstm.weights),
        cell = node.dtype(lstm.c);
  bool floats = x == DType::F32 && weights == DType::F32 && cell == DType::F32;
  bool integers = x == DType::I8 && weights == DType::I8 && cell == DType::I16;
  if (!floats && !integers)
    return node.unsupported("{} by weights of {}, with a cell of {}",
                            dtypeName(x), dtypeName(weights), dtypeName(cell));
  return {};
}

Imported importIntegers(const TfliteNode &node, const Lstm &lstm,
                        const tflite::SequenceLstmOptions &options) {
  Quantization x = RUNE_TRY(node.inputQuantization(Input));
  Quantization h = RUNE_TRY(node.inputQuantization(Output));
  Quantization c = RUNE_TRY(node.inputQuantization(CellState));
  if (RUNE_TRY(node.outputQuantization()) != h)
    return node.unsupported("an output of another scale than its state");
  std::vector<Attribute> attributes = {{"layout", layoutOf(options)}};
  RUNE_TRY(addFactors(node, "x", x, Weights, attributes));
  RUNE_TRY(addFactors(node, "h", h, Recurrent, attributes));
  // of two numbers with 15 bits behind the point
  FixedPoint hidden =
      RUNE_TRY(fixedPoint(node, 0x1p-30 / static_cast<double>(h.scale())));
  attributes.push_back({"hidden_multiplier", int64_t{hidden.multiplier}});
  attributes.push_back({"hidden_shift", int64_t{hidden.shift}});
  int64_t scale = RUNE_TRY(cellScale(node, c));
  attributes.push_back({"cell_scale", scale});
  if (options.cell_clip() > 0) {
    double clip = static_cast<double>(options.cell_clip()) /
                  static_cast<double>(c.scale());
    attributes.push_back(
        {"cell_clip", static_cast<int64_t>(std::min(clip, 32767.0))});
  }
  ValueId table = RUNE_TRY(sigmoidTable(node));
  return finish(
      node, Op::LstmInteger,
      {lstm.x, lstm.weights, lstm.recurrent, lstm.h, lstm.c, table, lstm.bias},
      std::move(attributes));
}

} // namespace

/// inputs  input [N, T, I], or [T, N, I] where time comes first; weights [H,
/// I],
///         recurrent [H, H] and bias [H] of each gate; states [N, H]
/// result  the output of every step [N, T, H]
Imported importTfliteUnidirectionalSequenceLstm(TfliteNode &node) {
  RUNE_TRY(node.checkInputs(20, 24));
  const auto *options = RUNE_TRY(node.options<tflite::SequenceLstmOptions>());
  RUNE_TRY(checkVariant(node, *options));
  Lstm lstm = RUNE_TRY(read(node));
  RUNE_TRY(checkTypes(node, lstm));
  if (node.dtype(lstm.x) == DType::I8)
    return importIntegers(node, lstm, *options);
  double clip = std::max(static_cast<double>(options->cell_clip()), 0.0);
  return finish(
      node, Op::Lstm,
      {lstm.x, lstm.weights, lstm.recurrent, lstm.bias, lstm.h, lstm.c},
      {{"cell_clip", clip}, {"layout", layoutOf(*options)}});
}

} // namespace rune::import
