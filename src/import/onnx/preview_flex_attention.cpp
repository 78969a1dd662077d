// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// source  ONNX operators, ai.onnx.preview FlexAttention-1
#include "import/onnx/bodies.h"
#include "import/onnx/shapes.h"

#include <cmath>

namespace rune::import {
namespace {

/// What the softmax, and what stands before and behind it, is computed in.
Result<DType> precisionOf(OnnxNode &node, DType dtype) {
  auto type = RUNE_TRY(node.integer("softmax_precision"));
  if (!type)
    return dtype == DType::F64 ? dtype : DType::F32;
  switch (*type) {
  case 1:
    return DType::F32;
  case 10:
    return DType::F16;
  case 11:
    return DType::F64;
  case 16:
    return DType::BF16;
  default:
    return node.fail("`softmax_precision` is {}, needs a float type", *type);
  }
}

/// Keys or values, each head as often as query heads look at it.
Result<ValueId> repeated(OnnxNode &node, ValueId x, const Dim &queryHeads,
                         std::string_view part) {
  const Dim heads = node.type(x).dims[1];
  if (heads == queryHeads && !heads.isUnknown())
    return x;
  if (!heads.isFixed() || !queryHeads.isFixed())
    return node.unsupported("`{}` beside {} query heads: how many there are "
                            "must be known",
                            node.type(x).str(), queryHeads.str());
  if (heads.size() == 0 || queryHeads.size() % heads.size() != 0)
    return node.fail("{} query heads for {} key heads", queryHeads.str(),
                     heads.str());
  constexpr int64_t mostHeads = 1 << 16;
  if (queryHeads.size() > mostHeads)
    return node.unsupported("{} heads", queryHeads.str());
  int64_t each = queryHeads.size() / heads.size();
  Integers order;
  for (int64_t i = 0; i < queryHeads.size(); ++i)
    order.push_back(i / each);
  ValueId at = node.constantIntegers(fmt::format("{}/heads", part), order);
  return node.one(Op::Gather, {x, at}, {{"axis", int64_t{1}}}, part);
}

/// What the graph `name` makes of the value; itself where there is none.
Result<ValueId> changed(OnnxNode &node, std::string_view name, ValueId value) {
  if (!node.has(name))
    return value;
  const auto *graph = RUNE_TRY(node.subgraph(name));
  auto results = RUNE_TRY(node.bodies().inlined(*graph, {value}, name));
  if (results.size() != 1)
    return node.fail("`{}` gives {} values, needs to give one", name,
                     results.size());
  return results[0];
}

Result<ValueId> scoresOf(OnnxNode &node, ValueId q, ValueId k, double scale) {
  DType dtype = node.dtype(q);
  DType wide = dtype == DType::F64 ? dtype : DType::F32;
  q = RUNE_TRY(casted(node, q, wide, "wide_q"));
  k = RUNE_TRY(casted(node, k, wide, "wide_k"));
  ValueId product = RUNE_TRY(
      node.one(Op::MatMul, {q, k}, {{"transpose_b", int64_t{1}}}, "product"));
  return node.one(Op::Mul, {product, node.constantScalar("scale", wide, scale)},
                  {}, "scores");
}

} // namespace

/// inputs  Q [B, H, T, D], K [B, G, S, D], V [B, G, S, E]
/// result  prob_mod(softmax(score_mod(Q · Kᵀ · scale))) · V
/// errors  other than four dimensions · graphs with other than one result
Imported importPreviewFlexAttention(OnnxNode &node) {
  ValueId q = RUNE_TRY(node.input(0, "Q"));
  ValueId k = RUNE_TRY(node.input(1, "K"));
  ValueId v = RUNE_TRY(node.input(2, "V"));
  for (ValueId value : {q, k, v})
    if (node.rank(value) != 4)
      return node.fail("`{}` needs 4 dimensions", node.type(value).str());
  double scale = RUNE_TRY(node.number("scale", 0));
  DType dtype = node.dtype(q);
  DType precision = RUNE_TRY(precisionOf(node, dtype));
  if (!node.has("score_mod") && !node.has("prob_mod"))
    return std::vector{
        RUNE_TRY(node.one(Op::Attention, {q, k, v}, {{"scale", scale}}))};
  const Dim heads = node.type(q).dims[1], size = node.type(q).dims[3];
  if (scale == 0) {
    if (!size.isFixed())
      return node.unsupported("`Q` is `{}`: the size of a head must be known",
                              node.type(q).str());
    scale = 1 / std::sqrt(static_cast<double>(size.size()));
  }
  k = RUNE_TRY(repeated(node, k, heads, "K"));
  v = RUNE_TRY(repeated(node, v, heads, "V"));
  ValueId scores = RUNE_TRY(scoresOf(node, q, k, scale));
  scores = RUNE_TRY(casted(node, scores, precision, "precise"));
  scores = RUNE_TRY(changed(node, "score_mod", scores));
  ValueId weights = RUNE_TRY(
      node.one(Op::Softmax, {scores}, {{"axes", Integers{3}}}, "weights"));
  weights = RUNE_TRY(changed(node, "prob_mod", weights));
  DType wide = dtype == DType::F64 ? dtype : DType::F32;
  weights = RUNE_TRY(casted(node, weights, wide, "wide_weights"));
  v = RUNE_TRY(casted(node, v, wide, "wide_v"));
  ValueId y = RUNE_TRY(node.one(Op::MatMul, {weights, v}, {}, "wide_y"));
  y = RUNE_TRY(casted(node, y, dtype, ""));
  return std::vector{y};
}

} // namespace rune::import
