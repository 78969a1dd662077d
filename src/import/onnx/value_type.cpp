// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "import/onnx/value_type.h"

#include "import/onnx/tensor_proto.h"

#include <onnx_facts.pb.h>

namespace rune::import {

namespace {

using graph::Form;
using graph::ValueType;
using onnx::TypeProto;

Dim dimOf(const onnx::TensorShapeProto::Dimension &dim) {
  if (dim.has_dim_value())
    return dim.dim_value() >= 0 ? Dim(dim.dim_value()) : Dim::unknown();
  return dim.dim_param().empty() ? Dim::unknown() : Dim::named(dim.dim_param());
}

std::string_view kindOf(const TypeProto &type) {
  switch (type.value_case()) {
  case TypeProto::kSequenceType:
    return "a sequence";
  case TypeProto::kMapType:
    return "a map";
  case TypeProto::kOptionalType:
    return "an optional value";
  case TypeProto::kSparseTensorType:
    return "a sparse tensor";
  case TypeProto::kOpaqueType:
    return "of an opaque type";
  default:
    return "of no type";
  }
}

Result<ValueType> tensorType(const TypeProto::Tensor &tensor) {
  DType dtype = RUNE_TRY(elementType(tensor.elem_type()));
  if (!tensor.has_shape())
    return ValueType::of(Form::Tensor, dtype, std::nullopt);
  ValueType result(dtype, {});
  for (const auto &dim : tensor.shape().dim())
    result.dims.push_back(dimOf(dim));
  if (result.dims.size() > graph::maxRank)
    return error("import.limit", "{} dimensions, at most {} are allowed",
                 result.dims.size(), graph::maxRank);
  if (result.isStatic())
    if (auto count = elementCount(result.sizes()); !count)
      return error("import.limit", "{}", count.error().message);
  return result;
}

/// A sequence of tensors, or an optional one of either.
Result<ValueType> typeInside(const TypeProto &type, bool optional) {
  if (type.has_tensor_type()) {
    ValueType tensor = RUNE_TRY(tensorType(type.tensor_type()));
    tensor.form = optional ? Form::Optional : Form::Tensor;
    return tensor;
  }
  const TypeProto &element = type.sequence_type().elem_type();
  if (!type.has_sequence_type() || !element.has_tensor_type())
    return error("import.unsupported",
                 "it is {}{}, only tensors and sequences of tensors are "
                 "supported",
                 optional ? "an optional value that holds " : "",
                 type.has_sequence_type() ? "a sequence of something else"
                                          : kindOf(type));
  ValueType tensor = RUNE_TRY(tensorType(element.tensor_type()));
  tensor.form = optional ? Form::OptionalSequence : Form::Sequence;
  for (Dim &dim : tensor.dims)
    if (dim.isNamed())
      dim = Dim::unknown();
  return tensor;
}

} // namespace

Result<ValueType> valueTypeOf(const TypeProto &type) {
  if (type.value_case() == TypeProto::VALUE_NOT_SET)
    return error("import.malformed", "it has no type");
  if (type.has_optional_type())
    return typeInside(type.optional_type().elem_type(), true);
  return typeInside(type, false);
}

Result<ValueType> valueTypeOf(const onnx::ValueInfoProto &info) {
  auto type = valueTypeOf(info.type());
  if (!type)
    return error(type.error().code, "`{}`: {}", info.name(),
                 type.error().message);
  return type;
}

} // namespace rune::import
