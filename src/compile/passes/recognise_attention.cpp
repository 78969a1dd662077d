// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// softmax(q · kᵀ · scale + mask) · v is attention, whose kernel keeps no matrix
// of scores. Only of f32 and of four dimensions, [batch, heads, steps, size],
// as exporters write it.
//
// Attention gives 0 where a mask leaves no key, the parts give NaN: so a mask
// that the run makes has to be finite for all that can be said of it, and a
// constant one has to leave a key to each query.
//
// source  docs/ops.md: attention; Vaswani et al. 2017, arXiv:1706.03762
#include "compile/passes/editor.h"
#include "compile/passes/pipeline.h"

#include "graph/numeric.h"
#include "graph/ops.h"

#include <algorithm>
#include <cmath>

namespace rune::compile {

namespace {

using graph::Constant;
using graph::Node;
using graph::noValue;
using graph::Op;
using graph::ValueId;

class Recogniser {
public:
  explicit Recogniser(graph::Graph graph) : editor_(std::move(graph)) {}

  graph::Graph run() {
    for (Node &node : editor_.graph().nodes) {
      editor_.settle(node);
      if (node.op == Op::MatMul)
        recognise(node);
    }
    return std::move(editor_).finish();
  }

private:
  /// What stands below the softmax.
  struct Scores {
    const Node *product = nullptr;
    double scale = 1;
    ValueId mask = noValue;
  };

  void recognise(Node &node) {
    const Node *softmax = editor_.onlyFor(node.inputs[0], {Op::Softmax});
    if (!softmax || softmax->integers("axes") != std::vector<int64_t>{3} ||
        !isMatrices(node.inputs[1]))
      return;
    auto scores = scoresOf(softmax->inputs[0]);
    if (!scores)
      return;
    ValueId q = scores->product->inputs[0];
    auto order = turnedKeys(scores->product->inputs[1]);
    if (!order || !agree(q, scores->product->inputs[1], node.inputs[1]))
      return;
    ValueId k = keys(scores->product->inputs[1], *order);
    std::vector<ValueId> inputs = {q, k, node.inputs[1]};
    if (scores->mask != noValue)
      inputs.push_back(scores->mask);
    editor_.become(node, Op::Attention, std::move(inputs),
                   {{"scale", scores->scale}});
  }

  const graph::ValueType &typeOf(ValueId id) const {
    return editor_.value(id).type;
  }
  bool isMatrices(ValueId id) const {
    const graph::ValueType &type = typeOf(id);
    return type.isTensor() && type.isStatic() && type.dtype == DType::F32 &&
           type.dims.size() == 4;
  }

  std::optional<Scores> scoresOf(ValueId id) {
    Scores scores;
    if (const Node *sum = editor_.onlyFor(id, {Op::Add})) {
      size_t side = isScores(sum->inputs[0]) ? 0 : 1;
      scores.mask = sum->inputs[1 - side];
      if (!isMask(scores.mask, id))
        return std::nullopt;
      id = sum->inputs[side];
    }
    if (const Node *factor = editor_.onlyFor(id, {Op::Mul, Op::Div})) {
      size_t side = editor_.numberOf(factor->inputs[1]) ? 0 : 1;
      auto number = editor_.numberOf(factor->inputs[1 - side]);
      if (!number || (side == 1 && factor->op == Op::Div))
        return std::nullopt;
      scores.scale = factor->op == Op::Mul ? *number : 1 / *number;
      id = factor->inputs[side];
    }
    scores.product = editor_.onlyFor(id, {Op::MatMul});
    if (!scores.product || scores.scale == 0 || !std::isfinite(scores.scale) ||
        !isMatrices(id) || !isMatrices(scores.product->inputs[0]))
      return std::nullopt;
    return scores;
  }

  bool isScores(ValueId id) {
    return editor_.onlyFor(id, {Op::MatMul, Op::Mul, Op::Div}) &&
           !editor_.constantOf(id);
  }

  /// The order that gives [batch, heads, steps, size], where the keys are made
  /// by a transpose for nobody else.
  std::optional<std::vector<int64_t>> turnedKeys(ValueId id) {
    const Node *turned = editor_.onlyFor(id, {Op::Transpose});
    if (!turned || !isMatrices(id))
      return std::nullopt;
    std::vector<int64_t> order = turned->integers("permutation");
    std::swap(order[2], order[3]);
    return order;
  }

  /// No side is stretched: q[B, H, T, D], kᵀ[B, H, D, S], v[B, H, S, E].
  bool agree(ValueId q, ValueId turned, ValueId v) const {
    const Dims &a = typeOf(q).dims, &b = typeOf(turned).dims,
               &c = typeOf(v).dims;
    return a[0] == b[0] && a[0] == c[0] && a[1] == b[1] && a[1] == c[1] &&
           b[3] == c[2];
  }

  ValueId keys(ValueId id, const std::vector<int64_t> &order) {
    Node &turned = *editor_.producerOf(id);
    if (std::ranges::is_sorted(order))
      return turned.inputs[0];
    // its only user takes it as it is then
    editor_.become(turned, Op::Transpose, {turned.inputs[0]},
                   {{"permutation", order}});
    std::swap(editor_.graph().values[id].type.dims[2],
              editor_.graph().values[id].type.dims[3]);
    return id;
  }

  bool isMask(ValueId id, ValueId scores) const {
    const graph::ValueType &type = typeOf(id);
    if (!type.isTensor() || !type.isStatic() || type.dtype != DType::F32 ||
        type.dims.size() < 2 || type.dims.size() > 4 || !isMatrices(scores) ||
        type.dims.back() != typeOf(scores).dims.back())
      return false;
    if (const Constant *constant = editor_.constantOf(id))
      return leavesKeys(*constant);
    return reachOf(id, 0) < 1e38;
  }

  static bool leavesKeys(const Constant &mask) {
    auto keys = static_cast<size_t>(mask.sizes.back());
    size_t count = mask.data.size() / sizeof(float);
    bool left = false;
    for (size_t i = 0; i < count; ++i) {
      float number;
      std::memcpy(&number, mask.data.data() + i * sizeof number, sizeof number);
      left |= number > -INFINITY;
      if ((i + 1) % keys != 0)
        continue;
      if (!left)
        return false;
      left = false;
    }
    return true;
  }

  /// No number of that value is larger; infinity where nothing is known.
  double reachOf(ValueId id, int depth) const {
    if (const Constant *constant = editor_.constantOf(id))
      return reachOf(*constant);
    const graph::ValueType &type = typeOf(id);
    if (type.dtype == DType::Bool)
      return 1;
    if (isInteger(type.dtype))
      return std::ldexp(1, static_cast<int>(dtypeBits(type.dtype)));
    const Node *node = const_cast<Editor &>(editor_).madeBy(
        id, {Op::Cast, Op::Add, Op::Sub, Op::Mul, Op::Where, Op::Reshape,
             Op::Unsqueeze, Op::Squeeze, Op::Expand, Op::Transpose, Op::Slice});
    if (!node || depth > 16)
      return INFINITY;
    auto reach = [&](size_t input) {
      return reachOf(node->inputs[input], depth + 1);
    };
    switch (node->op) {
    case Op::Add:
    case Op::Sub:
      return reach(0) + reach(1);
    case Op::Mul:
      return reach(0) * reach(1);
    case Op::Where:
      return std::max(reach(1), reach(2));
    default:
      return reach(0);
    }
  }
  static double reachOf(const Constant &constant) {
    if (constant.dtype != DType::F32)
      return INFINITY;
    double reach = 0;
    for (size_t i = 0; i < constant.data.size(); i += sizeof(float)) {
      float number;
      std::memcpy(&number, constant.data.data() + i, sizeof number);
      reach = std::isnan(number) ? INFINITY
                                 : std::max(reach, double(std::abs(number)));
    }
    return reach;
  }

  Editor editor_;
};

} // namespace

Result<graph::Graph> recogniseAttention(graph::Graph graph) {
  return Recogniser(std::move(graph)).run();
}

} // namespace rune::compile
