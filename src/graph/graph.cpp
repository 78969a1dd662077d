// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "graph/graph.h"

#include "graph/ops.h"

#include <algorithm>
#include <array>

namespace rune::graph {

namespace {

struct OpFacts {
  std::string_view name;
  uint16_t version;
};

constexpr auto facts = std::to_array<OpFacts>({
#define RUNE_OP(enumerator, name, version) {name, version},
#include "graph/ops.def"
#undef RUNE_OP
});

const OpFacts &factsOf(Op op) {
  RUNE_CHECK(static_cast<size_t>(op) < facts.size(), "unknown operator");
  return facts[static_cast<size_t>(op)];
}

template <class T> const T &attribute(const Node &node, std::string_view name) {
  for (const Attribute &attribute : node.attributes)
    if (attribute.name == name)
      if (const T *value = std::get_if<T>(&attribute.value))
        return *value;
  RUNE_CHECK(false, "attribute that the operator does not declare");
}

} // namespace

const size_t opCount = facts.size();

std::string_view opName(Op op) { return factsOf(op).name; }
uint16_t opVersion(Op op) { return factsOf(op).version; }

std::optional<Op> opNamed(std::string_view name, uint16_t version) {
  for (size_t i = 0; i < facts.size(); ++i)
    if (facts[i].name == name && facts[i].version == version)
      return static_cast<Op>(i);
  return std::nullopt;
}

ValueType ValueType::of(Form form, DType dtype, std::optional<Dims> dims) {
  ValueType type(dtype, dims.value_or(Dims{}));
  type.form = form;
  type.ranked = dims.has_value();
  return type;
}

std::string ValueType::str() const {
  std::string tensor =
      ranked ? TensorType::str() : fmt::format("{}[...]", dtypeName(dtype));
  switch (form) {
  case Form::Tensor:
    return tensor;
  case Form::Sequence:
    return fmt::format("sequence({})", tensor);
  case Form::Optional:
    return fmt::format("optional({})", tensor);
  case Form::OptionalSequence:
    return fmt::format("optional(sequence({}))", tensor);
  }
  RUNE_CHECK(false, "a form");
}

Constant Constant::of(Tensor tensor) {
  auto shared = std::make_shared<const Tensor>(std::move(tensor));
  return {shared->dtype(), shared->sizes(), shared->bytes(), shared};
}

int64_t Node::integer(std::string_view name) const {
  return attribute<int64_t>(*this, name);
}
double Node::number(std::string_view name) const {
  return attribute<double>(*this, name);
}
const std::string &Node::text(std::string_view name) const {
  return attribute<std::string>(*this, name);
}
const std::vector<int64_t> &Node::integers(std::string_view name) const {
  return attribute<std::vector<int64_t>>(*this, name);
}

} // namespace rune::graph
