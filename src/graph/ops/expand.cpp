// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// expand(x, shape): x stretched to what it and the shape broadcast to.
//
// source  ONNX Expand-13
#include "graph/ops/move.h"
#include "graph/rows.h"

namespace rune::graph {

static Result<Types> infer(const InferContext &context) {
  const TensorType &x = context.type(0), &shape = context.type(1);
  // expand.1: i64[r], r known
  if (shape.dtype != DType::I64 || shape.dims.size() != 1 ||
      !shape.dims[0].isFixed() ||
      shape.dims[0].size() > static_cast<int64_t>(maxRank))
    return context.fail(1, "the shape is {}, must be i64[r], r at most {}",
                        shape.str(), maxRank);
  auto wanted = context.integers(1);
  Dims dims(static_cast<size_t>(shape.dims[0].size()));
  for (size_t i = 0; wanted && i < dims.size(); ++i)
    dims[i] = (*wanted)[i] < 0 ? Dim::unknown() : Dim((*wanted)[i]);
  auto result = broadcast(x.dims, dims);
  bool negative = false;
  for (int64_t size : wanted.value_or(std::vector<int64_t>()))
    negative |= size < 0;
  // expand.2: sizes that x stretches to
  if (negative || !result)
    return context.fail(2, "{} does not stretch to [{}]", x.str(),
                        fmt::join(*wanted, ", "));
  return Types{{x.dtype, *result}};
}

static Result<Tensors> evaluate(const EvalContext &context) {
  std::vector<int64_t> sizes = context.results[0].sizes();
  const size_t inputs[] = {0};
  return single(RUNE_TRY(
      moveElements(context, inputs, [&](auto &ins, auto *out) -> Result<> {
        std::array strides{stretchedStrides(context.input(0).sizes, sizes),
                           rowMajorStrides(sizes)};
        return eachRow(
            context.budget, sizes, strides, [&](const Row<2> &row) -> Result<> {
              for (int64_t i = 0; i < row.count; ++i)
                out[row.start[1] + i] = ins[0][row.start[0] + i * row.step[0]];
              return {};
            });
      })));
}

OpDefinition defineExpand() { return {{2, 2}, {1, 1}, {}, infer, evaluate}; }

} // namespace rune::graph
