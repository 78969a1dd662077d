// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "graph/plan.h"

#include "graph/numeric.h"

#include <algorithm>

namespace rune::graph {

Item Item::borrowed(const TensorView &view) {
  auto held = std::make_shared<HeldTensor>();
  held->view = view;
  return {Form::Tensor, view.dtype, std::move(held), nullptr};
}

Item Item::of(Tensor tensor) {
  auto held = std::make_shared<HeldTensor>();
  held->own = std::move(tensor);
  held->view = held->own.view();
  DType dtype = held->view.dtype;
  return {Form::Tensor, dtype, std::move(held), nullptr};
}

Item Item::sequence(DType dtype, std::vector<Tensor> tensors) {
  auto list = std::make_shared<HeldList>();
  for (Tensor &tensor : tensors)
    list->tensors.push_back(of(std::move(tensor)).tensor);
  return {Form::Sequence, dtype, nullptr, std::move(list)};
}

Item Item::empty(Form form, DType dtype) {
  return {form, dtype, nullptr, nullptr};
}

std::string Item::str() const {
  if (tensor)
    return view().type().str();
  if (list)
    return fmt::format("a sequence of {} {}", list->tensors.size(),
                       dtypeName(dtype));
  return fmt::format("nothing of type {}", dtypeName(dtype));
}

Item PlanContext::own(Tensor tensor) const {
  Item item = Item::of(std::move(tensor));
  item.tensor->paid = Paid(budget, item.view().data.size());
  return item;
}

Result<Item> PlanContext::scalar(DType dtype, int64_t value) const {
  Tensor tensor = RUNE_TRY(budget.allocate(dtype, {}));
  if (dtype == DType::Bool)
    tensor.as<uint8_t>()[0] = value != 0;
  else
    tensor.as<int64_t>()[0] = value;
  return own(std::move(tensor));
}

Result<Item> PlanContext::list(DType dtype,
                               std::vector<SharedTensor> tensors) const {
  // the list, and for each of its tensors what keeps it
  uint64_t bytes = tensors.size() * (sizeof(SharedTensor) + sizeof(HeldTensor));
  if (!budget.spend(tensors.size()))
    return budget.expired();
  RUNE_TRY(budget.reserve(bytes));
  auto held = std::make_shared<HeldList>();
  held->tensors = std::move(tensors);
  held->paid = Paid(budget, bytes);
  return Item{Form::Sequence, dtype, nullptr, std::move(held)};
}

int64_t PlanContext::number(size_t input) const {
  const TensorView &view = *values[input];
  if (view.dtype == DType::Bool)
    return view.data[0] != 0;
  return view.dtype == DType::I32 ? Elements<int32_t>(view.data)[0]
                                  : Elements<int64_t>(view.data)[0];
}

ValueType typeOf(const Item &item, const ValueType &declared) {
  if (item.tensor) {
    ValueType type = item.view().type();
    type.form = item.form;
    return type;
  }
  ValueType type = declared;
  type.form = item.form;
  type.dtype = item.dtype;
  return type;
}

Result<> checkInterface(const Graph &graph) {
  auto check = [&](ValueId id, std::string_view what) -> Result<> {
    const Value &value = graph.values[id];
    if (value.type.isTensor())
      return {};
    return error("graph.interface",
                 "{} `{}` of the model is {}, only tensors of a known number "
                 "of dimensions can be passed",
                 what, value.name, value.type.str());
  };
  for (ValueId id : graph.inputs)
    RUNE_TRY(check(id, "input"));
  for (ValueId id : graph.outputs)
    RUNE_TRY(check(id, "output"));
  return {};
}

std::optional<ValueType> join(const ValueType &a, const ValueType &b) {
  if (a.dtype != b.dtype || a.form != b.form)
    return std::nullopt;
  if (!a.ranked || !b.ranked || a.dims.size() != b.dims.size())
    return ValueType::of(a.form, a.dtype, std::nullopt);
  ValueType both = a;
  for (size_t i = 0; i < both.dims.size(); ++i)
    if (both.dims[i] != b.dims[i])
      both.dims[i] = Dim::unknown();
  return both;
}

bool accepts(const ValueType &to, const ValueType &from) {
  if (to.dtype != from.dtype || to.form != from.form)
    return false;
  if (!to.ranked)
    return true;
  auto fits = [](const Dim &to, const Dim &from) {
    return to.isUnknown() || to == from;
  };
  return from.ranked && std::ranges::equal(to.dims, from.dims, fits);
}

bool BodyTypes::bind(const ValueType &inner, const ValueType &outer) {
  if (inner.dtype != outer.dtype || inner.form != outer.form)
    return false;
  if (!inner.ranked)
    return true;
  if (!outer.ranked || inner.dims.size() != outer.dims.size())
    return false;
  for (size_t i = 0; i < inner.dims.size(); ++i) {
    const Dim &in = inner.dims[i], &out = outer.dims[i];
    if (in.isFixed() && in != out)
      return false;
    if (!in.isNamed())
      continue;
    auto known = std::ranges::find(names_, in.name(),
                                   &std::pair<std::string, Dim>::first);
    if (known == names_.end())
      names_.emplace_back(in.name(), out);
    else if (known->second.isFixed() && out.isFixed() && known->second != out)
      return false;
    else if (known->second != out)
      known->second = Dim::unknown();
  }
  return true;
}

ValueType BodyTypes::outside(ValueType inner) const {
  for (Dim &dim : inner.dims) {
    if (!dim.isNamed())
      continue;
    auto known = std::ranges::find(names_, dim.name(),
                                   &std::pair<std::string, Dim>::first);
    dim = known == names_.end() ? Dim::unknown() : known->second;
  }
  return inner;
}

bool isScalar(const ValueType &type) {
  if (type.form != Form::Tensor)
    return false;
  return std::ranges::all_of(type.dims, [](const Dim &dim) {
    return !dim.isFixed() || dim == Dim(1);
  });
}

const ValueType &inputType(const Graph &body, size_t index) {
  return body.values[body.inputs[index]].type;
}
const ValueType &outputType(const Graph &body, size_t index) {
  return body.values[body.outputs[index]].type;
}

} // namespace rune::graph
