// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// rotary_embedding(x, cos, sin): the first `rotary_size` elements (0: all) of
// each head are pairs that are turned by an angle of their position,
//
//   (a, b) → (a · cos - b · sin, a · sin + b · cos)
//
// A pair is element i and i + half of them; with `interleaved` 2i and 2i + 1.
//
// source  ONNX RotaryEmbedding-23; Su et al. 2021, arXiv:2104.09864
#include "graph/ops/reals.h"

#include <algorithm>

namespace rune::graph {

namespace {

/// Where head and position stand: BHTD, or BTHD.
bool headsFirst(const Node &node) { return node.text("layout") == "BHTD"; }

Result<Types> infer(const InferContext &context) {
  const TensorType &x = context.type(0);
  // rotary_embedding.1: floats of one type
  for (size_t i = 0; i < 3; ++i)
    if (!isFloat(x.dtype) || context.dtype(i) != x.dtype)
      return context.fail(1, "needs floats of one type, got {} and {}", x.str(),
                          context.type(i).str());
  // rotary_embedding.2: four dimensions, three of cos and sin
  if (x.dims.size() != 4 || context.rank(1) != 3 || context.rank(2) != 3)
    return context.fail(2, "x is {}, cos {}, sin {}", x.str(),
                        context.type(1).str(), context.type(2).str());
  int64_t size = context.node.integer("rotary_size");
  const Dim &each = x.dims[3];
  // rotary_embedding.3: an even number of elements, as many as there are
  if (size < 0 || size % 2 != 0 || (each.isFixed() && size > each.size()) ||
      (size == 0 && each.isFixed() && each.size() % 2 != 0))
    return context.fail(3, "`rotary_size` {} of {}", size, x.str());
  Dim half = size > 0         ? Dim(size / 2)
             : each.isFixed() ? Dim(each.size() / 2)
                              : Dim::unknown();
  const Dim &steps = x.dims[headsFirst(context.node) ? 2 : 1];
  // rotary_embedding.4: cos and sin are [batch or 1, length, half]
  for (size_t i : {size_t{1}, size_t{2}}) {
    const Dims &dims = context.dims(i);
    bool one = dims[0] == Dim(1);
    if ((!one && !unify(dims[0], x.dims[0])) || !unify(dims[1], steps) ||
        !unify(dims[2], half))
      return context.fail(4, "{} for x {}, must be [{}, {}, {}]",
                          context.type(i).str(), x.str(), x.dims[0].str(),
                          steps.str(), half.str());
  }
  // rotary_embedding.5: `interleaved` is 0 or 1
  if (int64_t flag = context.node.integer("interleaved"); flag >> 1 != 0)
    return context.fail(5, "`interleaved` is {}, must be 0 or 1", flag);
  return Types{x};
}

Result<Tensors> evaluate(const EvalContext &context) {
  Reals x = RUNE_TRY(Reals::of(context, 0));
  Reals cos = RUNE_TRY(Reals::of(context, 1));
  Reals sin = RUNE_TRY(Reals::of(context, 2));
  std::span<const int64_t> sizes = context.input(0).sizes;
  bool heads = headsFirst(context.node);
  bool pairs = context.node.integer("interleaved") != 0;
  int64_t size = context.node.integer("rotary_size");
  int64_t half = (size == 0 ? sizes[3] : size) / 2;
  int64_t steps = sizes[heads ? 2 : 1];
  auto table = [&](size_t input, int64_t n, int64_t t) {
    return ((context.input(input).sizes[0] == 1 ? 0 : n) * steps + t) * half;
  };
  int64_t rows = x.empty() ? 0 : sizes[0] * sizes[1] * sizes[2];
  for (int64_t row = 0; row < rows; ++row) {
    if (!context.budget.spend(static_cast<uint64_t>(half)))
      return context.budget.expired();
    int64_t n = row / (sizes[1] * sizes[2]);
    int64_t t = heads ? row % sizes[2] : row / sizes[2] % sizes[1];
    double *at = x.from(row * sizes[3]);
    const double *c = cos.from(table(1, n, t)), *s = sin.from(table(2, n, t));
    for (int64_t i = 0; i < half; ++i) {
      double &a = at[pairs ? 2 * i : i], &b = at[pairs ? 2 * i + 1 : i + half];
      double turned = a * c[i] - b * s[i];
      b = a * s[i] + b * c[i];
      a = turned;
    }
  }
  return single(RUNE_TRY(narrowed(context, x)));
}

} // namespace

OpDefinition defineRotaryEmbedding() {
  return {
      {3, 3},
      {1, 1},
      {flagSpec("interleaved"),
       {"layout", AttributeKind::Text, std::string("BHTD"), {"BHTD", "BTHD"}},
       {"rotary_size", AttributeKind::Integer, int64_t{0}, {}}},
      infer,
      evaluate};
}

} // namespace rune::graph
