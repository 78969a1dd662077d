// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// concat(x…): the inputs one behind the other along `axis`.
//
// source  ONNX Concat-13
#include "graph/known_elements.h"
#include "graph/ops/move.h"
#include "graph/rows.h"

#include <numeric>

namespace rune::graph {

static Result<Types> infer(const InferContext &context) {
  const Dims &first = context.dims(0);
  int64_t axis = context.node.integer("axis");
  // concat.1: 0 ≤ axis < rank
  if (axis < 0 || axis >= static_cast<int64_t>(first.size()))
    return context.fail(1, "`axis` is {}, must be in [0, {})", axis,
                        first.size());
  TensorType result = context.type(0);
  Dims along;
  for (size_t i = 0; i < context.inputs(); ++i) {
    const TensorType &type = context.type(i);
    // concat.2: one element type and rank
    if (type.dtype != result.dtype || type.dims.size() != first.size())
      return context.fail(2, "input {} is {}, the first is {}", i, type.str(),
                          context.type(0).str());
    along.push_back(type.dims[axis]);
    // concat.3: equal in every dimension but `axis`
    for (size_t d = 0; d < first.size(); ++d) {
      auto both = unify(result.dims[d], type.dims[d]);
      if (!both && static_cast<int64_t>(d) != axis)
        return context.fail(3, "input {} is {}, the first is {}", i, type.str(),
                            context.type(0).str());
      if (both)
        result.dims[d] = *both;
    }
  }
  // concat.4: the sum is a size
  auto sum = sumOf(along);
  if (!sum)
    return context.fail(4, "the sizes along `axis` add up to more than 2^63");
  result.dims[axis] = *sum;
  return Types{result};
}

static Result<Tensors> evaluate(const EvalContext &context) {
  std::vector<size_t> inputs(context.inputs());
  std::iota(inputs.begin(), inputs.end(), 0);
  std::vector<int64_t> sizes = context.results[0].sizes();
  size_t axis = static_cast<size_t>(context.node.integer("axis"));
  Strides target = rowMajorStrides(sizes);
  return single(RUNE_TRY(
      moveElements(context, inputs, [&](auto &ins, auto *out) -> Result<> {
        int64_t base = 0;
        for (size_t n = 0; n < ins.size(); ++n) {
          std::span<const int64_t> own = context.input(n).sizes;
          std::array strides{rowMajorStrides(own), target};
          RUNE_TRY(eachRow(context.budget, own, strides,
                           [&](const Row<2> &row) -> Result<> {
                             for (int64_t i = 0; i < row.count; ++i)
                               out[base + row.start[1] + i * row.step[1]] =
                                   ins[n][row.start[0] + i];
                             return {};
                           }));
          base += own[axis] * target[axis];
        }
        return {};
      })));
}

static void complete(const InferContext &context,
                     std::vector<Attribute> &attributes) {
  completeAxis(context, attributes, "axis");
}

/// Of vectors of sizes; what is not known is as many unknown ones.
static std::optional<Dims> elements(const InferContext &context) {
  if (context.rank(0) != 1)
    return std::nullopt;
  Dims result;
  for (size_t i = 0; i < context.inputs(); ++i) {
    auto part = knownElements(context, i);
    const Dim &count = context.dims(i)[0];
    if (!part && (!count.isFixed() || count.size() > maxKnownElements))
      return std::nullopt;
    Dims dims = part ? *part : Dims(static_cast<size_t>(count.size()));
    result.insert(result.end(), dims.begin(), dims.end());
  }
  return result;
}

OpDefinition defineConcat() {
  OpDefinition op{{1, maxPerNode},
                  {1, 1},
                  {{"axis", AttributeKind::Integer, std::nullopt, {}}},
                  infer,
                  evaluate,
                  complete};
  op.variadic = true;
  op.elements = elements;
  return op;
}

} // namespace rune::graph
