// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// log_fixed(x): scale · ln x of whole numbers, in 16 bits after the point. The
// logarithm to base 2 is the place of the first bit, the bits behind it, and
// how far the curve lies above its chord, from a table of 128 pieces.
//
// source  TensorFlow Lite Micro, SignalFilterBankLog
#include "graph/ops/unary.h"

#include <array>
#include <bit>

namespace rune::graph {

namespace {

constexpr int bits = 16, pieceBits = 7;
constexpr uint32_t half = uint32_t{1} << (bits - 1);
/// ⌊2^16 · ln 2⌋
constexpr uint64_t ln2 = 45426;
/// No result is left out, and no product overflows.
constexpr int64_t mostScale = 2048;

Result<Types> infer(const InferContext &context) {
  const TensorType &x = context.type(0);
  // log_fixed.1: whole numbers
  if (x.dtype != DType::U32)
    return context.fail(1, "needs u32, got {}", x.str());
  int64_t scale = context.node.integer("scale");
  // log_fixed.2: a scale that does not overflow
  if (scale < 1 || scale > mostScale)
    return context.fail(2, "`scale` is {}, must be 1 to {}", scale, mostScale);
  return Types{{DType::I16, x.dims}};
}

class Logarithm {
public:
  Logarithm() {
    for (size_t i = 0; i < pieces_.size(); ++i) {
      double part = static_cast<double>(i) / (1 << pieceBits);
      pieces_[i] = static_cast<int32_t>(
          std::lround((std::log2(1 + part) - part) * (1 << bits)));
    }
  }

  int16_t operator()(uint32_t x, uint32_t scale) const {
    if (x <= 1)
      return 0;
    uint32_t natural = static_cast<uint32_t>((ln2 * binary(x) + half) >> bits);
    uint32_t scaled = (scale * natural + half) >> bits;
    return static_cast<int16_t>(std::min<uint32_t>(scaled, INT16_MAX));
  }

private:
  uint32_t binary(uint32_t x) const {
    int place = std::bit_width(x) - 1;
    uint32_t rest = x - (uint32_t{1} << place);
    rest = place < bits ? rest << (bits - place) : rest >> (place - bits);
    constexpr int inPiece = bits - pieceBits;
    size_t piece = rest >> inPiece;
    auto within = static_cast<int32_t>(rest & ((1U << inPiece) - 1));
    int32_t above = pieces_[piece] +
                    (((pieces_[piece + 1] - pieces_[piece]) * within) >> bits);
    return (static_cast<uint32_t>(place) << bits) + rest +
           static_cast<uint32_t>(above);
  }

  std::array<int32_t, (1 << pieceBits) + 1> pieces_{};
};

Result<Tensors> evaluate(const EvalContext &context) {
  Tensor result = RUNE_TRY(context.allocate());
  Elements<uint32_t> x(context.input(0).data);
  auto scale = static_cast<uint32_t>(context.node.integer("scale"));
  auto *out = elementsOf<int16_t>(result);
  Logarithm logarithm;
  RUNE_TRY(eachPiece(context.budget, static_cast<int64_t>(result.count()),
                     [&](int64_t from, int64_t to) {
                       for (int64_t i = from; i < to; ++i)
                         out[i] = logarithm(x[i], scale);
                     }));
  return single(std::move(result));
}

} // namespace

OpDefinition defineLogFixed() {
  return {{1, 1},
          {1, 1},
          {{"scale", AttributeKind::Integer, std::nullopt, {}}},
          infer,
          evaluate};
}

} // namespace rune::graph
