// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// An LSTM by quantised weights: x is quantised once, the state anew in each
// step, so that the steps are a scan. Its body is the product of the state and
// one step of lstm, whose weights then have nothing to do.
//
// source  ONNX Runtime, contrib operators of com.microsoft, version 1:
//         DynamicQuantizeLSTM
#include "import/onnx/bodies.h"
#include "import/onnx/compose.h"
#include "import/onnx/quantize_linear.h"
#include "import/onnx/quantized_product.h"
#include "import/onnx/recurrent.h"
#include "import/onnx/shapes.h"

namespace rune::import {
namespace {

/// Lstm takes its weights as a matrix of 16 · hidden² numbers.
constexpr int64_t mostHidden = 1024;

/// Weights with their scale and zero point: of one direction.
struct Weights {
  ValueId numbers = noValue, scale = noValue, zero = noValue;
};

struct Direction {
  size_t index = 0;
  Weights input, recurrent;
  ValueId h = noValue, c = noValue, peephole = noValue, lengths = noValue;
  int64_t hidden = 0;
  /// Of x, for the types of the state.
  Dim batch;
  std::vector<Attribute> attributes;
};

Result<Weights> weightsOf(OnnxNode &node, ValueId numbers, size_t scaleAt,
                          size_t direction, std::string_view name) {
  Weights weights;
  ValueId scale = RUNE_TRY(node.input(scaleAt, fmt::format("{}_scale", name)));
  ValueId zero =
      RUNE_TRY(node.input(scaleAt + 1, fmt::format("{}_zero_point", name)));
  weights.numbers = RUNE_TRY(directionOf(node, numbers, direction, name));
  weights.scale = RUNE_TRY(
      directionOf(node, scale, direction, fmt::format("{}_scale", name)));
  weights.zero = RUNE_TRY(
      directionOf(node, zero, direction, fmt::format("{}_zero_point", name)));
  return weights;
}

/// x · weights as f32, of an x that is quantised by its range.
Result<ValueId> product(OnnxNode &node, ValueId x, const Weights &weights) {
  auto [y, scale, zero] = RUNE_TRY(dynamicallyQuantized(node, x));
  Composer c(node);
  ValueId sums = RUNE_TRY(
      integerProduct(c, y, weights.numbers, zero, weights.zero, false));
  ValueId factor = RUNE_TRY(c.mul(scale, weights.scale));
  return c.mul(RUNE_TRY(c.cast(sums, DType::F32)), factor);
}

/// The sum of both halves, of which each has a number for each gate.
Result<ValueId> withBias(OnnxNode &node, ValueId sums, ValueId bias,
                         int64_t gates) {
  if (bias == noValue)
    return sums;
  Composer c(node);
  ValueId first = RUNE_TRY(sliced(node, bias, 0, 0, gates, c.part("bias")));
  ValueId second =
      RUNE_TRY(sliced(node, bias, 0, gates, 2 * gates, c.part("bias")));
  return c.add(sums, RUNE_TRY(c.add(first, second)));
}

/// The state at first where none is given: zeros [N, hidden].
Result<ValueId> zeros(OnnxNode &node, ValueId x, int64_t hidden) {
  Composer c(node);
  ValueId batch = RUNE_TRY(
      c.one(Op::Shape, {x}, {{"start", int64_t{1}}, {"end", int64_t{2}}}));
  ValueId sizes = RUNE_TRY(
      c.one(Op::Concat, {batch, c.integers({hidden})}, {{"axis", int64_t{0}}}));
  return c.one(Op::Expand, {c.scalarOf(0, DType::F32), sizes});
}

/// Ones where row and column are the same.
Result<ValueId> unit(Composer &c, int64_t size) {
  std::vector<double> values(static_cast<size_t>(size * size));
  for (int64_t i = 0; i < size; ++i)
    values[static_cast<size_t>(i * size + i)] = 1;
  return c.constant(DType::F32, {size, size}, values);
}

/// One step of lstm from the sums of its gates; h, c and what y gets.
Result<std::array<ValueId, 3>> step(OnnxNode &node, const Direction &layer,
                                    ValueId sums, ValueId h, ValueId cell,
                                    ValueId peephole) {
  Composer c(node);
  int64_t gates = 4 * layer.hidden;
  ValueId x = RUNE_TRY(c.one(Op::Unsqueeze, {sums, c.integers({0})}));
  ValueId weights = RUNE_TRY(unit(c, gates));
  std::vector<double> none(static_cast<size_t>(gates * layer.hidden));
  ValueId recurrent =
      RUNE_TRY(c.constant(DType::F32, {gates, layer.hidden}, none));
  auto results = RUNE_TRY(node.graph().node(
      Op::Lstm, c.part("step"),
      {x, weights, recurrent, noValue, h, cell, peephole, noValue},
      layer.attributes, 3));
  return std::array{results[1], results[2], results[1]};
}

/// Beyond the length of an element its state stays and y is 0.
Result<> keepBeyond(OnnxNode &node, ValueId lengths, ValueId turn, ValueId h,
                    ValueId cell, std::array<ValueId, 3> &next) {
  Composer c(node);
  ValueId wide = RUNE_TRY(c.cast(lengths, DType::I64));
  ValueId alive = RUNE_TRY(c.one(Op::Less, {turn, wide}));
  alive = RUNE_TRY(c.one(Op::Unsqueeze, {alive, c.integers({1})}));
  ValueId nothing = c.scalarOf(0, DType::F32);
  next[2] = RUNE_TRY(c.choose(alive, next[0], nothing));
  next[0] = RUNE_TRY(c.choose(alive, next[0], h));
  next[1] = RUNE_TRY(c.choose(alive, next[1], cell));
  return {};
}

/// (h, c, turn, sums of x) → (h, c, turn, y)
Result<Body> bodyOf(OnnxNode &node, const Direction &layer) {
  auto make = [&](Bodies &inside, graph::GraphBuilder &builder) -> Imported {
    OnnxNode here = node.within(inside, builder);
    Composer c(here);
    auto outer = [&](ValueId value) {
      return value == noValue ? noValue : inside.reach(value);
    };
    Dim batch = layer.batch.isFixed() ? layer.batch : Dim::unknown();
    TensorType state{DType::F32, {batch, Dim(layer.hidden)}};
    ValueId h = builder.input("h", state), cell = builder.input("c", state);
    ValueId turn = builder.input("turn", {DType::I64, Dims{}});
    ValueId given = builder.input(
        "x", TensorType{DType::F32, {batch, Dim(4 * layer.hidden)}});
    Weights weights{outer(layer.recurrent.numbers),
                    outer(layer.recurrent.scale), outer(layer.recurrent.zero)};
    ValueId back = RUNE_TRY(product(here, h, weights));
    auto next = RUNE_TRY(step(here, layer, RUNE_TRY(c.add(given, back)), h,
                              cell, outer(layer.peephole)));
    if (layer.lengths != noValue)
      RUNE_TRY(keepBeyond(here, outer(layer.lengths), turn, h, cell, next));
    ValueId after = RUNE_TRY(c.add(turn, c.scalarOf(1, DType::I64)));
    return std::vector{next[0], next[1], after, next[2]};
  };
  return node.bodies().build(fmt::format("step{}", layer.index), make);
}

/// Each element's steps from its last to its first.
Result<ValueId> turnedBack(Composer &c, ValueId x, ValueId lengths) {
  return c.one(Op::ReverseSequence, {x, lengths},
               {{"batch_axis", int64_t{1}}, {"time_axis", int64_t{0}}});
}

/// y, h and c.
Result<std::vector<ValueId>> run(OnnxNode &node, const Direction &layer,
                                 ValueId sums, bool reverse) {
  Composer c(node);
  bool byLength = reverse && layer.lengths != noValue;
  if (byLength)
    sums = RUNE_TRY(turnedBack(c, sums, layer.lengths));
  Body body = RUNE_TRY(bodyOf(node, layer));
  std::vector<ValueId> inputs = {layer.h, layer.c, c.scalarOf(0, DType::I64),
                                 sums};
  inputs.insert(inputs.end(), body.captures.begin(), body.captures.end());
  std::vector<graph::Graph> bodies;
  bodies.push_back(std::move(body.graph));
  int64_t fromEnd = reverse && !byLength;
  auto results = RUNE_TRY(node.graph().node(
      Op::Scan, c.part(fmt::format("scan{}", layer.index)), std::move(inputs),
      {{"carried", int64_t{3}},
       {"input_axes", Integers{0}},
       {"input_reverse", Integers{fromEnd}},
       {"output_axes", Integers{0}},
       {"output_reverse", Integers{fromEnd}}},
      4, std::move(bodies)));
  ValueId y = results[3];
  if (byLength)
    y = RUNE_TRY(turnedBack(c, y, layer.lengths));
  return std::vector{y, results[0], results[1]};
}

} // namespace

/// inputs  X [T, N, I], W [D, I, 4H] and R [D, H, 4H] of int8 or uint8, B?,
///         sequence_lens?, initial_h?, initial_c?, P?, W_scale, W_zero_point,
///         R_scale, R_zero_point, each [D] or [D, 4H]
/// result  as LSTM
/// errors  as LSTM · a size of the state that is not known
Imported importMicrosoftDynamicQuantizeLSTM(OnnxNode &node) {
  constexpr std::string_view defaults[] = {"sigmoid", "tanh", "tanh"};
  RecurrentLayer all = RUNE_TRY(readRecurrent(node, defaults));
  all.c = node.optionalInput(6);
  all.peephole = node.optionalInput(7);
  int64_t coupled = RUNE_TRY(node.flag("input_forget", false));
  const Dim hidden = node.type(all.recurrent).dims[1];
  if (!hidden.isFixed() || hidden.size() < 1 || hidden.size() > mostHidden)
    return node.unsupported("a state of {}, needs 1 to {}", hidden.str(),
                            mostHidden);
  std::vector<std::vector<ValueId>> results;
  for (size_t d = 0; d < all.directions; ++d) {
    Direction layer;
    layer.index = d;
    layer.hidden = hidden.size();
    layer.batch = node.type(all.x).dims[1];
    layer.input = RUNE_TRY(weightsOf(node, all.weights, 8, d, "W"));
    layer.recurrent = RUNE_TRY(weightsOf(node, all.recurrent, 10, d, "R"));
    layer.lengths = all.lengths;
    layer.peephole = RUNE_TRY(directionOf(node, all.peephole, d, "P"));
    layer.h = RUNE_TRY(directionOf(node, all.h, d, "initial_h"));
    layer.c = RUNE_TRY(directionOf(node, all.c, d, "initial_c"));
    for (ValueId *state : {&layer.h, &layer.c})
      if (*state == noValue)
        *state = RUNE_TRY(zeros(node, all.x, layer.hidden));
    layer.attributes = {{"clip", all.clip}, {"coupled", coupled}};
    addFunction(layer.attributes, "gate", all.activations[3 * d]);
    addFunction(layer.attributes, "cell", all.activations[3 * d + 1]);
    addFunction(layer.attributes, "hidden", all.activations[3 * d + 2]);
    ValueId sums = RUNE_TRY(product(node, all.x, layer.input));
    ValueId bias = RUNE_TRY(directionOf(node, all.bias, d, "B"));
    sums = RUNE_TRY(withBias(node, sums, bias, 4 * layer.hidden));
    results.push_back(RUNE_TRY(run(node, layer, sums, all.reverse(d))));
  }
  return joinedDirections(node, all, results);
}

} // namespace rune::import
