// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Floats of 16 bits are computed in f32 and rounded once (docs/ops.md,
// "Rounding"). Said in the graph, with a cast before and one behind each
// operator, the fast kernels of f32 do the work: casts stand in the loops of
// their neighbours. Each rounding stays. What only moves elements moves 16
// bits.
#include "compile/passes/pipeline.h"
#include "compile/passes/rewriter.h"

#include "graph/numeric.h"
#include "graph/ops.h"

#include <algorithm>
#include <map>

namespace rune::compile {

namespace {

using graph::Constant;
using graph::Graph;
using graph::Node;
using graph::noValue;
using graph::Op;
using graph::ValueId;

bool isHalf(DType dtype) { return dtype == DType::F16 || dtype == DType::BF16; }

/// True for operators of which f32 has a fast kernel or a body, and whose
/// numbers in f32 are theirs but for the rounding of the result. (lstm rounds
/// its state in each step.)
bool isWidened(const Node &node) {
  switch (node.op) {
  case Op::Add:
  case Op::Sub:
  case Op::Mul:
  case Op::Div:
  case Op::Minimum:
  case Op::Maximum:
  case Op::Clamp:
  case Op::Relu:
  case Op::Abs:
  case Op::Neg:
  case Op::Sqrt:
  case Op::Exp:
  case Op::Tanh:
  case Op::Sigmoid:
  case Op::Erf:
  case Op::Elu:
  case Op::Gelu:
  case Op::Where:
  case Op::Softmax:
  case Op::GroupNormalization:
  case Op::BatchNormalization:
  case Op::LocalResponseNormalization:
  case Op::MaxPool:
  case Op::Gru:
  case Op::Rnn:
    return true;
  case Op::MatMul:
  case Op::Conv:
  case Op::ReduceMean:
  case Op::ReduceSum:
  case Op::AveragePool:
    return node.text("accumulator") == "f32";
  case Op::LayerNormalization:
    return node.outputs.size() == 1;
  default:
    return false;
  }
}

class Widening {
public:
  explicit Widening(const Graph &graph) : graph_(graph), rewriter_(graph) {}

  Result<Graph> run() {
    for (const Node &node : graph_.nodes)
      RUNE_TRY(isHalves(node) && isWidened(node) ? widen(node)
                                                 : rewriter_.copy(node));
    return std::move(rewriter_).finish();
  }

private:
  DType typeOf(ValueId id) const { return graph_.values[id].type.dtype; }

  /// All floats of the node are of 16 bits, its first result is.
  bool isHalves(const Node &node) const {
    auto isOther = [&](ValueId id) {
      return id != noValue &&
             (!graph_.values[id].type.isTensor() ||
              (isFloat(typeOf(id)) && typeOf(id) != typeOf(node.outputs[0])));
    };
    return !node.outputs.empty() && node.outputs[0] != noValue &&
           isHalf(typeOf(node.outputs[0])) &&
           std::ranges::none_of(node.inputs, isOther) &&
           std::ranges::none_of(node.outputs, isOther);
  }

  Result<Constant> widened(const Constant &narrow) {
    Tensor wide = RUNE_TRY(Tensor::zeros(DType::F32, narrow.sizes));
    auto to = wide.as<float>();
    graph::withFloat(narrow.dtype, [&]<class T>(graph::Type<T>) {
      for (size_t i = 0; i < to.size(); ++i) {
        T element;
        std::memcpy(&element, narrow.data.data() + i * sizeof element,
                    sizeof element);
        to[i] = static_cast<float>(graph::widen(element));
      }
    });
    return Constant::of(std::move(wide));
  }

  Result<ValueId> wide(ValueId old) {
    if (old == noValue || !isHalf(typeOf(old)))
      return rewriter_[old];
    if (auto found = wide_.find(old); found != wide_.end())
      return found->second;
    const graph::Value &value = graph_.values[old];
    ValueId now = noValue;
    if (value.constant)
      now = rewriter_.builder().constant(
          value.name, RUNE_TRY(widened(graph_.constants[*value.constant])));
    else
      now = RUNE_TRY(cast(value.name + "/wide", rewriter_[old], DType::F32));
    wide_[old] = now;
    return now;
  }
  Result<ValueId> cast(const std::string &name, ValueId x, DType dtype) {
    return rewriter_.builder().one(Op::Cast, name, {x},
                                   {{"dtype", std::string(dtypeName(dtype))}});
  }

  Result<> widen(const Node &node) {
    std::vector<ValueId> inputs;
    for (ValueId id : node.inputs)
      inputs.push_back(RUNE_TRY(wide(id)));
    auto outputs =
        RUNE_TRY(rewriter_.add(node, std::move(inputs), node.attributes));
    for (size_t i = 0; i < outputs.size(); ++i) {
      ValueId old = node.outputs[i];
      if (old == noValue || !isHalf(typeOf(old)))
        rewriter_.replace(old, outputs[i]);
      else
        rewriter_.replace(old, RUNE_TRY(cast(node.name + "/narrow", outputs[i],
                                             typeOf(old))));
    }
    return {};
  }

  const Graph &graph_;
  Rewriter rewriter_;
  /// In f32 what has 16 bits, once for all who need it.
  std::map<ValueId, ValueId> wide_;
};

} // namespace

Result<Graph> widenHalves(Graph graph) {
  bool some = std::ranges::any_of(graph.values, [](const graph::Value &value) {
    return isHalf(value.type.dtype);
  });
  return some ? Widening(graph).run() : std::move(graph);
}

} // namespace rune::compile
