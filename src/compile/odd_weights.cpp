// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compile/odd_weights.h"

#include "base/bytes.h"
#include "graph/ops.h"

namespace rune::compile {

namespace {

using graph::Op;

/// Operators whose constants are factors and summands.
bool multiplies(Op op) {
  switch (op) {
  case Op::Conv:
  case Op::ConvTranspose:
  case Op::MatMul:
  case Op::Einsum:
  case Op::Mul:
  case Op::Lstm:
  case Op::Gru:
  case Op::Rnn:
  case Op::BatchNormalization:
  case Op::LayerNormalization:
  case Op::GroupNormalization:
  case Op::Dequantize:
    return true;
  default:
    return false;
  }
}

/// NaN and infinities of numbers of that width: their exponent is all ones.
template <class Word>
void count(ByteSpan bytes, int mantissaBits, OddWeight &odd) {
  constexpr int bits = 8 * sizeof(Word);
  auto mantissa = static_cast<Word>((Word{1} << mantissaBits) - 1);
  auto exponent = static_cast<Word>((Word{1} << (bits - 1)) - 1 - mantissa);
  for (size_t i = 0; i + sizeof(Word) <= bytes.size(); i += sizeof(Word)) {
    auto word = loadUnaligned<Word>(bytes.data() + i);
    if ((word & exponent) != exponent)
      continue;
    ++((word & mantissa) ? odd.nans : odd.infinities);
  }
}

void read(const graph::Constant &constant, OddWeight &odd) {
  switch (constant.dtype) {
  case DType::F16:
    return count<uint16_t>(constant.data, 10, odd);
  case DType::BF16:
    return count<uint16_t>(constant.data, 7, odd);
  case DType::F32:
    return count<uint32_t>(constant.data, 23, odd);
  case DType::F64:
    return count<uint64_t>(constant.data, 52, odd);
  default:
    return;
  }
}

} // namespace

std::string OddWeight::str() const {
  std::string what = nans == 0         ? "infinite"
                     : infinities == 0 ? "NaN"
                                       : "NaN or infinite";
  return fmt::format("`{}`, a {}: {} of the {} numbers of its weight `{}` {} "
                     "{}",
                     node, graph::opName(op), nans + infinities, elements,
                     weight, nans + infinities == 1 ? "is" : "are", what);
}

std::vector<OddWeight> oddWeights(const graph::Graph &graph) {
  std::vector<OddWeight> all;
  for (const graph::Node &node : graph.nodes)
    for (graph::ValueId id : node.inputs) {
      if (id == graph::noValue || !graph.values[id].constant)
        continue;
      const graph::Constant &constant =
          graph.constants[*graph.values[id].constant];
      OddWeight odd = {node.name, graph.values[id].name, 0, 0, 0, node.op};
      read(constant, odd);
      if (!multiplies(node.op))
        odd.infinities = 0;
      if (auto elements = elementCount(constant.sizes))
        odd.elements = *elements;
      if (odd.nans + odd.infinities > 0)
        all.push_back(std::move(odd));
    }
  for (const graph::Graph &body : graph.bodies)
    for (OddWeight &odd : oddWeights(body))
      all.push_back(std::move(odd));
  return all;
}

} // namespace rune::compile
