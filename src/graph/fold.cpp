// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "graph/fold.h"

#include "graph/ops.h"
#include "graph/ops/common.h"

#include <algorithm>

namespace rune::graph {

namespace {

/// Operators whose cost is about that of their inputs and results, and whose
/// results follow from their inputs alone.
bool isCheap(Op op) {
  switch (op) {
#define RUNE_FOLDED(enumerator) case Op::enumerator:
#include "graph/folded.def"
#undef RUNE_FOLDED
    return true;
  default:
    return false;
  }
}

Tensor tensorOf(const TensorType &type, const Dims &elements) {
  auto tensor = Tensor::zeros(type.dtype, type.sizes());
  RUNE_CHECK(tensor, "a small tensor");
  for (size_t i = 0; i < elements.size(); ++i)
    if (type.dtype == DType::I64)
      tensor->as<int64_t>()[i] = elements[i].size();
    else if (type.dtype == DType::I32)
      tensor->as<int32_t>()[i] = static_cast<int32_t>(elements[i].size());
    else
      tensor->bytes()[i] = elements[i].size() != 0;
  return *std::move(tensor);
}

std::optional<Tensors> known(const InferContext &context, const Types &types) {
  KnownElements elements;
  elements.note(context, types);
  const Dims *all = elements.of(context.node.outputs[0]);
  if (!all || !std::ranges::all_of(*all, &Dim::isFixed))
    return std::nullopt;
  return single(tensorOf(types[0], *all));
}

} // namespace

bool Folder::mayFold(const InferContext &context, const Types &types) {
  uint64_t elements = 0;
  for (size_t i = 0; i < context.inputs(); ++i) {
    if (!context.has(i))
      continue;
    if (!context.values[i])
      return false;
    auto count = elementCount(context.values[i]->sizes);
    if (!count || (elements += *count) > maxFoldedElements)
      return false;
  }
  for (const ValueType &type : types) {
    // what depends on the data has no more elements than its inputs have bytes
    if (!type.isTensor() || !type.isStatic())
      return false;
    auto count = elementCount(type.sizes());
    if (!count || (elements += *count) > 2 * maxFoldedElements)
      return false;
    // weights keep their 8 bits for whoever computes in them
    if (context.node.op == Op::Dequantize && *count > 1)
      return false;
  }
  work_ += elements + 1;
  return work_ <= maxWork;
}

Result<std::optional<Tensors>> Folder::fold(const InferContext &context,
                                            const Types &types) {
  std::optional<Tensors> none;
  if (!isCheap(context.node.op) ||
      !std::ranges::all_of(types, &ValueType::isTensor))
    return none;
  if (auto constants = known(context, types))
    return constants;
  if (!mayFold(context, types))
    return none;
  EvaluateLimits limits;
  limits.memoryBytes = uint64_t{64} << 20;
  Budget budget(limits);
  EvalContext evaluated{context, types, budget};
  auto results = definitionOf(context.node.op).evaluate(evaluated);
  if (!results &&
      (refused_ == Refused::Kept || results.error().code != context.code))
    return none;
  if (!results)
    return std::move(results).error();
  return std::optional(*std::move(results));
}

} // namespace rune::graph
