// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "import/onnx/node.h"

#include "import/onnx/scalar.h"
#include "import/onnx/value_type.h"

#include <onnx_facts.pb.h>

#include <algorithm>

namespace rune::import {
namespace {

constexpr std::string_view kindNames[] = {
    "nothing", "a float",         "an int",         "a string", "a tensor",
    "a graph", "floats",          "ints",           "strings",  "tensors",
    "graphs",  "a sparse tensor", "sparse tensors", "a type",   "types"};

std::string_view kindName(int32_t kind) {
  return kind >= 0 && static_cast<size_t>(kind) < std::size(kindNames)
             ? kindNames[kind]
             : "something unknown";
}

/// What an attribute holds where the file, of the first format version, does
/// not say.
int32_t impliedKind(const onnx::AttributeProto &proto) {
  return proto.has_f()               ? 1
         : proto.has_i()             ? 2
         : proto.has_s()             ? 3
         : proto.has_t()             ? 4
         : proto.has_g()             ? 5
         : proto.floats_size()       ? 6
         : proto.ints_size()         ? 7
         : proto.strings_size()      ? 8
         : proto.tensors_size()      ? 9
         : proto.graphs_size()       ? 10
         : proto.has_sparse_tensor() ? 11
         : proto.has_tp()            ? 13
                                     : 0;
}

bool isList(int32_t kind) { return kind >= 6 && kind <= 8; }

} // namespace

OnnxNode::OnnxNode(Context context)
    : context_(std::move(context)), inputAsked_(context_.inputs.size()) {}

std::string_view OnnxNode::op() const { return context_.proto.op_type(); }

std::string OnnxNode::layer() const {
  const std::string &domain = context_.proto.domain();
  if (!domain.empty() && domain != "ai.onnx")
    return fmt::format("layer `{}`: `{}.{}` of version {}", name(), domain,
                       op(), opset());
  return fmt::format("layer `{}`: `{}` of opset {}", name(), op(), opset());
}

Result<ValueId> OnnxNode::input(size_t index, std::string_view name) {
  ValueId value = optionalInput(index);
  if (value == noValue)
    return fail("input {} (`{}`) is missing", index, name);
  return value;
}

ValueId OnnxNode::optionalInput(size_t index) {
  if (index >= context_.inputs.size())
    return noValue;
  inputAsked_[index] = true;
  return context_.inputs[index];
}

const onnx::AttributeProto *OnnxNode::find(std::string_view name) const {
  for (const auto &attribute : context_.proto.attribute())
    if (attribute.name() == name)
      return &attribute;
  return nullptr;
}

Result<const onnx::AttributeProto *> OnnxNode::attribute(std::string_view name,
                                                         int32_t kind) {
  asked_.emplace(name);
  const onnx::AttributeProto *found = find(name);
  if (!found)
    return found;
  if (!found->ref_attr_name().empty())
    return fail("attribute `{}` refers to `{}` of a function, but stands in "
                "none",
                name, found->ref_attr_name());
  int32_t stored = found->has_type() ? found->type() : impliedKind(*found);
  bool emptyList = !found->has_type() && stored == 0 && isList(kind);
  if (stored != kind && !emptyList)
    return fail("attribute `{}` is {}, needs {}", name, kindName(stored),
                kindName(kind));
  return found;
}

Result<std::optional<int64_t>> OnnxNode::integer(std::string_view name) {
  const auto *found = RUNE_TRY(attribute(name, 2));
  return found ? std::optional(found->i()) : std::nullopt;
}
Result<int64_t> OnnxNode::integer(std::string_view name, int64_t otherwise) {
  return RUNE_TRY(integer(name)).value_or(otherwise);
}
Result<std::optional<float>> OnnxNode::number(std::string_view name) {
  const auto *found = RUNE_TRY(attribute(name, 1));
  return found ? std::optional(found->f()) : std::nullopt;
}
Result<float> OnnxNode::number(std::string_view name, float otherwise) {
  return RUNE_TRY(number(name)).value_or(otherwise);
}
Result<std::optional<std::string>> OnnxNode::text(std::string_view name) {
  const auto *found = RUNE_TRY(attribute(name, 3));
  if (found && !isUtf8(asBytes(found->s())))
    return fail("attribute `{}` is not UTF-8", name);
  return found ? std::optional(found->s()) : std::nullopt;
}
Result<std::optional<Integers>> OnnxNode::integers(std::string_view name) {
  const auto *found = RUNE_TRY(attribute(name, 7));
  if (!found)
    return std::optional<Integers>();
  return std::optional(Integers(found->ints().begin(), found->ints().end()));
}
Result<std::optional<std::vector<float>>>
OnnxNode::numbers(std::string_view name) {
  const auto *found = RUNE_TRY(attribute(name, 6));
  if (!found)
    return std::optional<std::vector<float>>();
  return std::optional(
      std::vector<float>(found->floats().begin(), found->floats().end()));
}
Result<std::optional<std::vector<std::string>>>
OnnxNode::texts(std::string_view name) {
  const auto *found = RUNE_TRY(attribute(name, 8));
  if (!found)
    return std::optional<std::vector<std::string>>();
  for (const std::string &text : found->strings())
    if (!isUtf8(asBytes(text)))
      return fail("attribute `{}` is not UTF-8", name);
  return std::optional(std::vector<std::string>(found->strings().begin(),
                                                found->strings().end()));
}
Result<const onnx::TensorProto *> OnnxNode::tensor(std::string_view name) {
  const auto *found = RUNE_TRY(attribute(name, 4));
  return found ? &found->t() : nullptr;
}
Result<const onnx::GraphProto *> OnnxNode::subgraph(std::string_view name) {
  const auto *found = RUNE_TRY(attribute(name, 5));
  if (!found)
    return fail("attribute `{}` is missing", name);
  return &found->g();
}
Result<std::optional<graph::ValueType>>
OnnxNode::valueType(std::string_view name) {
  const auto *found = RUNE_TRY(attribute(name, 13));
  if (!found)
    return std::optional<graph::ValueType>();
  auto type = valueTypeOf(found->tp());
  if (!type)
    return error(type.error().code, "{}: attribute `{}`: {}", layer(), name,
                 type.error().message);
  return std::optional(*std::move(type));
}
Result<bool> OnnxNode::flag(std::string_view name, bool otherwise) {
  int64_t value = RUNE_TRY(integer(name, otherwise));
  if (value != 0 && value != 1)
    return fail("attribute `{}` is {}, needs 0 or 1", name, value);
  return value == 1;
}

Result<int64_t> OnnxNode::axis(int64_t axis, int64_t rank, int64_t end,
                               bool negative) const {
  int64_t begin = negative ? -rank : 0;
  if (axis < begin || axis >= end)
    return fail("axis {} outside [{}, {}), the input has {} dimensions", axis,
                begin, end, rank);
  return axis < 0 ? axis + rank : axis;
}

std::optional<Integers> OnnxNode::knownIntegers(ValueId value) const {
  auto known = graph().constantOf(value);
  if (!known || (known->dtype != DType::I64 && known->dtype != DType::I32))
    return std::nullopt;
  Integers out(known->data.size() / dtypeBytes(known->dtype));
  for (size_t i = 0; i < out.size(); ++i)
    out[i] = known->dtype == DType::I64
                 ? loadUnaligned<int64_t>(known->data.data() + 8 * i)
                 : loadUnaligned<int32_t>(known->data.data() + 4 * i);
  return out;
}

static std::string partName(const std::string &layer, std::string_view part) {
  return part.empty() ? layer : fmt::format("{}/{}", layer, part);
}

Result<ValueId> OnnxNode::one(Op op, std::vector<ValueId> inputs,
                              std::vector<Attribute> attributes,
                              std::string_view part) {
  return graph().one(op, partName(name(), part), std::move(inputs),
                     std::move(attributes));
}

Result<std::vector<ValueId>> OnnxNode::many(Op op, std::vector<ValueId> inputs,
                                            std::vector<Attribute> attributes,
                                            size_t outputs) {
  return graph().node(op, name(), std::move(inputs), std::move(attributes),
                      outputs);
}

ValueId OnnxNode::constantIntegers(std::string_view part,
                                   const Integers &values) {
  ByteSpan bytes{reinterpret_cast<const uint8_t *>(values.data()),
                 values.size() * sizeof(int64_t)};
  Integers sizes{static_cast<int64_t>(values.size())};
  auto tensor = Tensor::copyOf({DType::I64, sizes, bytes});
  RUNE_CHECK(tensor, "a short vector is a tensor");
  return graph().constant(partName(name(), part),
                          graph::Constant::of(*std::move(tensor)));
}

ValueId OnnxNode::constantScalar(std::string_view part, DType dtype,
                                 double value) {
  return graph().constant(partName(name(), part),
                          graph::Constant::of(scalarOf(dtype, value)));
}

Result<ValueId> OnnxNode::asScalar(ValueId value, std::string_view part) {
  if (value == noValue || rank(value) == 0)
    return value;
  const Dims &dims = type(value).dims;
  bool single = std::ranges::all_of(
      dims, [](const Dim &dim) { return !dim.isFixed() || dim.size() == 1; });
  if (!single)
    return fail("`{}` is `{}`, needs to be a scalar", part, type(value).str());
  if (auto known = graph().constantOf(value)) {
    auto tensor = Tensor::copyOf({known->dtype, {}, known->data});
    return graph().constant(partName(name(), part),
                            graph::Constant::of(RUNE_TRY(std::move(tensor))));
  }
  ValueId shape = constantIntegers(fmt::format("{}/shape", part), {});
  return one(Op::Reshape, {value, shape}, {}, part);
}

Result<> OnnxNode::checkAttributes() const {
  std::set<std::string_view> seen;
  for (const auto &attribute : context_.proto.attribute()) {
    if (attribute.name().empty())
      return fail("an attribute has no name");
    if (!seen.insert(attribute.name()).second)
      return fail("attribute `{}` is given twice", attribute.name());
  }
  return {};
}

Result<> OnnxNode::checkAllRead() const {
  for (const auto &attribute : context_.proto.attribute())
    if (!asked_.contains(attribute.name()))
      return fail("there is no attribute `{}` in this version",
                  attribute.name());
  for (size_t i = 0; i < inputAsked_.size(); ++i)
    if (!inputAsked_[i] && context_.inputs[i] != noValue)
      return fail("{} inputs, this version takes {}", inputs(), i);
  return {};
}

} // namespace rune::import
