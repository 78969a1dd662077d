// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// tile(x, repeats): x side by side, so often along each dimension.
//
// source  ONNX Tile-13
#include "graph/known_elements.h"
#include "graph/ops/move.h"
#include "graph/rows.h"

namespace rune::graph {

static Result<Types> infer(const InferContext &context) {
  const TensorType &x = context.type(0), &repeats = context.type(1);
  // tile.1: i64, one for each dimension
  if (repeats.dtype != DType::I64 || repeats.dims.size() != 1 ||
      !unify(repeats.dims[0], Dim(static_cast<int64_t>(x.dims.size()))))
    return context.fail(1, "repeats are {}, must be i64[{}]", repeats.str(),
                        x.dims.size());
  auto times = knownIntegers(context, 1);
  auto open = knownElements(context, 1);
  TensorType result = x;
  for (size_t i = 0; i < x.dims.size(); ++i) {
    int64_t size = 0;
    if (!times || (!x.dims[i].isFixed() && (*times)[i] != 1)) {
      result.dims[i] =
          open ? productOf(std::array{x.dims[i], (*open)[i]}) : Dim::unknown();
      if (!times || (*times)[i] >= 0)
        continue;
    }
    // tile.2: sizes
    if ((*times)[i] < 0 ||
        (x.dims[i].isFixed() &&
         __builtin_mul_overflow(x.dims[i].size(), (*times)[i], &size)))
      return context.fail(2, "dimension {} of {} cannot stand {} times", i,
                          x.str(), (*times)[i]);
    if (x.dims[i].isFixed())
      result.dims[i] = size;
  }
  return Types{result};
}

static Result<Tensors> evaluate(const EvalContext &context) {
  std::vector<int64_t> sizes = context.results[0].sizes();
  std::span<const int64_t> x = context.input(0).sizes;
  // a dimension [n · r] is walked as [r, n], where r does not move in x
  std::vector<int64_t> walked;
  Strides from, own = rowMajorStrides(x);
  for (size_t i = 0; i < sizes.size(); ++i) {
    walked.insert(walked.end(), {x[i] == 0 ? 0 : sizes[i] / x[i], x[i]});
    from.insert(from.end(), {0, own[i]});
  }
  const size_t inputs[] = {0};
  return single(RUNE_TRY(
      moveElements(context, inputs, [&](auto &ins, auto *out) -> Result<> {
        std::array strides{from, rowMajorStrides(walked)};
        return eachRow(context.budget, walked, strides,
                       [&](const Row<2> &row) -> Result<> {
                         for (int64_t i = 0; i < row.count; ++i)
                           out[row.start[1] + i] =
                               ins[0][row.start[0] + i * row.step[0]];
                         return {};
                       });
      })));
}

OpDefinition defineTile() { return {{2, 2}, {1, 1}, {}, infer, evaluate}; }

} // namespace rune::graph
