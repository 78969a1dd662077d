// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// bit_cast(x): the same bits as another element type of the same width.
//
// source  ONNX BitCast-26
#include "graph/ops/move.h"
#include "graph/ops/unary.h"

namespace rune::graph {

static Result<Types> infer(const InferContext &context) {
  DType dtype = dtypeOf(context.node);
  // bit_cast.1: equal widths, no strings
  if (dtypeBits(context.dtype(0)) != dtypeBits(dtype))
    return context.fail(1, "the elements of {} have not the width of {}",
                        context.type(0).str(), dtypeName(dtype));
  return Types{{dtype, context.dims(0)}};
}

static Result<Tensors> evaluate(const EvalContext &context) {
  const size_t inputs[] = {0};
  Tensor result = RUNE_TRY(
      moveElements(context, inputs, [&](auto &ins, auto *out) -> Result<> {
        auto count = static_cast<int64_t>(
            RUNE_TRY(elementCount(context.input(0).sizes)));
        return eachPiece(context.budget, count, [&](int64_t from, int64_t to) {
          for (int64_t i = from; i < to; ++i)
            out[i] = ins[0][i];
        });
      }));
  // a bool is 0 or 1 whatever the bits were
  if (result.dtype() == DType::Bool)
    for (uint8_t &element : result.bytes())
      element = element != 0;
  return single(std::move(result));
}

OpDefinition defineBitCast() {
  return {
      {1, 1},
      {1, 1},
      {dtypeSpec({"f32",    "f64",        "f16",       "bf16",     "i8",
                  "i16",    "i32",        "i64",       "u8",       "u16",
                  "u32",    "u64",        "bool",      "f8e4m3fn", "f8e4m3fnuz",
                  "f8e5m2", "f8e5m2fnuz", "f8e8m0fnu", "f4e2m1fn", "i4",
                  "u4",     "i2",         "u2"})},
      infer,
      evaluate};
}

} // namespace rune::graph
