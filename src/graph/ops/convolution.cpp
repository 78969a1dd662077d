// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "graph/ops/convolution.h"

#include <algorithm>

namespace rune::graph {

/// The spatial dimensions of the weights, which are O, I, then those.
static std::span<const Dim> kernelOf(const InferContext &context) {
  return std::span(context.dims(1)).subspan(2);
}

static Result<> checkChannels(const InferContext &context,
                              const Layout &layout) {
  const Dim &channels = context.dims(0)[layout.channel];
  const Dim &out = context.dims(1)[0], &in = context.dims(1)[1];
  int64_t groups = context.node.integer("groups");
  // conv.6 conv_integer.6: channels of x = groups · I
  int64_t needed = 0;
  if (groups < 1 ||
      (in.isFixed() && __builtin_mul_overflow(in.size(), groups, &needed)) ||
      (in.isFixed() && channels.isFixed() && channels.size() != needed) ||
      (channels.isFixed() && channels.size() % groups != 0))
    return context.fail(6,
                        "x {} has {} channels, weights {} take {} in each of "
                        "{} groups",
                        context.type(0).str(), channels.str(),
                        context.type(1).str(), in.str(), groups);
  // conv.7 conv_integer.7: as many output channels in each group
  if (out.isFixed() && out.size() % groups != 0)
    return context.fail(7, "{} output channels do not divide into {} groups",
                        out.str(), groups);
  // conv.8 conv_integer.8: bias[O]
  if (context.has(2) &&
      (context.rank(2) != 1 || !unify(context.dims(2)[0], out)))
    return context.fail(8, "bias is {}, must be [{}]", context.type(2).str(),
                        out.str());
  return {};
}

Result<Dims> inferConvolution(const InferContext &context) {
  const TensorType &x = context.type(0), &weights = context.type(1);
  // conv.2 conv_integer.2: batch, channels and at least one spatial dimension
  if (x.dims.size() < 3 || weights.dims.size() != x.dims.size())
    return context.fail(2,
                        "x is {}, weights are {}; both need the same 3 or "
                        "more dimensions",
                        x.str(), weights.str());
  Layout layout(context);
  Window window = RUNE_TRY(windowOf(context, layout, kernelOf(context)));
  RUNE_TRY(checkChannels(context, layout));
  Dims places = RUNE_TRY(placesOf(context, layout, window));
  Dims result = x.dims;
  result[layout.channel] = weights.dims[0];
  std::ranges::copy(places, result.begin() +
                                static_cast<std::ptrdiff_t>(layout.spatial));
  return result;
}

bool isQuantized(DType dtype) {
  return isInteger(dtype) && dtypeBits(dtype) <= 16;
}

AttributeSpec integerAccumulatorSpec() {
  return {
      "accumulator", AttributeKind::Text, std::string("i32"), {"i32", "i64"}};
}

Result<> checkIntegerOperands(const InferContext &context) {
  const TensorType &x = context.type(0), &weights = context.type(1);
  std::string_view sum = context.node.text("accumulator");
  // conv_integer.1 conv_transpose_integer.1: small integers, bias as the sums
  if (!isQuantized(x.dtype) || !isQuantized(weights.dtype) ||
      (context.has(2) && context.dtype(2) != *dtypeNamed(sum)))
    return context.fail(1,
                        "needs x and weights of i8, u8, i16 or u16, bias of "
                        "{}, got {}, {}{}{}",
                        sum, x.str(), weights.str(),
                        context.has(2) ? " and " : "",
                        context.has(2) ? context.type(2).str() : "");
  return {};
}

Result<> checkZeroPoints(const InferContext &context, const Dim &outputs) {
  auto fits = [&](size_t input, size_t of, bool several) {
    if (!context.has(input))
      return true;
    const TensorType &type = context.type(input);
    bool shape = isSingle(type) || (several && type.dims.size() == 1 &&
                                    unify(type.dims[0], outputs));
    return type.dtype == context.dtype(of) && shape;
  };
  // conv_integer.9 conv_transpose_integer.9: zero points of the operands
  for (size_t of : {0, 1})
    if (!fits(3 + of, of, of == 1))
      return context.fail(9, "zero point {} does not go with {}",
                          context.type(3 + of).str(), context.type(of).str());
  return {};
}

std::vector<int32_t> zeroPointsOf(const EvalContext &context, size_t input,
                                  int64_t outputs) {
  std::vector<int32_t> zeros(static_cast<size_t>(outputs));
  if (!context.has(input))
    return zeros;
  const TensorView &view = context.input(input);
  bool one = view.type().dims.empty() || view.sizes[0] == 1;
  Numbers<int64_t> numbers(view);
  for (int64_t o = 0; o < outputs; ++o)
    zeros[static_cast<size_t>(o)] = static_cast<int32_t>(numbers[one ? 0 : o]);
  return zeros;
}

std::vector<int64_t> biasOf(const EvalContext &context, size_t input,
                            int64_t outputs) {
  std::vector<int64_t> bias(static_cast<size_t>(outputs));
  if (!context.has(input))
    return bias;
  const TensorView &view = context.input(input);
  Numbers<int64_t>(view).read({0, 1, outputs}, bias.data());
  return bias;
}

} // namespace rune::graph
