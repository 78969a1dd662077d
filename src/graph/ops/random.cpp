// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// random(shape, run?): numbers that look random and are the same wherever they
// are computed, of the sizes that input 0 lists or, with `like`, has. Elements
// 2n and 2n + 1 come from block n of Philox4x32-10, whose key is `seed` and
// whose counter holds n and `run`; each has 64 bits. uniform: their upper bits
// as a fraction, as many as the type's mantissa holds, so never 1. normal: Box
// and Muller's pair, in f64.
//
// source  ONNX RandomUniform-22, RandomNormal-22; Salmon et al. 2011; Box and
//         Muller 1958
#include "graph/ops/philox.h"
#include "graph/ops/unary.h"

#include <cmath>
#include <numbers>

namespace rune::graph {
namespace {

/// The sizes that input 0 lists.
Result<Dims> listedDims(const InferContext &context) {
  const TensorType &shape = context.type(0);
  // random.3: a list of sizes is i64[r], r known and at most 16
  if (shape.dtype != DType::I64 || shape.dims.size() != 1 ||
      !shape.dims[0].isFixed() ||
      shape.dims[0].size() > static_cast<int64_t>(maxRank))
    return context.fail(3, "the sizes are {}, must be i64[r], r at most {}",
                        shape.str(), maxRank);
  Dims dims(static_cast<size_t>(shape.dims[0].size()));
  if (auto sizes = context.integers(0))
    for (size_t i = 0; i < sizes->size(); ++i) {
      // random.4: no size is negative
      if ((*sizes)[i] < 0)
        return context.fail(4, "size {} is {}", i, (*sizes)[i]);
      dims[i] = Dim((*sizes)[i]);
    }
  return dims;
}

Result<Types> infer(const InferContext &context) {
  int64_t like = context.node.integer("like");
  // random.1: `like` is 0 or 1
  if (like >> 1 != 0)
    return context.fail(1, "`like` is {}, must be 0 or 1", like);
  // random.2: the number of the run is one i64
  if (context.has(1) &&
      (context.dtype(1) != DType::I64 || !isSingle(context.type(1))))
    return context.fail(2, "the run is {}, must be one i64",
                        context.type(1).str());
  Dims dims = like ? context.dims(0) : RUNE_TRY(listedDims(context));
  return Types{{dtypeOf(context.node), std::move(dims)}};
}

/// The 64 bits of two elements.
struct Pair {
  uint64_t first, second;
};

Pair pairOf(uint64_t block, uint64_t seed, uint64_t run) {
  PhiloxBlock words =
      philox({static_cast<uint32_t>(block), static_cast<uint32_t>(block >> 32),
              static_cast<uint32_t>(run), static_cast<uint32_t>(run >> 32)},
             seed);
  return {uint64_t{words[0]} << 32 | words[1],
          uint64_t{words[2]} << 32 | words[3]};
}

constexpr int mantissaBits(DType dtype) {
  switch (dtype) {
  case DType::F64:
    return 53;
  case DType::F16:
    return 11;
  case DType::BF16:
    return 8;
  default:
    return 24;
  }
}

double fraction(uint64_t bits, int count) {
  return std::ldexp(static_cast<double>(bits >> (64 - count)), -count);
}

double normal(Pair pair, bool second) {
  // in (0, 1], so that the logarithm is finite
  double radius = std::sqrt(-2 * std::log(1 - fraction(pair.first, 53)));
  double angle = 2 * std::numbers::pi * fraction(pair.second, 53);
  return radius * (second ? std::sin(angle) : std::cos(angle));
}

Result<Tensors> evaluate(const EvalContext &context) {
  Tensor result = RUNE_TRY(context.allocate());
  auto seed = static_cast<uint64_t>(context.node.integer("seed"));
  auto run = context.has(1) ? static_cast<uint64_t>((*context.integers(1))[0])
                            : uint64_t{0};
  bool isNormal = context.node.text("distribution") == "normal";
  int bits = mantissaBits(result.dtype());
  RUNE_TRY(withFloat(result.dtype(), [&]<class T>(Type<T>) {
    T *out = elementsOf<T>(result);
    return eachPiece(
        context.budget, static_cast<int64_t>(result.count()),
        [&](int64_t from, int64_t to) {
          for (int64_t i = from; i < to; ++i) {
            Pair pair = pairOf(static_cast<uint64_t>(i) / 2, seed, run);
            bool second = i % 2 != 0;
            out[i] = narrow<T>(
                isNormal ? normal(pair, second)
                         : fraction(second ? pair.second : pair.first, bits));
          }
        });
  }));
  return single(std::move(result));
}

} // namespace

OpDefinition defineRandom() {
  return {{1, 2},
          {1, 1},
          {{"distribution",
            AttributeKind::Text,
            std::string("uniform"),
            {"uniform", "normal"}},
           dtypeSpec({"f32", "f64", "f16", "bf16"}),
           flagSpec("like"),
           {"seed", AttributeKind::Integer, int64_t{0}, {}}},
          infer,
          evaluate};
}

} // namespace rune::graph
