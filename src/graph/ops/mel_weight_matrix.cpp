// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// mel_weight_matrix(bands, length, rate, low, high): triangles that turn the
// length / 2 + 1 bins of a spectrum into bands that lie evenly on the mel scale
// between two frequencies. Computed in f64.
//
// source  ONNX MelWeightMatrix-17
#include "graph/ops/common.h"

#include <array>

namespace rune::graph {
namespace {

Result<Types> infer(const InferContext &context) {
  for (size_t i = 0; i < 5; ++i) {
    DType needed = i < 3 ? DType::I64 : DType::F64;
    // mel_weight_matrix.1: three single i64 and two single f64
    if (context.dtype(i) != needed || !isSingle(context.type(i)))
      return context.fail(1, "input {} is {}, must be one {}", i,
                          context.type(i).str(), dtypeName(needed));
  }
  TensorType result{dtypeOf(context.node), {Dim::unknown(), Dim::unknown()}};
  auto bands = context.integers(0), length = context.integers(1),
       rate = context.integers(2);
  // mel_weight_matrix.2: bands, length and rate are at least 1
  for (const auto &given : {bands, length, rate})
    if (given && (*given)[0] < 1)
      return context.fail(2, "{} is not at least 1", (*given)[0]);
  if (length)
    result.dims[0] = Dim((*length)[0] / 2 + 1);
  if (bands)
    result.dims[1] = Dim((*bands)[0]);
  return Types{result};
}

/// The bins where bands begin, have their middle and end.
struct Edges {
  double low, step, span, rate;

  explicit Edges(const EvalContext &context) {
    auto mel = [](double hertz) { return 2595 * std::log10(1 + hertz / 700); };
    double bands = static_cast<double>((*context.integers(0))[0]);
    low = mel(Elements<double>(context.input(3).data)[0]);
    double high = mel(Elements<double>(context.input(4).data)[0]);
    step = (high - low) / (bands + 2);
    span = static_cast<double>((*context.integers(1))[0]) + 1;
    rate = static_cast<double>((*context.integers(2))[0]);
  }
  double operator[](int64_t edge) const {
    double mel = low + step * static_cast<double>(edge);
    double hertz = 700 * (std::pow(10.0, mel / 2595) - 1);
    return std::floor(span * hertz / rate);
  }
};

template <class T> Result<> fill(const EvalContext &context, Tensor &result) {
  int64_t bins = result.sizes()[0], bands = result.sizes()[1];
  Edges edges(context);
  T *out = elementsOf<T>(result);
  for (int64_t band = 0; band < bands; ++band) {
    double begin = edges[band], middle = edges[band + 1], end = edges[band + 2];
    // mel_weight_matrix.3: the bands lie within the spectrum, in order
    if (!(begin >= 0 && begin <= middle && middle <= end &&
          middle < static_cast<double>(bins) &&
          end <= static_cast<double>(bins)))
      return context.fail(3, "band {} from bin {} over {} to {} of {} bins",
                          band, begin, middle, end, bins);
    auto low = static_cast<int64_t>(begin), top = static_cast<int64_t>(middle),
         high = static_cast<int64_t>(end);
    if (!context.budget.spend(static_cast<uint64_t>(high - low) + 1))
      return context.budget.expired();
    for (int64_t bin = low; bin <= top; ++bin)
      out[bin * bands + band] =
          narrow<T>(low == top ? 1.0
                               : static_cast<double>(bin - low) /
                                     static_cast<double>(top - low));
    for (int64_t bin = top; bin < high; ++bin)
      out[bin * bands + band] = narrow<T>(static_cast<double>(high - bin) /
                                          static_cast<double>(high - top));
  }
  return {};
}

Result<Tensors> evaluate(const EvalContext &context) {
  Tensor result = RUNE_TRY(context.allocate());
  RUNE_TRY(withFloat(result.dtype(), [&]<class T>(Type<T>) {
    return fill<T>(context, result);
  }));
  return single(std::move(result));
}

} // namespace

OpDefinition defineMelWeightMatrix() {
  return {{5, 5},
          {1, 1},
          {dtypeSpec({"f32", "f64", "f16", "bf16"})},
          infer,
          evaluate};
}

} // namespace rune::graph
