// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "graph/ops/arithmetic.h"
#include "graph/ops.h"

namespace rune::graph {

static Result<Types> inferPair(const InferContext &context, bool numbers,
                               bool booleans) {
  const TensorType &a = context.type(0), &b = context.type(1);
  // add.1 sub.1 mul.1 div.1 minimum.1 maximum.1 pow.1 mod.1 less.1
  // less_equal.1: numbers of one element type. equal.1: or bool. logical_and.1
  // logical_or.1: bool
  bool allowed =
      (numbers && isNumeric(a.dtype)) || (booleans && a.dtype == DType::Bool);
  if (!allowed || a.dtype != b.dtype)
    return context.fail(1, "needs two operands of one {} type, got {} and {}",
                        !numbers   ? "boolean"
                        : booleans ? "numeric or boolean"
                                   : "numeric",
                        a.str(), b.str());
  // add.2 sub.2 mul.2 div.2 minimum.2 maximum.2 pow.2 mod.2 equal.2
  // less.2 less_equal.2 logical_and.2 logical_or.2: shapes that stretch to one
  auto dims = broadcast(a.dims, b.dims);
  if (!dims)
    return context.fail(2, "{} and {} do not broadcast", a.str(), b.str());
  return Types{{a.dtype, *dims}};
}

Result<Types> inferBroadcast(const InferContext &context) {
  return inferPair(context, true, false);
}

Result<Types> inferComparison(const InferContext &context) {
  Types types =
      RUNE_TRY(inferPair(context, true, context.node.op == Op::Equal));
  types[0].dtype = DType::Bool;
  return types;
}

Result<Types> inferLogical(const InferContext &context) {
  return inferPair(context, false, true);
}

/// A run of numbers that may become bool: 1 or 0 of any type.
template <class N>
static void writeBools(const N *from, const ElementRun &run, Tensor &result) {
  auto *to = elementsOf<uint8_t>(result) + run.start;
  for (int64_t i = 0; i < run.count; ++i)
    to[i] = from[i] != 0;
}

template <class N>
Result<Tensors> evaluatePairs(const EvalContext &context, PairRun<N> compute) {
  Tensor result = RUNE_TRY(context.allocate());
  const TensorView &left = context.input(0), &right = context.input(1);
  std::array strides{stretchedStrides(left.sizes, result.sizes()),
                     stretchedStrides(right.sizes, result.sizes()),
                     rowMajorStrides(result.sizes())};
  Numbers<N> a(left), b(right);
  bool isBool = result.dtype() == DType::Bool;
  NumberSink<N> out(isBool ? left.dtype : result.dtype(),
                    result.bytes().data());
  RunBuffer<N> as, bs;
  RUNE_TRY(eachRow<3>(context.budget, result.sizes(), strides,
                      [&](const Row<3> &row) -> Result<> {
                        for (int64_t done = 0; done < row.count;
                             done += runLength) {
                          ElementRun to{row.start[2] + done, 1,
                                        std::min(row.count - done, runLength)};
                          a.read(row.run(0).piece(done), as.data());
                          b.read(row.run(1).piece(done), bs.data());
                          compute(as.data(), bs.data(), to.count);
                          if (isBool)
                            writeBools(as.data(), to, result);
                          else
                            out.write(as.data(), to);
                        }
                        return {};
                      }));
  return single(std::move(result));
}

template Result<Tensors> evaluatePairs<float>(const EvalContext &,
                                              PairRun<float>);
template Result<Tensors> evaluatePairs<double>(const EvalContext &,
                                               PairRun<double>);
template Result<Tensors> evaluatePairs<int64_t>(const EvalContext &,
                                                PairRun<int64_t>);
template Result<Tensors> evaluatePairs<uint64_t>(const EvalContext &,
                                                 PairRun<uint64_t>);

} // namespace rune::graph
