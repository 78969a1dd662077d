// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Batch normalisation that found no weights to go into is spelt out: (x - mean)
// · factor + bias, the factor scale / √(variance + epsilon), computed in f64
// and rounded once. These are elementwise operators, which join what follows
// them and cost no pass over the memory of their own. The mean is subtracted
// first: multiplied into the bias it would take digits away where it is large.
#include "compile/passes/pipeline.h"
#include "compile/passes/rewriter.h"

#include "graph/ops.h"

#include <cmath>

namespace rune::compile {

namespace {

using graph::Constant;
using graph::Graph;
using graph::Node;
using graph::Op;
using graph::ValueId;
using Floats = std::vector<float>;

class Spelling {
public:
  explicit Spelling(const Graph &graph) : graph_(graph), rewriter_(graph) {}

  Result<Graph> run() {
    for (const Node &node : graph_.nodes)
      RUNE_TRY(isFixed(node) ? spell(node) : rewriter_.copy(node));
    return std::move(rewriter_).finish();
  }

private:
  /// The statistics are known, and all is f32.
  bool isFixed(const Node &node) const {
    if (node.op != Op::BatchNormalization || node.outputs.size() != 1)
      return false;
    for (size_t i = 0; i < node.inputs.size(); ++i) {
      const graph::Value &value = graph_.values[node.inputs[i]];
      if (value.type.dtype != DType::F32 || (i > 0 && !value.constant))
        return false;
    }
    return graph_.values[node.inputs[0]].type.dims.size() >= 2;
  }

  Floats numbersOf(const Node &node, size_t input) const {
    const Constant &constant =
        graph_.constants[*graph_.values[node.inputs[input]].constant];
    Floats numbers(constant.data.size() / sizeof(float));
    std::memcpy(numbers.data(), constant.data.data(),
                numbers.size() * sizeof(float));
    return numbers;
  }

  /// Aligned, at the right, with the dimensions of x.
  Result<ValueId> constant(const Node &node, const char *what,
                           const Floats &numbers) {
    std::vector<int64_t> sizes = {static_cast<int64_t>(numbers.size())};
    if (node.text("layout") == "NCX")
      sizes.resize(graph_.values[node.inputs[0]].type.dims.size() - 1, 1);
    Tensor tensor = RUNE_TRY(Tensor::zeros(DType::F32, sizes));
    std::ranges::copy(numbers, tensor.as<float>().begin());
    return rewriter_.builder().constant(node.name + what,
                                        Constant::of(std::move(tensor)));
  }

  Result<> spell(const Node &node) {
    Floats factor = numbersOf(node, 1), variance = numbersOf(node, 4);
    for (size_t c = 0; c < factor.size(); ++c)
      factor[c] = static_cast<float>(
          double(factor[c]) /
          std::sqrt(double(variance[c]) + node.number("epsilon")));
    graph::GraphBuilder &builder = rewriter_.builder();
    ValueId y = rewriter_[node.inputs[0]];
    y = RUNE_TRY(builder.one(
        Op::Sub, node.name + "/centred",
        {y, RUNE_TRY(constant(node, "/mean", numbersOf(node, 3)))}));
    y = RUNE_TRY(builder.one(Op::Mul, node.name + "/scaled",
                             {y, RUNE_TRY(constant(node, "/factor", factor))}));
    y = RUNE_TRY(builder.one(
        Op::Add, node.name,
        {y, RUNE_TRY(constant(node, "/bias", numbersOf(node, 2)))}));
    rewriter_.set(node.outputs[0], y);
    return {};
  }

  const Graph &graph_;
  Rewriter rewriter_;
};

} // namespace

Result<Graph> spellNormalisation(Graph graph) { return Spelling(graph).run(); }

} // namespace rune::compile
