// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// requantize(x, multiplier, shift, zero_point, x_zero_point): integers of one
// scale as integers of another,
//
//   min(max(round((x - x_zero_point) · 2^left_shift · m · 2^(shift - 31))
//           + zero_point, low), high)
//
// by one of the rules of fixed_point.h. Where the runtimes that a rule comes
// from would overflow, this is exact.
//
// source  TensorFlow Lite's quantisation specification
#include "graph/ops/fixed_point.h"
#include "graph/ops/per_axis.h"

#include <limits>

namespace rune::graph {

Rounding roundingNamed(std::string_view name) {
  if (name == "tflite-single")
    return Rounding::TfliteSingle;
  if (name == "tflite-16x8")
    return Rounding::Tflite16x8;
  return name == "onnx-even" ? Rounding::OnnxEven : Rounding::TfliteDouble;
}

namespace {

/// Everything fits: 64 bits of x, 30 of left_shift, 31 of the multiplier.
using Exact = __int128;

struct Limits {
  int64_t low = 0;
  int64_t high = 0;
};

Limits limitsOf(DType dtype) {
  if (dtypeKind(dtype) == DTypeKind::Signed)
    return {lowestOf<int64_t>(dtype), highestOf<int64_t>(dtype)};
  return {0, static_cast<int64_t>(highestOf<uint64_t>(dtype))};
}

bool isSource(DType dtype) {
  return isInteger(dtype) && dtype != DType::U32 && dtype != DType::U64;
}

Result<> checkParameters(const InferContext &context) {
  const TensorType &x = context.type(0);
  int64_t axis = context.node.integer("axis");
  for (size_t i = 1; i <= 2; ++i) {
    const TensorType &type = context.type(i);
    // requantize.2: i32, one or several
    if (type.dtype != DType::I32 || type.dims.size() > 1)
      return context.fail(2, "{} is {}, must be i32, one or a vector",
                          i == 1 ? "multiplier" : "shift", type.str());
    // requantize.3: several are as many as there are along the axis
    if (!isAxis(axis, x) || !fitsAxis(type, x, axis))
      return context.fail(3, "{} does not go with axis {} of {}", type.str(),
                          axis, x.str());
  }
  // requantize.4: single zero points
  for (size_t i = 3; i < context.inputs(); ++i) {
    DType wanted = i == 3 ? dtypeOf(context.node) : x.dtype;
    if (context.has(i) &&
        (context.dtype(i) != wanted || !isSingle(context.type(i))))
      return context.fail(4, "zero point {} is no single {}",
                          context.type(i).str(), dtypeName(wanted));
  }
  return {};
}

Result<Types> infer(const InferContext &context) {
  const TensorType &x = context.type(0);
  // requantize.1: integers
  if (!isSource(x.dtype))
    return context.fail(1, "needs i8, u8, i16, u16, i32 or i64, got {}",
                        x.str());
  RUNE_TRY(checkParameters(context));
  DType dtype = dtypeOf(context.node);
  Limits limits = limitsOf(dtype);
  int64_t low = context.node.integer("low");
  int64_t high = context.node.integer("high");
  // requantize.5: limits of the type, in order
  if (low > high || low < limits.low || high > limits.high)
    return context.fail(5, "`low` {} and `high` {} are no limits in {}", low,
                        high, dtypeName(dtype));
  int64_t left = context.node.integer("left_shift");
  // requantize.6: room in the exact product
  if (left < 0 || left > 30)
    return context.fail(6, "`left_shift` is {}, must be 0 to 30", left);
  return Types{{dtype, x.dims}};
}

Result<std::vector<Scaler>> scalersOf(const EvalContext &context) {
  Rounding rounding = roundingNamed(context.node.text("rounding"));
  Elements<int32_t> multipliers(context.input(1).data),
      shifts(context.input(2).data);
  auto several = RUNE_TRY(elementCount(context.input(1).sizes));
  auto shiftCount = RUNE_TRY(elementCount(context.input(2).sizes));
  auto count = std::max(several, shiftCount);
  RUNE_TRY(context.budget.reserve(count * sizeof(Scaler)));
  std::vector<Scaler> scalers;
  scalers.reserve(count);
  for (uint64_t i = 0; i < count; ++i) {
    int32_t shift = shifts[shiftCount == 1 ? 0 : static_cast<int64_t>(i)];
    int32_t most = Scaler::mostShift(rounding);
    // requantize.7: shifts that leave something to round
    if (shift < Scaler::leastShift || shift > most)
      return context.fail(7, "shift {} is outside [{}, {}]", shift,
                          Scaler::leastShift, most);
    scalers.emplace_back(
        multipliers[several == 1 ? 0 : static_cast<int64_t>(i)], shift,
        rounding);
  }
  return scalers;
}

int64_t zeroPoint(const EvalContext &context, size_t input) {
  if (!context.has(input))
    return 0;
  return Numbers<int64_t>(context.input(input))[0];
}

/// What all elements share.
struct Plan {
  std::vector<Scaler> scalers;
  int64_t xZero, zero, low, high;
  int leftShift;
};

template <class Wide>
Result<> scaleAll(const EvalContext &context, const Plan &plan,
                  const NumberSink<int64_t> &out) {
  Numbers<int64_t> in(context.input(0));
  RunBuffer<int64_t> x;
  return eachChannel(
      context.budget, context.input(0).sizes, context.node.integer("axis"),
      static_cast<int64_t>(plan.scalers.size()), [&](const ParameterRun &run) {
        in.read(run.elements(), x.data());
        const Scaler *scale = plan.scalers.data() + run.parameter;
        for (size_t i = 0; i < static_cast<size_t>(run.count);
             ++i, scale += run.step) {
          Wide exact =
              (Wide(x[i]) - Wide(plan.xZero)) * (Wide(1) << plan.leftShift);
          Wide y = (*scale)(exact) + Wide(plan.zero);
          x[i] = static_cast<int64_t>(
              std::clamp(y, Wide(plan.low), Wide(plan.high)));
        }
        out.write(x.data(), run.elements());
      });
}

/// True if the product stays below 2^62 in 64 bits.
bool isNarrow(DType dtype, const Plan &plan) {
  if (dtype == DType::I32)
    return plan.xZero == 0 && plan.leftShift == 0;
  return dtypeBits(dtype) + static_cast<unsigned>(plan.leftShift) <= 31;
}

Result<Tensors> evaluate(const EvalContext &context) {
  Tensor result = RUNE_TRY(context.allocate());
  if (result.count() == 0)
    return single(std::move(result));
  Plan plan{RUNE_TRY(scalersOf(context)),
            zeroPoint(context, 4),
            zeroPoint(context, 3),
            context.node.integer("low"),
            context.node.integer("high"),
            static_cast<int>(context.node.integer("left_shift"))};
  NumberSink<int64_t> out(result);
  RUNE_TRY(isNarrow(context.dtype(0), plan)
               ? scaleAll<int64_t>(context, plan, out)
               : scaleAll<Exact>(context, plan, out));
  context.budget.release(plan.scalers.size() * sizeof(Scaler));
  return single(std::move(result));
}

/// Limits that were not given are those of the type.
void complete(const InferContext &context, std::vector<Attribute> &attributes) {
  completeAxis(context, attributes, "axis");
  auto *name = find<std::string>(attributes, "dtype");
  auto dtype = name ? dtypeNamed(*name) : std::nullopt;
  if (!dtype || !isInteger(*dtype))
    return;
  auto *low = find<int64_t>(attributes, "low");
  auto *high = find<int64_t>(attributes, "high");
  if (low && *low == INT64_MIN)
    *low = limitsOf(*dtype).low;
  if (high && *high == INT64_MAX)
    *high = limitsOf(*dtype).high;
}

} // namespace

OpDefinition defineRequantize() {
  return {{3, 5},
          {1, 1},
          {{"axis", AttributeKind::Integer, int64_t{0}, {}},
           dtypeSpec({"i8", "u8", "i16", "u16", "i32"}),
           {"high", AttributeKind::Integer, INT64_MAX, {}},
           flagSpec("left_shift"),
           {"low", AttributeKind::Integer, INT64_MIN, {}},
           {"rounding",
            AttributeKind::Text,
            std::string("tflite-double"),
            {"tflite-double", "tflite-single", "tflite-16x8", "onnx-even"}}},
          infer,
          evaluate,
          complete};
}

} // namespace rune::graph
