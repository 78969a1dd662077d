// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// sequence_split(x, sizes?) cuts a tensor into a sequence along an axis,
// sequence_concat(s) joins one.
//
// source  ONNX SplitToSequence-24, ConcatFromSequence-11
#include "graph/ops/sequence.h"

#include <algorithm>

namespace rune::graph {

namespace {

Result<Types> inferSplit(const InferContext &context) {
  // sequence_split.1: a tensor of a known rank
  if (!context.type(0).isTensor())
    return context.fail(1, "{} is no tensor of a known number of dimensions",
                        context.type(0).str());
  ValueType piece = context.type(0);
  int64_t axis = context.node.integer("axis");
  // sequence_split.2: 0 ≤ axis < rank
  if (axis < 0 || axis >= static_cast<int64_t>(piece.dims.size()))
    return context.fail(2, "`axis` is {}, must be in [0, {})", axis,
                        piece.dims.size());
  // sequence_split.3: the sizes are i32 or i64, one or a vector
  if (context.has(1) && (context.type(1).form != Form::Tensor ||
                         !isIndex(context.dtype(1)) || context.rank(1) > 1))
    return context.fail(3, "the sizes are {}, must be i32 or i64",
                        context.type(1).str());
  int64_t keep = context.node.integer("keep_dims");
  // sequence_split.4: `keep_dims` is 0 or 1, and 0 needs pieces of size 1
  if (keep >> 1 != 0 || (keep == 0 && context.has(1)))
    return context.fail(4, "`keep_dims` is {}", keep);
  auto at = piece.dims.begin() + static_cast<std::ptrdiff_t>(axis);
  if (keep == 0)
    piece.dims.erase(at);
  else
    *at = context.has(1) ? Dim::unknown() : Dim(1);
  return Types{sequenceOf(std::move(piece))};
}

/// The sizes of the pieces.
Result<std::vector<int64_t>> pieceSizes(const PlanContext &context,
                                        int64_t whole) {
  std::vector<int64_t> sizes;
  const auto &given = context.values[1];
  if (!context.has(1) || given->sizes.empty()) {
    int64_t each = context.has(1) ? context.number(1) : 1;
    // sequence_split.5: sizes are not negative; one alone is positive
    if (each < 1)
      return context.fail(5, "pieces of {}", each);
    for (int64_t at = 0; at < whole; at += std::min(each, whole - at))
      sizes.push_back(std::min(each, whole - at));
    return sizes;
  }
  int64_t sum = 0;
  Indices numbers(*given);
  for (int64_t i = 0; i < given->sizes[0]; ++i) {
    if (numbers[i] < 0)
      return context.fail(5, "pieces of {}", numbers[i]);
    sizes.push_back(numbers[i]);
    // sequence_split.6: several add up to the size of the axis
    if (numbers[i] > whole - sum)
      return context.fail(6, "the sizes add up to more than {}", whole);
    sum += numbers[i];
  }
  if (sum != whole)
    return context.fail(6, "the sizes add up to {}, not {}", sum, whole);
  return sizes;
}

Result<Items> planSplit(const PlanContext &context) {
  const TensorView &x = context.items[0].view();
  size_t axis = static_cast<size_t>(context.node.integer("axis"));
  bool keep = context.node.integer("keep_dims") != 0;
  // a size of 2^40 beside one of 0 has no bytes: pay for the list first
  bool several = context.has(1) && !context.values[1]->sizes.empty();
  int64_t each =
      context.has(1) && !several ? std::max<int64_t>(context.number(1), 1) : 1;
  auto count = static_cast<uint64_t>(several ? context.values[1]->sizes[0]
                                             : x.sizes[axis] / each +
                                                   (x.sizes[axis] % each != 0));
  uint64_t bytes = 0;
  if (__builtin_mul_overflow(count, sizeof(HeldTensor) + 128, &bytes))
    return error("evaluate.memory-limit", "a sequence of {} tensors", count);
  RUNE_TRY(context.budget.reserve(bytes));
  Paid paid(context.budget, bytes);
  std::vector<int64_t> sizes = RUNE_TRY(pieceSizes(context, x.sizes[axis]));
  std::vector<SharedTensor> tensors;
  int64_t begin = 0;
  for (int64_t size : sizes) {
    if (!context.budget.spend(1))
      return context.budget.expired();
    tensors.push_back(
        context
            .own(RUNE_TRY(cutPiece(context.budget, x, axis, begin, size, keep)))
            .tensor);
    begin += size;
  }
  return Items{RUNE_TRY(context.list(x.dtype, std::move(tensors)))};
}

Result<Types> inferConcat(const InferContext &context) {
  // sequence_concat.1: of a sequence
  if (!isSequence(context.type(0)))
    return context.fail(1, "{} is no sequence", context.type(0).str());
  int64_t isNew = context.node.integer("new_axis");
  // sequence_concat.2: `new_axis` is 0 or 1
  if (isNew >> 1 != 0)
    return context.fail(2, "`new_axis` is {}, must be 0 or 1", isNew);
  ValueType result = elementOf(context.type(0));
  int64_t axis = context.node.integer("axis");
  if (!result.ranked)
    return Types{result};
  auto end = static_cast<int64_t>(result.dims.size()) + isNew;
  // sequence_concat.3: `axis` is one of the result's, counted from either end
  if (axis < -end || axis >= end)
    return context.fail(3, "`axis` is {}, must be in [{}, {})", axis, -end,
                        end);
  auto at = result.dims.begin() + (axis < 0 ? axis + end : axis);
  if (isNew != 0)
    result.dims.insert(at, Dim::unknown());
  else
    *at = Dim::unknown();
  return Types{result};
}

Result<Items> planConcat(const PlanContext &context) {
  const auto &tensors = tensorsOf(context.items[0]);
  // sequence_concat.4: there is at least one
  if (tensors.empty())
    return context.fail(4, "an empty sequence");
  bool isNew = context.node.integer("new_axis") != 0;
  std::span<const int64_t> first = tensors[0]->view.sizes;
  auto end = static_cast<int64_t>(first.size()) + isNew;
  int64_t axis = context.node.integer("axis");
  if (axis < -end || axis >= end)
    return context.fail(3, "`axis` is {}, must be in [{}, {})", axis, -end,
                        end);
  auto at = static_cast<size_t>(axis < 0 ? axis + end : axis);
  std::vector<TensorView> views;
  for (const SharedTensor &tensor : tensors) {
    views.push_back(tensor->view);
    std::span<const int64_t> sizes = tensor->view.sizes;
    bool fits = sizes.size() == first.size();
    for (size_t d = 0; fits && d < sizes.size(); ++d)
      fits = sizes[d] == first[d] || (!isNew && d == at);
    // sequence_concat.5: all have one size, but for the axis
    if (!fits)
      return context.fail(5, "a tensor of [{}] beside one of [{}]",
                          fmt::join(sizes, ", "), fmt::join(first, ", "));
  }
  if (!isNew)
    return Items{context.own(RUNE_TRY(joinPieces(context.budget, views, at)))};
  return Items{context.own(
      RUNE_TRY(stackPieces(context.budget, context.items[0].dtype,
                           {first.begin(), first.end()}, views, at)))};
}

} // namespace

OpDefinition defineSequenceSplit() {
  OpDefinition op{
      {1, 2},
      {1, 1},
      {{"axis", AttributeKind::Integer, AttributeValue(int64_t{0}), {}},
       flagSpec("keep_dims", 1)},
      inferSplit,
      nullptr};
  op.complete = [](const InferContext &context,
                   std::vector<Attribute> &attributes) {
    completeAxis(context, attributes, "axis");
  };
  op.plan = planSplit;
  return op;
}

OpDefinition defineSequenceConcat() {
  OpDefinition op{{1, 1},
                  {1, 1},
                  {{"axis", AttributeKind::Integer, std::nullopt, {}},
                   flagSpec("new_axis")},
                  inferConcat,
                  nullptr};
  op.plan = planConcat;
  return op;
}

} // namespace rune::graph
