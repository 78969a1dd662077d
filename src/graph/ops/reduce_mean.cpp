// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// reduce_mean(x): the mean over all `axes` together, summed in row-major order
// in `accumulator`. Integers are divided towards zero.
//
// source  ONNX ReduceMean-18
#include "graph/ops/reduce.h"

namespace rune::graph {

static Result<Types> infer(const InferContext &context) {
  const TensorType &x = context.type(0);
  // reduce_mean.1: numbers
  if (!isNumeric(x.dtype))
    return context.fail(1, "needs numbers, got {}", x.str());
  ValueType result = RUNE_TRY(inferReduced(context, {2, 4, 6, 7}));
  // reduce_mean.3: sums in a type that holds the elements; of integers in 64
  // bits
  if (std::string_view sum = context.node.text("accumulator");
      !mayAccumulate(x.dtype, sum) ||
      (isInteger(x.dtype) && !sum.ends_with("64")))
    return context.fail(3, "sums of {} cannot be kept in `{}`",
                        dtypeName(x.dtype), context.node.text("accumulator"));
  return Types{result};
}

template <class N>
static Result<> mean(const EvalContext &context, const AxisSplit &split,
                     N count, Tensor &result) {
  Numbers<N> x(context.input(0));
  NumberSink<N> out(result);
  Odometer place(split.keptSizes);
  int64_t at = 0;
  do {
    N sum = 0;
    RUNE_TRY(eachFoldedPiece(context.budget, split,
                             place.offset(split.keptStrides), x,
                             [&](const N *numbers, const ElementRun &run) {
                               for (int64_t i = 0; i < run.count; ++i)
                                 sum = addWrapping(sum, numbers[i]);
                             }));
    out.set(at++, sum / count);
  } while (place.advance());
  return {};
}

static Result<Tensors> evaluate(const EvalContext &context) {
  Tensor result = RUNE_TRY(context.allocate());
  if (result.count() == 0)
    return single(std::move(result));
  AxisSplit split = splitAxes(context.input(0).sizes, *foldedAxes(context));
  int64_t count =
      static_cast<int64_t>(RUNE_TRY(elementCount(split.foldedSizes)));
  // reduce_mean.5: integers have a mean only if there are some
  if (count == 0 && isInteger(result.dtype()))
    return context.fail(5, "the mean of no integers");
  DType sums = *dtypeNamed(context.node.text("accumulator"));
  RUNE_TRY(withNumbers(sums, [&]<class N>(Type<N>) {
    return mean<N>(context, split, static_cast<N>(count), result);
  }));
  return single(std::move(result));
}

static void complete(const InferContext &context,
                     std::vector<Attribute> &attributes) {
  completeAxes(context, attributes, "axes");
  completeAccumulator(context, attributes, true);
}

OpDefinition defineReduceMean() {
  return {{1, 2}, {1, 1}, sumSpecs(), infer, evaluate, complete};
}

} // namespace rune::graph
