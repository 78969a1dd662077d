// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// layer_normalization(x, scale, bias): from `axis` on, each group of elements
//
//   y = (x - mean) / √(variance + epsilon) · scale + bias
//
// Without `centered` it is the root of the mean square instead:
//
//   y = x / √(mean(x²) + epsilon) · scale + bias
//
// source  ONNX LayerNormalization-17, RMSNormalization-23; Ba, Kiros and Hinton
//         2016, arXiv:1607.06450; Zhang and Sennrich 2019, arXiv:1910.07467
#include "graph/ops/reals.h"
#include "graph/rows.h"

#include <cmath>

namespace rune::graph {

namespace {

DType statisticsType(const Node &node) {
  auto dtype = dtypeNamed(node.text("statistics"));
  RUNE_CHECK(dtype.has_value(), "an allowed element type");
  return *dtype;
}

Result<Types> infer(const InferContext &context) {
  const TensorType &x = context.type(0);
  // layer_normalization.1: floats; scale and bias alike
  for (size_t i = 0; i < context.inputs(); ++i)
    if (context.has(i) && !isFloat(context.dtype(i)))
      return context.fail(1, "input {} is {}, needs floats", i,
                          context.type(i).str());
  if (context.has(1) && context.has(2) && context.dtype(1) != context.dtype(2))
    return context.fail(1, "scale is {}, bias {}", context.type(1).str(),
                        context.type(2).str());
  int64_t axis = context.node.integer("axis");
  // layer_normalization.2: an axis of x
  if (axis < 0 || axis >= static_cast<int64_t>(x.dims.size()))
    return context.fail(2, "`axis` {} of {}", axis, x.str());
  // layer_normalization.3: scale and bias stretch to x
  for (size_t i : {size_t{1}, size_t{2}}) {
    if (!context.has(i))
      continue;
    auto both = broadcast(context.dims(i), x.dims);
    bool fits = both && both->size() == x.dims.size();
    for (size_t d = 0; fits && d < both->size(); ++d)
      fits = unify((*both)[d], x.dims[d]).has_value();
    if (!fits)
      return context.fail(3, "{} does not stretch to {}", context.type(i).str(),
                          x.str());
  }
  // layer_normalization.4: `centered` is 0 or 1
  if (int64_t centered = context.node.integer("centered"); centered >> 1 != 0)
    return context.fail(4, "`centered` is {}, must be 0 or 1", centered);
  Dims groups = x.dims;
  for (size_t d = static_cast<size_t>(axis); d < groups.size(); ++d)
    groups[d] = Dim(1);
  DType result = context.has(1)   ? context.dtype(1)
                 : context.has(2) ? context.dtype(2)
                                  : x.dtype;
  TensorType statistics{statisticsType(context.node), groups};
  return Types{{result, x.dims}, statistics, statistics};
}

struct Group {
  double mean = 0;
  double inverse = 0;
};

/// Makes the `count` elements from x on normal, in place.
Group normalize(double *x, int64_t count, bool centered, double epsilon) {
  Group group;
  auto size = static_cast<double>(count);
  double sum = 0, squares = 0;
  for (int64_t i = 0; i < count; ++i)
    sum += x[i];
  group.mean = sum / size;
  double middle = centered ? group.mean : 0;
  for (int64_t i = 0; i < count; ++i)
    squares += (x[i] - middle) * (x[i] - middle);
  group.inverse = 1 / std::sqrt(squares / size + epsilon);
  for (int64_t i = 0; i < count; ++i)
    x[i] = (x[i] - middle) * group.inverse;
  return group;
}

Result<> scaleAndShift(const EvalContext &context, Reals &y) {
  Reals scale = RUNE_TRY(Reals::of(context, 1));
  Reals bias = RUNE_TRY(Reals::of(context, 2));
  std::vector<int64_t> sizes = context.results[0].sizes();
  auto strides = [&](size_t input) {
    return context.has(input)
               ? stretchedStrides(context.input(input).sizes, sizes)
               : Strides(sizes.size(), 0);
  };
  return eachRow<3>(context.budget, sizes,
                    {rowMajorStrides(sizes), strides(1), strides(2)},
                    [&](const Row<3> &row) -> Result<> {
                      auto [at, s, b] = row.start;
                      for (int64_t i = 0; i < row.count; ++i) {
                        if (context.has(1))
                          y[at] *= scale[s];
                        if (context.has(2))
                          y[at] += bias[b];
                        at += row.step[0];
                        s += row.step[1];
                        b += row.step[2];
                      }
                      return {};
                    });
}

Result<Tensors> evaluate(const EvalContext &context) {
  auto axis = static_cast<size_t>(context.node.integer("axis"));
  bool centered = context.node.integer("centered") != 0;
  double epsilon = context.node.number("epsilon");
  std::span<const int64_t> sizes = context.input(0).sizes;
  int64_t outer = 1, inner = 1;
  for (size_t d = 0; d < sizes.size(); ++d)
    (d < axis ? outer : inner) *= sizes[d];
  Reals y = RUNE_TRY(Reals::of(context, 0));
  Reals means = RUNE_TRY(Reals::zeros(context, outer));
  Reals inverses = RUNE_TRY(Reals::zeros(context, outer));
  for (int64_t i = 0; i < outer; ++i) {
    if (!context.budget.spend(static_cast<uint64_t>(inner) * 3))
      return context.budget.expired();
    Group group = normalize(y.from(i * inner), inner, centered, epsilon);
    means[i] = group.mean;
    inverses[i] = group.inverse;
  }
  RUNE_TRY(scaleAndShift(context, y));
  Tensors results;
  results.push_back(RUNE_TRY(narrowed(context, y, 0)));
  if (context.results.size() > 1)
    results.push_back(RUNE_TRY(narrowed(context, means, 1)));
  if (context.results.size() > 2)
    results.push_back(RUNE_TRY(narrowed(context, inverses, 2)));
  return results;
}

void complete(const InferContext &context, std::vector<Attribute> &attributes) {
  completeAxis(context, attributes, "axis");
}

} // namespace

OpDefinition defineLayerNormalization() {
  return {{1, 3},
          {1, 3},
          {{"axis", AttributeKind::Integer, int64_t{-1}, {}},
           flagSpec("centered", 1),
           {"epsilon", AttributeKind::Number, 1e-5, {}},
           {"statistics",
            AttributeKind::Text,
            std::string("f32"),
            {"f32", "f64", "f16", "bf16"}}},
          infer,
          evaluate,
          complete};
}

} // namespace rune::graph
