// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// source  ONNX operators, Constant-1, 9, 11, 12, 13, 19, 21, 23, 24, 25
#include "import/onnx/node.h"
#include "import/onnx/tensor_proto.h"

namespace rune::import {
namespace {

template <class T>
Tensor tensorOf(DType dtype, std::vector<int64_t> sizes,
                const std::vector<T> &values) {
  ByteSpan bytes{reinterpret_cast<const uint8_t *>(values.data()),
                 values.size() * sizeof(T)};
  auto tensor = Tensor::copyOf({dtype, sizes, bytes});
  RUNE_CHECK(tensor, "a list from a file is a tensor");
  return *std::move(tensor);
}

template <class T>
std::vector<int64_t> listSizes(const std::vector<T> &values) {
  return {static_cast<int64_t>(values.size())};
}

/// Since 12: numbers and strings without a tensor around them.
Result<std::optional<Tensor>> plainValue(OnnxNode &node) {
  if (auto value = RUNE_TRY(node.number("value_float")))
    return std::optional(tensorOf(DType::F32, {}, std::vector{*value}));
  if (auto value = RUNE_TRY(node.numbers("value_floats")))
    return std::optional(tensorOf(DType::F32, listSizes(*value), *value));
  if (auto value = RUNE_TRY(node.integer("value_int")))
    return std::optional(tensorOf(DType::I64, {}, std::vector{*value}));
  if (auto value = RUNE_TRY(node.integers("value_ints")))
    return std::optional(tensorOf(DType::I64, listSizes(*value), *value));
  if (auto value = RUNE_TRY(node.text("value_string")))
    return std::optional(Tensor::ofText({}, std::vector{*value}));
  if (auto value = RUNE_TRY(node.texts("value_strings")))
    return std::optional(Tensor::ofText(listSizes(*value), *value));
  return std::optional<Tensor>();
}

constexpr std::string_view valueAttributes[] = {
    "value",     "sparse_value", "value_float",  "value_floats",
    "value_int", "value_ints",   "value_string", "value_strings"};

} // namespace

/// inputs  none
/// result  the tensor of `value`; since 12 also a scalar or a vector from
///         value_float(s), value_int(s), value_string(s)
/// errors  none of the attributes, or several · `sparse_value` is unsupported
Imported importConstant(OnnxNode &node) {
  size_t given = 0;
  for (std::string_view name : valueAttributes)
    given += node.has(name);
  if (given != 1)
    return node.fail("{} attributes hold a value, needs one", given);
  if (node.opset() >= 11 && node.has("sparse_value"))
    return node.unsupported("sparse tensors (`sparse_value`)");
  std::optional<graph::Constant> constant;
  if (const auto *value = RUNE_TRY(node.tensor("value"))) {
    auto decoded = decodeTensor(*value, node.owner());
    if (!decoded)
      return error(decoded.error().code, "{}: `value`, {}", node.layer(),
                   decoded.error().message);
    constant = *std::move(decoded);
  } else if (node.opset() >= 12) {
    if (auto plain = RUNE_TRY(plainValue(node)))
      constant = graph::Constant::of(*std::move(plain));
  }
  RUNE_TRY(node.checkAllRead());
  return std::vector{node.graph().constant(node.name(), *std::move(constant))};
}

} // namespace rune::import
