// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// slice(x, starts, ends, axes, steps): numpy's x[start:end:step] along each of
// the axes. Negative starts and ends count from the end, then both are clamped
// to what the step can reach.
//
// source  ONNX Slice-13, numpy
#include "graph/known_elements.h"
#include "graph/ops/move.h"
#include "graph/rows.h"

#include <algorithm>

namespace rune::graph {

namespace {

struct Cut {
  int64_t start = 0;
  int64_t end = INT64_MAX;
  int64_t step = 1;

  bool isWhole() const { return start == 0 && end == INT64_MAX && step == 1; }
};

/// What is left of a dimension: the first element and how many.
struct Kept {
  int64_t first = 0;
  int64_t count = 0;
};

Result<> checkOperands(const InferContext &context) {
  // slice.1: i64[n], n ≤ rank
  Dim count = Dim::unknown();
  for (size_t i = 1; i < context.inputs(); ++i) {
    if (!context.has(i))
      continue;
    const TensorType &list = context.type(i);
    bool isList = list.dtype == DType::I64 && list.dims.size() == 1;
    auto both = isList ? unify(count, list.dims[0]) : std::nullopt;
    if (!both || (both->isFixed() &&
                  both->size() > static_cast<int64_t>(context.rank(0))))
      return context.fail(1,
                          "input {} is {}, all must be i64[n] with n at most "
                          "{}",
                          i, list.str(), context.rank(0));
    count = *both;
  }
  return {};
}

/// The cuts of all dimensions; nothing while they are not known.
Result<std::optional<std::vector<Cut>>> cutsOf(const InferContext &context) {
  size_t rank = context.rank(0);
  std::optional<std::vector<Cut>> none;
  auto starts = knownIntegers(context, 1), ends = knownIntegers(context, 2);
  std::vector<int64_t> axes(starts ? starts->size() : 0), steps(axes.size(), 1);
  for (size_t i = 0; i < axes.size(); ++i)
    axes[i] = static_cast<int64_t>(i);
  for (auto [input, list] :
       {std::pair{size_t{3}, &axes}, std::pair{size_t{4}, &steps}}) {
    if (!context.has(input))
      continue;
    auto given = knownIntegers(context, input);
    if (!given)
      return none;
    *list = *given;
  }
  if (!starts || !ends)
    return none;
  std::vector<Cut> cuts(rank);
  std::vector<bool> seen(rank);
  for (size_t i = 0; i < axes.size(); ++i) {
    int64_t axis = fromEnd(axes[i], rank);
    // slice.2: axes in [-rank, rank), each once
    if (axis < 0 || axis >= static_cast<int64_t>(rank) || seen[axis])
      return context.fail(2, "axes [{}] are not distinct dimensions of {}",
                          fmt::join(axes, ", "), context.type(0).str());
    // slice.3: no step is 0
    if (steps[i] == 0)
      return context.fail(3, "step {} is 0", i);
    seen[axis] = true;
    cuts[axis] = {(*starts)[i], (*ends)[i], steps[i]};
  }
  return std::optional(std::move(cuts));
}

Kept keptOf(const Cut &cut, int64_t size) {
  int64_t low = cut.step > 0 ? 0 : -1;
  int64_t high = cut.step > 0 ? size : size - 1;
  auto place = [&](int64_t at) {
    return std::clamp(at < 0 ? at + size : at, low, std::max(low, high));
  };
  int64_t start = place(cut.start), end = place(cut.end);
  int64_t room = cut.step > 0 ? end - start : start - end;
  if (room <= 0)
    return {0, 0};
  auto step = static_cast<uint64_t>(cut.step);
  if (cut.step < 0)
    step = 0 - step;
  return {start,
          static_cast<int64_t>((static_cast<uint64_t>(room) - 1) / step) + 1};
}

/// While not all numbers are known: the dimensions that stay as they are, since
/// no axis names them or what is cut is all of them by name.
Types inferOpen(const InferContext &context) {
  TensorType result = context.type(0);
  auto starts = knownElements(context, 1), ends = knownElements(context, 2);
  auto axes = knownIntegers(context, 3);
  auto steps = knownIntegers(context, 4);
  const Dim &count = context.dims(1)[0];
  if (!axes && !context.has(3) && count.isFixed())
    for (int64_t i = 0; i < count.size(); ++i)
      (axes ? *axes : axes.emplace()).push_back(i);
  if (!axes)
    return Types{{result.dtype, Dims(result.dims.size())}};
  for (size_t i = 0; i < axes->size(); ++i) {
    int64_t axis = fromEnd((*axes)[i], result.dims.size());
    if (axis < 0 || axis >= static_cast<int64_t>(result.dims.size()))
      continue; // refused when the cuts are known
    Dim &dim = result.dims[axis];
    bool whole = starts && ends && (*starts)[i] == Dim(0) && dim.isNamed() &&
                 (*ends)[i] == dim &&
                 (!context.has(4) || (steps && (*steps)[i] == 1));
    if (!whole)
      dim = Dim::unknown();
  }
  return Types{result};
}

Result<Types> infer(const InferContext &context) {
  RUNE_TRY(checkOperands(context));
  auto cuts = RUNE_TRY(cutsOf(context));
  if (!cuts)
    return inferOpen(context);
  TensorType result = context.type(0);
  for (size_t i = 0; i < result.dims.size(); ++i)
    if (result.dims[i].isFixed())
      result.dims[i] = keptOf((*cuts)[i], result.dims[i].size()).count;
    else if (!(*cuts)[i].isWhole())
      result.dims[i] = Dim::unknown();
  return Types{result};
}

Result<Tensors> evaluate(const EvalContext &context) {
  auto cuts = *RUNE_TRY(cutsOf(context));
  std::vector<int64_t> sizes = context.results[0].sizes();
  std::span<const int64_t> x = context.input(0).sizes;
  Strides from = rowMajorStrides(x);
  int64_t first = 0;
  bool empty = std::ranges::count(sizes, 0) > 0;
  for (size_t i = 0; i < sizes.size() && !empty; ++i) {
    first += keptOf(cuts[i], x[i]).first * from[i];
    // a step beyond the dimension is never taken, and must not overflow
    from[i] = sizes[i] > 1 ? from[i] * cuts[i].step : 0;
  }
  const size_t inputs[] = {0};
  return single(RUNE_TRY(
      moveElements(context, inputs, [&](auto &ins, auto *out) -> Result<> {
        std::array strides{from, rowMajorStrides(sizes)};
        return eachRow(context.budget, sizes, strides,
                       [&](const Row<2> &row) -> Result<> {
                         int64_t at = first + row.start[0];
                         for (int64_t i = 0; i < row.count; ++i)
                           out[row.start[1] + i] = ins[0][at + i * row.step[0]];
                         return {};
                       });
      })));
}

/// Of a vector of sizes.
std::optional<Dims> elements(const InferContext &context) {
  auto x = knownElements(context, 0);
  auto cuts = cutsOf(context);
  if (!x || context.rank(0) != 1 || !cuts || !*cuts)
    return std::nullopt;
  Cut cut = (**cuts)[0];
  Kept kept = keptOf(cut, static_cast<int64_t>(x->size()));
  Dims result;
  for (int64_t i = 0; i < kept.count; ++i)
    result.push_back((*x)[kept.first + i * cut.step]);
  return result;
}

} // namespace

OpDefinition defineSlice() {
  return {{3, 5}, {1, 1}, {}, infer, evaluate, nullptr, false, elements};
}

} // namespace rune::graph
