// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "graph/ops/scatter.h"

#include "graph/ops/move.h"

namespace rune::graph {

AttributeSpec reductionSpec() {
  return {"reduction",
          AttributeKind::Text,
          std::string("none"),
          {"none", "add", "mul", "max", "min"}};
}

Result<> checkReduction(const InferContext &context, int rule) {
  bool combines = context.node.text("reduction") != "none";
  // scatter_elements.5 scatter_nd.4: one type, numbers where they are combined
  if (context.dtype(0) != context.dtype(2) ||
      (combines && !isNumeric(context.dtype(0))))
    return context.fail(rule, "updates {} of {} (reduction `{}`)",
                        context.type(2).str(), context.type(0).str(),
                        context.node.text("reduction"));
  return {};
}

namespace {

enum class Reduction : uint8_t { Add, Mul, Max, Min };

Reduction reductionOf(std::string_view name) {
  if (name == "add")
    return Reduction::Add;
  if (name == "mul")
    return Reduction::Mul;
  if (name == "max")
    return Reduction::Max;
  RUNE_CHECK(name == "min", "an allowed reduction");
  return Reduction::Min;
}

/// NaN wins in min and max.
template <class N> N combined(Reduction reduction, N x, N update) {
  switch (reduction) {
  case Reduction::Add:
    return addWrapping(x, update);
  case Reduction::Mul:
    return mulWrapping(x, update);
  case Reduction::Max:
    return isNan(x) || (!isNan(update) && !(update > x)) ? x : update;
  default:
    return isNan(x) || (!isNan(update) && !(update < x)) ? x : update;
  }
}

Result<Tensors> moveUpdates(const EvalContext &context, int64_t count,
                            FunctionRef<Result<>(SetElement)> walk) {
  const size_t inputs[] = {0, 2};
  return single(RUNE_TRY(
      moveElements(context, inputs, [&](auto &ins, auto *out) -> Result<> {
        if (!context.budget.spend(static_cast<uint64_t>(count)))
          return context.budget.expired();
        for (int64_t i = 0; i < count; ++i)
          out[i] = ins[0][i];
        return walk([&](int64_t to, int64_t from) { out[to] = ins[1][from]; });
      })));
}

} // namespace

Result<Tensors> evaluateScatter(const EvalContext &context,
                                FunctionRef<Result<>(SetElement set)> walk) {
  auto count =
      static_cast<int64_t>(RUNE_TRY(elementCount(context.input(0).sizes)));
  const std::string &name = context.node.text("reduction");
  if (name == "none")
    return moveUpdates(context, count, walk);
  Reduction reduction = reductionOf(name);
  RUNE_TRY(context.budget.reserve(context.input(0).data.size()));
  Tensor result = RUNE_TRY(Tensor::copyOf(context.input(0)));
  RUNE_TRY(withNumbers(result.dtype(), [&]<class N>(Type<N>) {
    Numbers<N> x(result.view()), updates(context.input(2));
    NumberSink<N> out(result);
    return walk([&](int64_t to, int64_t from) {
      out.set(to, combined(reduction, x[to], updates[from]));
    });
  }));
  return single(std::move(result));
}

} // namespace rune::graph
