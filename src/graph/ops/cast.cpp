// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// cast(x): the same numbers in another element type. Where a float leaves the
// range of an integer the nearest limit is taken; C and ONNX leave that open.
//
// source  ONNX Cast-21
#include "graph/known_elements.h"
#include "graph/ops/unary.h"

#include <cmath>
#include <limits>
#include <utility>

namespace rune::graph {

namespace {

Result<Types> infer(const InferContext &context) {
  // cast.1: no strings
  if (context.dtype(0) == DType::Utf8)
    return context.fail(1, "cannot convert {}", context.type(0).str());
  int64_t saturate = context.node.integer("saturate");
  // cast.2: `saturate` is 0 or 1
  if (saturate >> 1 != 0)
    return context.fail(2, "`saturate` is {}, must be 0 or 1", saturate);
  return Types{{dtypeOf(context.node), context.dims(0)}};
}

template <class F> auto withAny(DType dtype, F &&f) {
  return dtype == DType::Bool ? f(Type<bool>{}) : withNumeric(dtype, f);
}

/// Towards zero, saturating; NaN gives 0.
template <class To> To truncated(double x) {
  constexpr double low = static_cast<double>(std::numeric_limits<To>::min());
  // one above the largest: a power of two, so that it is exact
  const double high = std::ldexp(1.0, std::numeric_limits<To>::digits);
  if (std::isnan(x))
    return 0;
  if (x <= low)
    return std::numeric_limits<To>::min();
  return x >= high ? std::numeric_limits<To>::max() : static_cast<To>(x);
}

/// An integer as a double that any narrower float rounds as the integer itself:
/// what does not fit is kept as one sticky bit.
template <class From> double sticky(From x) {
  constexpr int spare = 64 - std::numeric_limits<double>::digits;
  bool negative = x < 0;
  auto size = static_cast<uint64_t>(x);
  if (negative)
    size = 0 - size;
  if (size >> std::numeric_limits<double>::digits == 0)
    return static_cast<double>(x);
  uint64_t rest = size & ((uint64_t{1} << spare) - 1);
  double value = std::ldexp(
      static_cast<double>((size >> spare) | (rest != 0 ? 1 : 0)), spare);
  return negative ? -value : value;
}

template <class From, class To> To convert(From x, bool saturate) {
  if constexpr (std::is_same_v<To, bool>)
    return widen(x) != 0;
  else if constexpr (std::is_same_v<From, bool>)
    return narrow<To>(static_cast<float>(x));
  else if constexpr (isFloatElement<From> && isFloatElement<To>)
    return narrow<To>(static_cast<double>(widen(x)));
  else if constexpr (isFloatElement<From>)
    return truncated<To>(static_cast<double>(widen(x)));
  else if constexpr (isHalf<To>)
    return narrow<To>(sticky(x));
  else if constexpr (isFloatElement<To>)
    return static_cast<To>(x);
  else if (!saturate)
    return static_cast<To>(x);
  else if (std::cmp_less(x, std::numeric_limits<To>::min()))
    return std::numeric_limits<To>::min();
  else if (std::cmp_greater(x, std::numeric_limits<To>::max()))
    return std::numeric_limits<To>::max();
  else
    return static_cast<To>(x);
}

template <class From, class To>
Result<> convertAll(const EvalContext &context, Tensor &result) {
  Elements<From> in(context.input(0).data);
  To *out = elementsOf<To>(result);
  bool saturate = context.node.integer("saturate") != 0;
  return eachPiece(context.budget, static_cast<int64_t>(result.count()),
                   [&](int64_t from, int64_t to) {
                     for (int64_t i = from; i < to; ++i)
                       out[i] = convert<From, To>(in[i], saturate);
                   });
}

Result<Tensors> evaluate(const EvalContext &context) {
  Tensor result = RUNE_TRY(context.allocate());
  RUNE_TRY(withAny(context.dtype(0), [&]<class From>(Type<From>) {
    return withAny(result.dtype(), [&]<class To>(Type<To>) {
      return convertAll<From, To>(context, result);
    });
  }));
  return single(std::move(result));
}

} // namespace

/// Between integers sizes stay sizes.
static std::optional<Dims> elements(const InferContext &context) {
  return dtypeOf(context.node) == DType::Bool ? std::nullopt
                                              : knownElements(context, 0);
}

OpDefinition defineCast() {
  return {{1, 1},
          {1, 1},
          {dtypeSpec({"f32", "f64", "f16", "bf16", "i8", "i16", "i32", "i64",
                      "u8", "u16", "u32", "u64", "bool"}),
           flagSpec("saturate")},
          infer,
          evaluate,
          nullptr,
          false,
          elements};
}

} // namespace rune::graph
