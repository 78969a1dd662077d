// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "graph/known_elements.h"

#include "graph/context.h"
#include "graph/dims.h"

#include <algorithm>

namespace rune::graph {

namespace {

bool isFollowed(DType dtype) {
  return dtype == DType::I64 || dtype == DType::I32 || dtype == DType::Bool;
}

int64_t elementAt(const TensorView &view, size_t index) {
  const uint8_t *at = view.data.data() + index * dtypeBytes(view.dtype);
  return view.dtype == DType::I64   ? loadUnaligned<int64_t>(at)
         : view.dtype == DType::I32 ? loadUnaligned<int32_t>(at)
                                    : *at != 0;
}

/// A size, or unknown.
Dim sizeOf(int64_t number) { return number < 0 ? Dim::unknown() : Dim(number); }

/// Numbers that do not fit the element type are not known: it wraps.
Dim fitting(const Dim &dim, DType dtype) {
  bool tooBig = dtype == DType::I32 && dim.isFixed() && dim.size() > INT32_MAX;
  return tooBig ? Dim::unknown() : dim;
}

} // namespace

std::optional<Dims> knownElements(const InferContext &context, size_t input) {
  if (!context.has(input) || !isFollowed(context.dtype(input)))
    return std::nullopt;
  if (const auto &view = context.values[input]) {
    size_t count = view->data.size() / dtypeBytes(view->dtype);
    if (count > static_cast<size_t>(maxKnownElements))
      return std::nullopt;
    Dims elements;
    for (size_t i = 0; i < count; ++i)
      elements.push_back(sizeOf(elementAt(*view, i)));
    return elements;
  }
  return input < context.elements.size() ? context.elements[input]
                                         : std::nullopt;
}

std::optional<std::vector<int64_t>> knownIntegers(const InferContext &context,
                                                  size_t input) {
  if (!context.has(input) || !isFollowed(context.dtype(input)))
    return std::nullopt;
  std::vector<int64_t> numbers;
  if (const auto &view = context.values[input]) {
    numbers.resize(view->data.size() / dtypeBytes(view->dtype));
    for (size_t i = 0; i < numbers.size(); ++i)
      numbers[i] = elementAt(*view, i);
    return numbers;
  }
  auto elements = knownElements(context, input);
  if (!elements)
    return std::nullopt;
  for (const Dim &element : *elements) {
    if (!element.isFixed())
      return std::nullopt;
    numbers.push_back(element.size());
  }
  return numbers;
}

std::optional<Dims> pairElements(const InferContext &context,
                                 Dim (*compute)(const Dim &, const Dim &)) {
  auto a = knownElements(context, 0), b = knownElements(context, 1);
  if (!a || !b || context.rank(0) > 1 || context.rank(1) > 1 ||
      (a->size() != b->size() && a->size() != 1 && b->size() != 1))
    return std::nullopt;
  Dims result(a->size() == 1 ? b->size() : a->size());
  for (size_t i = 0; i < result.size(); ++i)
    result[i] =
        compute((*a)[a->size() == 1 ? 0 : i], (*b)[b->size() == 1 ? 0 : i]);
  return result;
}

std::optional<Dims> sameElements(const InferContext &context) {
  return knownElements(context, 0);
}

void KnownElements::addTo(const Node &node, InferContext &context) const {
  context.elements.assign(node.inputs.size(), std::nullopt);
  if (known_.empty())
    return;
  for (size_t i = 0; i < node.inputs.size(); ++i)
    if (const Dims *known = of(node.inputs[i]))
      context.elements[i] = *known;
}

void KnownElements::note(const InferContext &context, const Types &types) {
  const OpDefinition &op = definitionOf(context.node.op);
  if (!op.elements || hasOpen(context) || types.size() != 1 ||
      !types[0].isTensor() || !isFollowed(types[0].dtype) ||
      !types[0].isStatic())
    return;
  auto count = elementCount(types[0].sizes());
  if (!count || *count > static_cast<uint64_t>(maxKnownElements))
    return;
  auto elements = op.elements(context);
  if (!elements || elements->size() != *count)
    return;
  for (Dim &element : *elements)
    element = fitting(element, types[0].dtype);
  if (!std::ranges::all_of(*elements, &Dim::isUnknown) || elements->empty())
    known_[context.node.outputs[0]] = *std::move(elements);
}

const Dims *KnownElements::of(ValueId value) const {
  auto found = known_.find(value);
  return found == known_.end() ? nullptr : &found->second;
}

} // namespace rune::graph
