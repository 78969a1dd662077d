// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// matmul_integer(a, b, bias, a_zero_point, b_zero_point): matmul on integers.
// Sums wrap in the accumulator.
//
// source  ONNX MatMulInteger-10
#include "graph/ops/convolution.h"
#include "graph/ops/matrices.h"

namespace rune::graph {

namespace {

Result<> checkZeroPoint(const InferContext &context, size_t input,
                        const Dim &several) {
  if (!context.has(input))
    return {};
  const TensorType &type = context.type(input);
  const TensorType &operand = context.type(input - 3);
  // matmul_integer.7: zero points of the operands
  bool isVector = type.dims.size() == 1 && unify(type.dims[0], several);
  if (type.dtype != operand.dtype || (!isSingle(type) && !isVector))
    return context.fail(7, "zero point {} does not go with {}", type.str(),
                        operand.str());
  return {};
}

Result<Types> infer(const InferContext &context) {
  const TensorType &a = context.type(0), &b = context.type(1);
  DType sum = *dtypeNamed(context.node.text("accumulator"));
  // matmul_integer.1: small integers, bias as the sums
  if (!isQuantized(a.dtype) || !isQuantized(b.dtype) ||
      (context.has(2) && context.dtype(2) != sum))
    return context.fail(1,
                        "needs i8, u8, i16 or u16 and a bias of {}, got {}, "
                        "{}{}{}",
                        dtypeName(sum), a.str(), b.str(),
                        context.has(2) ? " and " : "",
                        context.has(2) ? context.type(2).str() : "");
  ProductType product = RUNE_TRY(inferProduct(context));
  // matmul_integer.6: bias[N]
  if (context.has(2) &&
      (context.rank(2) != 1 || !unify(context.dims(2)[0], product.columns)))
    return context.fail(6, "bias is {}, must be [{}]", context.type(2).str(),
                        product.columns.str());
  RUNE_TRY(checkZeroPoint(context, 3, Dim(1)));
  RUNE_TRY(checkZeroPoint(context, 4, product.columns));
  return Types{{sum, product.dims}};
}

/// Products of what is left of two runs without their zero points, added up.
class IntegerDot {
public:
  IntegerDot(const EvalContext &context, int64_t aZero)
      : a_(context.input(0)), b_(context.input(1)), aZero_(aZero) {}

  int64_t operator()(int64_t sum, const ElementRun &a, const ElementRun &b,
                     int64_t bZero) {
    for (int64_t done = 0; done < a.count; done += runLength) {
      ElementRun piece = a.piece(done);
      a_.read(piece, as_.data());
      b_.read(b.piece(done), bs_.data());
      for (size_t i = 0; i < static_cast<size_t>(piece.count); ++i)
        sum = addWrapping(sum, (as_[i] - aZero_) * (bs_[i] - bZero));
    }
    return sum;
  }

private:
  Numbers<int64_t> a_, b_;
  int64_t aZero_;
  RunBuffer<int64_t> as_, bs_;
};

/// Sums are kept in 64 bits and wrapped at the end.
Result<> multiply(const EvalContext &context, Tensor &result) {
  Product product = productOf(context);
  uint64_t scratch =
      static_cast<uint64_t>(product.columns) * 2 * sizeof(int64_t);
  RUNE_TRY(context.budget.reserve(scratch));
  IntegerDot dot(context, zeroPointsOf(context, 3, 1)[0]);
  auto zeros = zeroPointsOf(context, 4, product.columns);
  auto bias = biasOf(context, 2, product.columns);
  NumberSink<int64_t> out(result);
  RUNE_TRY(eachProduct(
      context, product, [&](int64_t to, int64_t aAt, int64_t bAt, int64_t j) {
        auto column = static_cast<size_t>(j);
        out.set(to, dot(bias[column], {aAt, product.a.column, product.inner},
                        {bAt, product.b.row, product.inner}, zeros[column]));
      }));
  context.budget.release(scratch);
  return {};
}

Result<Tensors> evaluate(const EvalContext &context) {
  Tensor result = RUNE_TRY(context.allocate());
  if (result.count() > 0)
    RUNE_TRY(multiply(context, result));
  return single(std::move(result));
}

} // namespace

OpDefinition defineMatMulInteger() {
  return {{2, 5},
          {1, 1},
          {integerAccumulatorSpec(), flagSpec("transpose_a"),
           flagSpec("transpose_b")},
          infer,
          evaluate};
}

} // namespace rune::graph
