// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the kernels of the library take from `Scratch`, operator by operator;
// each piece may need 16 bytes more for its alignment.
#include "compile/regions.h"
#include "graph/ops.h"

#include <algorithm>

namespace rune::compile {

namespace {

/// More than any arena may have.
constexpr uint64_t most = uint64_t{1} << 50;
constexpr uint64_t pieces = 16 * 8;

uint64_t product(std::initializer_list<uint64_t> factors) {
  uint64_t result = 1;
  for (uint64_t factor : factors)
    if (__builtin_mul_overflow(result, factor, &result))
      return most;
  return std::min(result, most);
}

class Sizes {
public:
  Sizes(const graph::Graph &graph, const graph::Node &node)
      : graph_(graph), node_(node) {}

  bool has(size_t input) const {
    return input < node_.inputs.size() && node_.inputs[input] != graph::noValue;
  }
  uint64_t in(size_t input, size_t dim) const {
    return at(node_.inputs[input], dim);
  }
  uint64_t out(size_t dim) const { return at(node_.outputs[0], dim); }
  uint64_t largest() const {
    uint64_t size = 0;
    for (const Dim &dim : graph_.values[node_.outputs[0]].type.dims)
      size = std::max(size, static_cast<uint64_t>(dim.size()));
    return size;
  }
  uint64_t last() const {
    return static_cast<uint64_t>(
        graph_.values[node_.inputs[0]].type.dims.back().size());
  }
  uint64_t lastOut() const {
    return static_cast<uint64_t>(
        graph_.values[node_.outputs[0]].type.dims.back().size());
  }
  uint64_t number(std::string_view name) const {
    return static_cast<uint64_t>(node_.integer(name));
  }

private:
  uint64_t at(graph::ValueId id, size_t dim) const {
    return static_cast<uint64_t>(graph_.values[id].type.dims[dim].size());
  }
  const graph::Graph &graph_;
  const graph::Node &node_;
};

/// Of a transform whose result has `bins`: no more than 2 · bins - 1 elements,
/// and five buffers of complex numbers, three of them of the next but one power
/// of two.
uint64_t fourierBytes(uint64_t bins) {
  uint64_t length = product({2, bins}), inner = 1;
  while (inner < 2 * length)
    inner *= 2;
  return product({16, 2 * length + 3 * inner});
}

uint64_t bytesOf(graph::Op op, const Sizes &of) {
  constexpr uint64_t real = sizeof(double);
  using graph::Op;
  switch (op) {
  case Op::Lstm:
    return product({3 * real, of.in(2, 1)});
  case Op::Rnn:
  case Op::Gru:
    return product({6 * real, of.in(2, 1)});
  case Op::LstmInteger:
    return product({4, of.in(2, 1)});
  case Op::Attention:
    return product({real, of.in(1, 2) + (of.has(4) ? of.in(4, 2) : 0)});
  case Op::LinearAttention: {
    uint64_t heads = std::max<uint64_t>(of.number("kv_heads"), 1);
    uint64_t values = of.in(2, 2) / heads;
    return product({real, of.in(0, 0), of.in(1, 2), values}) +
           product({real, values});
  }
  case Op::DeformConv:
    return product({real, of.in(0, 1), of.in(1, 2), of.in(1, 3)});
  case Op::TopK:
    return product({2 * real, of.in(0, of.number("axis"))});
  case Op::Det:
    return product({real, of.last(), of.last()});
  case Op::TreeEnsemble:
    return product({real + 1, of.out(1)});
  case Op::LogFixed:
    return 129 * sizeof(int32_t);
  case Op::RfftFixed:
    return product({3 * real, of.last()});
  case Op::IrfftFixed:
    return product({3 * real, of.lastOut()});
  case Op::Dft:
    return fourierBytes(of.largest());
  case Op::Stft:
    return fourierBytes(of.out(2));
  default:
    return 0;
  }
}

} // namespace

uint64_t kernelScratch(const graph::Graph &graph, const graph::Node &node) {
  uint64_t bytes = bytesOf(node.op, Sizes(graph, node));
  return bytes == 0 ? 0 : std::min(bytes + pieces, most);
}

} // namespace rune::compile
