// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// reverse_sequence(x, lengths): along `time_axis` the first `length` elements
// of each batch in reverse order, the others as they are.
//
// source  ONNX ReverseSequence-10
#include "graph/ops/indices.h"
#include "graph/ops/move.h"
#include "graph/rows.h"

namespace rune::graph {

static Result<Types> infer(const InferContext &context) {
  const ValueType &x = context.type(0), &lengths = context.type(1);
  auto rank = static_cast<int64_t>(x.dims.size());
  int64_t batch = context.node.integer("batch_axis"),
          time = context.node.integer("time_axis");
  // reverse_sequence.1: two dimensions of x
  if (batch < 0 || batch >= rank || time < 0 || time >= rank || batch == time)
    return context.fail(1, "axes {} and {} of {}", batch, time, x.str());
  // reverse_sequence.2: a length for each batch
  if (!isIndex(lengths.dtype) || lengths.dims.size() != 1 ||
      !unify(lengths.dims[0], x.dims[batch]))
    return context.fail(2, "lengths are {}, must be i32 or i64 [{}]",
                        lengths.str(), x.dims[batch].str());
  return Types{x};
}

static Result<Tensors> evaluate(const EvalContext &context) {
  std::vector<int64_t> sizes = context.results[0].sizes();
  auto batch = static_cast<size_t>(context.node.integer("batch_axis"));
  auto time = static_cast<size_t>(context.node.integer("time_axis"));
  Indices lengths(context.input(1));
  // reverse_sequence.3: no length is negative or beyond the dimension
  for (int64_t b = 0; b < sizes[batch]; ++b)
    if (lengths[b] < 0 || lengths[b] > sizes[time])
      return context.fail(3, "length {} of a dimension of {}", lengths[b],
                          sizes[time]);
  auto count = RUNE_TRY(elementCount(sizes));
  Strides strides = rowMajorStrides(sizes);
  const size_t inputs[] = {0};
  return single(RUNE_TRY(
      moveElements(context, inputs, [&](auto &ins, auto *out) -> Result<> {
        Odometer at(sizes);
        for (int64_t to = 0; to < static_cast<int64_t>(count); ++to) {
          if (!context.budget.spend(1))
            return context.budget.expired();
          int64_t length = lengths[at.at()[batch]], t = at.at()[time];
          int64_t back = t < length ? length - 1 - 2 * t : 0;
          out[to] = ins[0][to + back * strides[time]];
          at.advance();
        }
        return {};
      })));
}

static void complete(const InferContext &context,
                     std::vector<Attribute> &attributes) {
  completeAxis(context, attributes, "batch_axis");
  completeAxis(context, attributes, "time_axis");
}

OpDefinition defineReverseSequence() {
  return {{2, 2},
          {1, 1},
          {{"batch_axis", AttributeKind::Integer, int64_t{1}, {}},
           {"time_axis", AttributeKind::Integer, int64_t{0}, {}}},
          infer,
          evaluate,
          complete};
}

} // namespace rune::graph
