// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// expand(x, shape): x stretched to what it and the shape broadcast to.
//
// source  ONNX Expand-13
#include "graph/known_elements.h"
#include "graph/ops/move.h"
#include "graph/rows.h"

namespace rune::graph {

static std::vector<std::string> namesOf(const Dims &dims) {
  std::vector<std::string> names;
  for (const Dim &dim : dims)
    names.push_back(dim.str());
  return names;
}

static Result<Types> infer(const InferContext &context) {
  const TensorType &x = context.type(0), &shape = context.type(1);
  // expand.1: i64[r]
  if (shape.dtype != DType::I64 || shape.dims.size() != 1 ||
      (shape.dims[0].isFixed() &&
       shape.dims[0].size() > static_cast<int64_t>(maxRank)))
    return context.fail(1, "the shape is {}, must be i64[r], r at most {}",
                        shape.str(), maxRank);
  if (!shape.dims[0].isFixed())
    return Types{ValueType::of(Form::Tensor, x.dtype, std::nullopt)};
  auto wanted = knownIntegers(context, 1);
  Dims dims = knownElements(context, 1)
                  .value_or(Dims(static_cast<size_t>(shape.dims[0].size())));
  auto result = broadcast(x.dims, dims);
  bool negative = false;
  for (int64_t size : wanted.value_or(std::vector<int64_t>()))
    negative |= size < 0;
  // expand.2: sizes that x stretches to
  if (negative || !result)
    return context.fail(
        2, "{} does not stretch to [{}]", x.str(),
        wanted ? fmt::format("{}", fmt::join(*wanted, ", "))
               : fmt::format("{}", fmt::join(namesOf(dims), ", ")));
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

/// One element, as often as the shape says.
static std::optional<Dims> elements(const InferContext &context) {
  auto x = knownElements(context, 0);
  auto shape = knownIntegers(context, 1);
  auto count = shape ? elementCount(*shape) : Result<uint64_t>(0);
  if (!x || x->size() != 1 || !shape || !count ||
      *count > static_cast<uint64_t>(maxKnownElements))
    return std::nullopt;
  return Dims(*count, x->front());
}

OpDefinition defineExpand() {
  return {{2, 2}, {1, 1}, {}, infer, evaluate, nullptr, false, elements};
}

} // namespace rune::graph
