// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// cast(x): the same numbers in another element type. Where a float leaves the
// range of an integer the nearest limit is taken; C and ONNX leave that open.
//
// source  ONNX Cast-24
#include "graph/known_elements.h"
#include "graph/ops/unary.h"
#include "graph/small_types.h"

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

/// One byte for each element, then packed.
template <class From, class In>
Result<> convertToStorage(const EvalContext &context, const In &in,
                          Conversion how, Tensor &result) {
  uint64_t count = result.count();
  RUNE_TRY(context.budget.reserve(count));
  std::vector<uint8_t> codes(count);
  RUNE_TRY(eachPiece(context.budget, static_cast<int64_t>(count),
                     [&](int64_t from, int64_t to) {
                       for (int64_t i = from; i < to; ++i)
                         codes[static_cast<size_t>(i)] =
                             convertToSmall<From>(result.dtype(), in[i], how);
                     }));
  packBytes(dtypeBits(result.dtype()), codes, result.bytes());
  context.budget.release(count);
  return {};
}

template <class From, class In>
Result<> convertAll(const EvalContext &context, const In &in, Conversion how,
                    Tensor &result) {
  auto convert = [&]<class To>(Type<To>) {
    To *out = elementsOf<To>(result);
    return eachPiece(context.budget, static_cast<int64_t>(result.count()),
                     [&](int64_t from, int64_t to) {
                       for (int64_t i = from; i < to; ++i)
                         out[i] = convertElement<To, From>(in[i], how);
                     });
  };
  if (isStorage(result.dtype()))
    return convertToStorage<From>(context, in, how, result);
  return result.dtype() == DType::Bool ? convert(Type<bool>{})
                                       : withNumeric(result.dtype(), convert);
}

Result<Tensors> evaluate(const EvalContext &context) {
  Tensor result = RUNE_TRY(context.allocate());
  Conversion how{context.node.integer("saturate") != 0,
                 powerRoundingNamed(context.node.text("round_mode"))};
  RUNE_TRY(withElements(context.dtype(0), context.input(0).data,
                        [&]<class From>(Type<From>, const auto &in) {
                          return convertAll<From>(context, in, how, result);
                        }));
  return single(std::move(result));
}

} // namespace

/// Sizes stay sizes in types that hold them.
static std::optional<Dims> elements(const InferContext &context) {
  return dtypeBits(dtypeOf(context.node)) < 32 ? std::nullopt
                                               : knownElements(context, 0);
}

OpDefinition defineCast() {
  return {
      {1, 1},
      {1, 1},
      {dtypeSpec({"f32",    "f64",        "f16",       "bf16",     "i8",
                  "i16",    "i32",        "i64",       "u8",       "u16",
                  "u32",    "u64",        "bool",      "f8e4m3fn", "f8e4m3fnuz",
                  "f8e5m2", "f8e5m2fnuz", "f8e8m0fnu", "f4e2m1fn", "i4",
                  "u4",     "i2",         "u2"}),
       {"round_mode",
        AttributeKind::Text,
        std::string("up"),
        {"up", "down", "nearest"}},
       flagSpec("saturate")},
      infer,
      evaluate,
      nullptr,
      false,
      elements};
}

} // namespace rune::graph
