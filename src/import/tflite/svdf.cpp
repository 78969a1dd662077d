// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A filter that sees one step of a signal at a time: features of the step join
// those of the steps before, which are kept from run to run, and weights over
// time make the result. Nothing of it needs an operator of its own.
//
// source  TensorFlow Lite, SVDF, versions 1 to 4; Nakkiran et al. 2015,
//         "Compressing deep neural networks using a rank-constrained topology"
#include "import/tflite/node.h"
#include "import/tflite/requantize.h"
#include "import/tflite/sizes.h"

namespace rune::import {
namespace {

/// inputs  x [N, I], features [F, I], time [F, M], bias [U]?, state [N, F · M];
///         F = U · rank, the filters of one unit side by side
struct Svdf {
  ValueId x, features, time, bias, state;
  int64_t batch, filters, memory, rank;

  int64_t units() const { return filters / rank; }
};

Result<int64_t> fixedSize(const TfliteNode &node, ValueId value, size_t axis) {
  Dim dim = node.dims(value)[axis];
  if (!dim.isFixed())
    return node.unsupported("`{}` of unknown size", node.type(value).str());
  return dim.size();
}

Result<Svdf> read(const TfliteNode &node) {
  RUNE_TRY(node.checkInputs(5, 5));
  const auto *options = RUNE_TRY(node.options<tflite::SvdfOptions>());
  Svdf svdf = {RUNE_TRY(node.input(0, "input")),
               RUNE_TRY(node.input(1, "weights_feature")),
               RUNE_TRY(node.input(2, "weights_time")),
               node.optionalInput(3),
               RUNE_TRY(node.variable(4, "activation_state")),
               0,
               0,
               0,
               options->rank()};
  for (ValueId matrix : {svdf.x, svdf.features, svdf.time, svdf.state})
    if (node.rank(matrix) != 2)
      return node.fail("an input is `{}`, needs two dimensions",
                       node.type(matrix).str());
  svdf.filters = RUNE_TRY(fixedSize(node, svdf.time, 0));
  svdf.memory = RUNE_TRY(fixedSize(node, svdf.time, 1));
  svdf.batch = RUNE_TRY(fixedSize(node, svdf.state, 0));
  if (svdf.rank < 1 || svdf.filters % svdf.rank != 0)
    return node.fail("a rank of {} for {} filters", svdf.rank, svdf.filters);
  if (svdf.memory < 1 ||
      node.dims(svdf.state)[1] != Dim(svdf.filters * svdf.memory))
    return node.fail("the state is `{}`, needs {} filters of {} steps",
                     node.type(svdf.state).str(), svdf.filters, svdf.memory);
  return svdf;
}

/// The state with the oldest step of each filter dropped and `newest` [N, F] at
/// the end, as [N, F, M].
Result<ValueId> remembered(const TfliteNode &node, const Svdf &svdf,
                           ValueId newest) {
  ValueId next =
      RUNE_TRY(node.reshaped(newest, {svdf.batch, svdf.filters, 1}, "newest"));
  if (svdf.memory > 1) {
    ValueId state = RUNE_TRY(node.reshaped(
        svdf.state, {svdf.batch, svdf.filters, svdf.memory}, "state"));
    ValueId kept = RUNE_TRY(sliced(node, state, 2, 1, svdf.memory, "kept"));
    next = RUNE_TRY(node.one(Op::Concat, {kept, next}, {{"axis", int64_t{2}}},
                             "remembered"));
  }
  ValueId kept = RUNE_TRY(node.reshaped(
      next, {svdf.batch, svdf.filters * svdf.memory}, "next_state"));
  RUNE_TRY(node.update(4, kept));
  return next;
}

/// What was remembered by the weights over time, summed over the filters of a
/// unit: [N, U].
Result<ValueId> overTime(const TfliteNode &node, const Svdf &svdf, Op op,
                         ValueId memory, ValueId zeroPoint) {
  int64_t taps = svdf.rank * svdf.memory;
  std::vector<ValueId> operands = {
      RUNE_TRY(node.reshaped(memory, {svdf.batch, svdf.units(), 1, taps},
                             "by_unit")),
      RUNE_TRY(
          node.reshaped(svdf.time, {svdf.units(), taps, 1}, "time_by_unit"))};
  if (zeroPoint != noValue)
    operands.insert(operands.end(), {noValue, zeroPoint});
  ValueId sum = RUNE_TRY(node.one(op, std::move(operands), {}, "over_time"));
  sum = RUNE_TRY(node.reshaped(sum, {svdf.batch, svdf.units()}, "units"));
  if (svdf.bias == noValue)
    return sum;
  return node.one(Op::Add, {sum, svdf.bias}, {}, "biased");
}

Result<ValueId> importFloats(const TfliteNode &node, const Svdf &svdf,
                             Activation activation) {
  ValueId newest =
      RUNE_TRY(node.one(Op::MatMul, {svdf.x, svdf.features},
                        {{"transpose_b", int64_t{1}}}, "features"));
  ValueId memory = RUNE_TRY(remembered(node, svdf, newest));
  return activate(node,
                  RUNE_TRY(overTime(node, svdf, Op::MatMul, memory, noValue)),
                  activation);
}

/// Weights whose numbers stand for themselves times one scale.
Result<float> symmetricScale(const TfliteNode &node, size_t input) {
  Quantization found = RUNE_TRY(node.inputQuantization(input));
  if (found.zeroPoint() != 0)
    return node.unsupported("weights with a zero point of {}",
                            found.zeroPoint());
  return found.scale();
}

Result<ValueId> importIntegers(const TfliteNode &node, const Svdf &svdf,
                               Activation activation) {
  Quantization x = RUNE_TRY(node.inputQuantization(0));
  Quantization state = RUNE_TRY(node.inputQuantization(4));
  Quantization y = RUNE_TRY(node.outputQuantization());
  float features = RUNE_TRY(symmetricScale(node, 1));
  float time = RUNE_TRY(symmetricScale(node, 2));
  DType stateType = node.dtype(svdf.state);
  std::vector<ValueId> operands = {svdf.x, svdf.features};
  ValueId zero =
      RUNE_TRY(zeroPointOf(node, "x/zero_point", DType::I8, x.zeroPoint()));
  if (zero != noValue)
    operands.insert(operands.end(), {noValue, zero});
  ValueId sums = RUNE_TRY(node.one(Op::MatMulInteger, std::move(operands),
                                   {{"transpose_b", int64_t{1}}}, "sums"));
  // TensorFlow Lite multiplies and divides scales in f32 here.
  ValueId newest = RUNE_TRY(requantize(
      node, sums,
      {.factors = {static_cast<double>(x.scale() * features / state.scale())},
       .dtype = stateType,
       .range = rangeOf(stateType),
       .zeroPoint = state.zeroPoint()},
      "features"));
  ValueId memory = RUNE_TRY(remembered(node, svdf, newest));
  ValueId stateZero = RUNE_TRY(
      zeroPointOf(node, "state/zero_point", stateType, state.zeroPoint()));
  ValueId sum =
      RUNE_TRY(overTime(node, svdf, Op::MatMulInteger, memory, stateZero));
  IntegerRange range = RUNE_TRY(rangeOf(node, activation, DType::I8, y));
  return requantize(
      node, sum,
      {.factors = {static_cast<double>(state.scale() * time / y.scale())},
       .dtype = DType::I8,
       .range = range,
       .zeroPoint = y.zeroPoint()});
}

} // namespace

/// result  activation(Σ over steps and rank of time · features + bias) [N, U]
Imported importTfliteSvdf(TfliteNode &node) {
  Svdf svdf = RUNE_TRY(read(node));
  const auto *options = RUNE_TRY(node.options<tflite::SvdfOptions>());
  Activation activation = RUNE_TRY(activationOf(node, options->activation()));
  DType x = node.dtype(svdf.x), features = node.dtype(svdf.features),
        time = node.dtype(svdf.time), state = node.dtype(svdf.state);
  bool floats = x == DType::F32 && features == DType::F32;
  bool integers = x == DType::I8 && features == DType::I8 &&
                  (time == DType::I8 || time == DType::I16);
  if ((!floats && !integers) || time != state || (floats && time != DType::F32))
    return node.unsupported("{} by weights of {} and {}, with a state of {}",
                            dtypeName(x), dtypeName(features), dtypeName(time),
                            dtypeName(state));
  return std::vector{RUNE_TRY(floats ? importFloats(node, svdf, activation)
                                     : importIntegers(node, svdf, activation))};
}

} // namespace rune::import
