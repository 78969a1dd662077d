// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "graph/bounds.h"

#include "graph/ops.h"
#include "graph/statistics.h"

#include <algorithm>
#include <cmath>

namespace rune::graph {

namespace {

enum class Family { Exact, Once, Function, Sum, Normalised, Recurrent };

/// The families of docs/ops.md.
Family familyOf(Op op) {
  switch (op) {
  case Op::Add:
  case Op::Sub:
  case Op::Mul:
  case Op::Div:
  case Op::Sqrt:
  case Op::Mod:
  case Op::Range:
  case Op::Cast:
  case Op::Dequantize:
  case Op::BatchNormalization:
  case Op::AffineGrid:
    return Family::Once;
  case Op::Exp:
  case Op::Log:
  case Op::Sin:
  case Op::Cos:
  case Op::Tan:
  case Op::Asin:
  case Op::Acos:
  case Op::Atan:
  case Op::Sinh:
  case Op::Cosh:
  case Op::Asinh:
  case Op::Acosh:
  case Op::Atanh:
  case Op::Tanh:
  case Op::Sigmoid:
  case Op::Erf:
  case Op::Elu:
  case Op::Gelu:
  case Op::Softplus:
  case Op::Pow:
  case Op::RotaryEmbedding:
  case Op::CosineWindow:
  case Op::MelWeightMatrix:
    return Family::Function;
  case Op::Conv:
  case Op::ConvTranspose:
  case Op::DeformConv:
  case Op::MatMul:
  case Op::Einsum:
  case Op::Det:
  case Op::ReduceSum:
  case Op::ReduceMean:
  case Op::ReduceProd:
  case Op::CumSum:
  case Op::CumProd:
  case Op::AveragePool:
  case Op::LpPool:
  case Op::Col2Im:
  case Op::ScatterElements:
  case Op::ScatterNd:
  case Op::Resize:
  case Op::ResizeLinear:
  case Op::GridSample:
  case Op::RoiAlign:
  case Op::Dft:
  case Op::Stft:
  case Op::TreeEnsemble:
  case Op::NllLoss:
  case Op::NgramCounts:
    return Family::Sum;
  case Op::Softmax:
  case Op::LayerNormalization:
  case Op::GroupNormalization:
  case Op::LocalResponseNormalization:
  case Op::Attention:
    return Family::Normalised;
  case Op::Rnn:
  case Op::Gru:
  case Op::Lstm:
  case Op::LinearAttention:
    return Family::Recurrent;
  default:
    return Family::Exact;
  }
}

double ulpsOf(Family family) {
  switch (family) {
  case Family::Exact:
    return 0;
  case Family::Once:
    return 1;
  case Family::Function:
  case Family::Sum:
    return 4;
  case Family::Normalised:
  case Family::Recurrent:
    return 8;
  }
  return 0;
}

uint64_t count(const Graph &graph, ValueId value) {
  uint64_t product = 1;
  for (const Dim &dim : graph.values[value].type.dims)
    if (dim.isFixed() && dim.size() > 0)
      product = std::min<uint64_t>(
          product *
              static_cast<uint64_t>(std::min<int64_t>(dim.size(), 1 << 20)),
          uint64_t{1} << 40);
  return product;
}

/// How many terms make one element of the first result: products where the
/// operator has them, else what is folded of the inputs.
uint64_t termsOf(const Graph &graph, const Node &node) {
  uint64_t results = count(graph, node.outputs[0]);
  uint64_t terms = macs(graph, node) / results;
  // each element is folded with all others along some axes
  bool whole = node.op == Op::CumSum || node.op == Op::CumProd ||
               familyOf(node.op) == Family::Normalised;
  for (ValueId input : node.inputs)
    if (input != noValue && isFloat(graph.values[input].type.dtype))
      terms = std::max(terms, whole ? count(graph, input)
                                    : count(graph, input) / results);
  return std::max<uint64_t>(terms, 1);
}

/// Σ ulps² · terms
double squares(const Graph &graph) {
  double sum = 0;
  for (const Node &node : graph.nodes) {
    FloatBound bound = boundOf(graph, node);
    sum += bound.steps() * bound.steps();
  }
  for (const Graph &body : graph.bodies)
    sum += squares(body);
  return sum;
}

} // namespace

double FloatBound::steps() const {
  return ulps * std::sqrt(static_cast<double>(terms));
}

double FloatBound::relativeTo(DType dtype) const {
  return steps() * stepOf(dtype);
}

FloatBound boundOf(const Graph &graph, const Node &node) {
  Family family = familyOf(node.op);
  bool sums = family == Family::Sum || family == Family::Normalised ||
              family == Family::Recurrent;
  return {ulpsOf(family), sums ? termsOf(graph, node) : 1};
}

FloatBound boundOf(const Graph &graph) {
  return {std::sqrt(squares(graph)), 1};
}

double stepOf(DType dtype) {
  switch (dtype) {
  case DType::F64:
    return 0x1p-52;
  case DType::F16:
    return 0x1p-10;
  case DType::BF16:
    return 0x1p-7;
  default:
    return 0x1p-23;
  }
}

} // namespace rune::graph
