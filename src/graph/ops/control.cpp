// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "graph/ops/control.h"

#include <algorithm>

namespace rune::graph {

Result<bool> Stack::add(const PlanContext &context, const Item &item) {
  if (!tensors_.empty() &&
      !std::ranges::equal(tensors_.front()->view.sizes, item.view().sizes))
    return false;
  // tensors of no bytes take some too
  constexpr uint64_t each =
      sizeof(HeldTensor) + sizeof(SharedTensor) + sizeof(Paid);
  RUNE_TRY(context.budget.reserve(each));
  paid_.emplace_back(context.budget, each);
  tensors_.push_back(item.tensor);
  return true;
}

Result<Item> Stack::finish(const PlanContext &context, const ValueType &element,
                           size_t axis, bool backwards) const {
  std::vector<int64_t> sizes;
  std::vector<TensorView> views;
  for (const SharedTensor &tensor : tensors_)
    views.push_back(tensor->view);
  if (backwards)
    std::ranges::reverse(views);
  if (!views.empty())
    sizes.assign(views[0].sizes.begin(), views[0].sizes.end());
  else
    for (const Dim &dim : element.dims)
      sizes.push_back(dim.isFixed() ? dim.size() : 0);
  if (sizes.size() >= maxRank)
    return error(context.code, "`{}` ({}): stacks tensors of {} dimensions",
                 context.node.name, opName(context.node.op), sizes.size());
  axis = std::min(axis, sizes.size());
  return context.own(RUNE_TRY(stackPieces(context.budget, element.dtype,
                                          std::move(sizes), views, axis)));
}

std::string Stack::sizes() const {
  return fmt::format("[{}]", fmt::join(tensors_.front()->view.sizes, ", "));
}

ValueType stacked(ValueType element, Dim length, size_t axis) {
  if (element.ranked)
    element.dims.insert(element.dims.begin() +
                            static_cast<std::ptrdiff_t>(axis),
                        std::move(length));
  return element;
}

} // namespace rune::graph
