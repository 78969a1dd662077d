// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// split(x, sizes): x cut along `axis` into as many parts as there are results.
//
// source  ONNX Split-18
#include "graph/known_elements.h"
#include "graph/ops/move.h"
#include "graph/rows.h"

namespace rune::graph {

namespace {

Result<Types> infer(const InferContext &context) {
  const ValueType &x = context.type(0), &sizes = context.type(1);
  int64_t axis = context.node.integer("axis");
  auto parts = static_cast<int64_t>(context.node.outputs.size());
  // split.1: a dimension of x
  if (axis < 0 || axis >= static_cast<int64_t>(x.dims.size()))
    return context.fail(1, "axis {} is no dimension of {}", axis, x.str());
  // split.2: a size for each part
  if (sizes.dtype != DType::I64 || sizes.dims.size() != 1 ||
      !unify(sizes.dims[0], Dim(parts)))
    return context.fail(2, "sizes are {}, must be i64[{}]", sizes.str(), parts);
  auto known = knownElements(context, 1);
  auto numbers = knownIntegers(context, 1);
  // split.3: no size is negative, all of them together are the dimension
  bool fits = true;
  for (int64_t size : numbers.value_or(std::vector<int64_t>()))
    fits &= size >= 0;
  auto sum = fits && known ? sumOf(*known) : std::optional(Dim::unknown());
  if (!fits || !sum || !unify(*sum, x.dims[axis]))
    return context.fail(3, "sizes [{}] do not add up to dimension {} of {}",
                        fmt::join(*numbers, ", "), axis, x.str());
  Types types(static_cast<size_t>(parts), x);
  for (size_t i = 0; i < types.size(); ++i)
    types[i].dims[axis] = numbers ? Dim((*numbers)[i])
                          : known ? (*known)[i]
                                  : Dim::unknown();
  return types;
}

Result<Tensor> part(const EvalContext &context, size_t index, int64_t start) {
  auto axis = static_cast<size_t>(context.node.integer("axis"));
  EvalContext one = context;
  one.results = {context.results[index]};
  std::vector<int64_t> sizes = one.results[0].sizes();
  Strides from = rowMajorStrides(context.input(0).sizes);
  const size_t inputs[] = {0};
  return moveElements(one, inputs, [&](auto &ins, auto *out) -> Result<> {
    std::array strides{from, rowMajorStrides(sizes)};
    return eachRow(context.budget, sizes, strides,
                   [&](const Row<2> &row) -> Result<> {
                     int64_t at = start * from[axis] + row.start[0];
                     for (int64_t i = 0; i < row.count; ++i)
                       out[row.start[1] + i] = ins[0][at + i * row.step[0]];
                     return {};
                   });
  });
}

Result<Tensors> evaluate(const EvalContext &context) {
  Tensors parts;
  int64_t start = 0;
  for (size_t i = 0; i < context.results.size(); ++i) {
    parts.push_back(RUNE_TRY(part(context, i, start)));
    start += context.results[i].dims[context.node.integer("axis")].size();
  }
  return parts;
}

void complete(const InferContext &context, std::vector<Attribute> &attributes) {
  completeAxis(context, attributes, "axis");
}

} // namespace

OpDefinition defineSplit() {
  return {{2, 2},
          {1, maxPerNode},
          {{"axis", AttributeKind::Integer, int64_t{0}, {}}},
          infer,
          evaluate,
          complete};
}

} // namespace rune::graph
