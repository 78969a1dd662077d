// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What follows from constants is computed once, by the evaluator, however large
// it is: weights that a file keeps in 8 or 16 bits, turns around, or states as
// one number for all. What only has other sizes keeps its bytes. (While a graph
// is built, only small results are folded: graph/fold.h.)
#include "compile/passes/pipeline.h"

#include "graph/context.h"
#include "graph/ops.h"
#include "graph/prune.h"

#include <algorithm>

namespace rune::compile {

namespace {

using graph::Constant;
using graph::Graph;
using graph::Node;
using graph::noValue;
using graph::Op;
using graph::ValueId;

/// Bytes of all results together: beyond that they are computed in each run.
constexpr uint64_t mostBytes = uint64_t{1} << 30;

bool isCheap(Op op) {
  switch (op) {
#define RUNE_FOLDED(enumerator) case Op::enumerator:
#include "graph/folded.def"
#undef RUNE_FOLDED
  case Op::Tanh:
  case Op::Sigmoid:
  case Op::BitCast:
    return true;
  default:
    return false;
  }
}

bool keepsBytes(Op op) {
  return op == Op::Reshape || op == Op::Flatten || op == Op::Squeeze ||
         op == Op::Unsqueeze || op == Op::Identity;
}

class Folding {
public:
  explicit Folding(Graph &graph)
      : graph_(graph), isOutput_(graph.values.size()) {
    for (ValueId id : graph.outputs)
      isOutput_[id] = true;
    for (const graph::Variable &variable : graph.variables)
      isOutput_[variable.output] = true;
  }

  void run() {
    std::erase_if(graph_.nodes, [&](const Node &node) { return fold(node); });
    graph::prune(graph_);
  }

private:
  bool mayFold(const Node &node) const {
    auto isConstant = [&](ValueId id) {
      return id == noValue || graph_.values[id].constant.has_value();
    };
    auto isFixed = [&](ValueId id) {
      const graph::ValueType &type = graph_.values[id].type;
      return !isOutput_[id] && type.isTensor() && type.isStatic();
    };
    return isCheap(node.op) && !node.inputs.empty() &&
           std::ranges::all_of(node.inputs, isConstant) &&
           std::ranges::all_of(node.outputs, isFixed);
  }

  /// True if the results are constants now.
  bool fold(const Node &node) {
    if (!mayFold(node))
      return false;
    if (keepsBytes(node.op)) {
      Constant constant =
          graph_.constants[*graph_.values[node.inputs[0]].constant];
      constant.sizes = graph_.values[node.outputs[0]].type.sizes();
      set(node.outputs[0], std::move(constant));
      return true;
    }
    return compute(node);
  }

  bool compute(const Node &node) {
    uint64_t bytes = 0;
    for (ValueId id : node.outputs) {
      const graph::ValueType &type = graph_.values[id].type;
      auto size = tensorBytes(type.dtype, type.sizes());
      if (!size || (bytes += *size) > mostBytes - bytes_)
        return false;
    }
    graph::InferContext context = graph::contextOf(graph_, node);
    auto types = graph::inferTypes(context, node.outputs.size());
    if (!types)
      return false; // the run says what is wrong
    graph::EvaluateLimits limits;
    limits.memoryBytes = mostBytes;
    graph::Budget budget(limits);
    graph::EvalContext evaluated{context, *types, budget};
    auto results = graph::definitionOf(node.op).evaluate(evaluated);
    if (!results)
      return false;
    bytes_ += bytes;
    for (size_t i = 0; i < results->size(); ++i)
      set(node.outputs[i], Constant::of(std::move((*results)[i])));
    return true;
  }

  void set(ValueId id, Constant constant) {
    graph_.values[id].constant = static_cast<uint32_t>(graph_.constants.size());
    graph_.constants.push_back(std::move(constant));
  }

  Graph &graph_;
  std::vector<bool> isOutput_;
  uint64_t bytes_ = 0;
};

} // namespace

Result<Graph> foldConstants(Graph graph) {
  Folding(graph).run();
  return graph;
}

} // namespace rune::compile
