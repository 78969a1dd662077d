// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "import/onnx/compose.h"

#include "graph/numeric.h"
#include "import/onnx/scalar.h"

namespace rune::import {

std::string Composer::part(std::string_view name) {
  return fmt::format("{}{}", name, parts_++);
}

Result<ValueId> Composer::one(Op op, std::vector<ValueId> inputs,
                              std::vector<Attribute> attributes) {
  return node_.one(op, std::move(inputs), std::move(attributes),
                   part(graph::opName(op)));
}

ValueId Composer::scalar(double value, ValueId like) {
  return scalarOf(value, node_.dtype(like));
}

ValueId Composer::scalarOf(double value, DType dtype) {
  return node_.constantScalar(part("constant"), dtype, value);
}

ValueId Composer::integers(const Integers &values) {
  return node_.constantIntegers(part("constant"), values);
}

Result<ValueId> Composer::constant(DType dtype, Integers sizes,
                                   std::span<const double> values) {
  Tensor tensor = RUNE_TRY(Tensor::zeros(dtype, std::move(sizes)));
  RUNE_CHECK(tensor.count() == values.size(), "a number for each element");
  graph::withNumeric(dtype, [&]<class T>(graph::Type<T>) {
    for (size_t i = 0; i < values.size(); ++i)
      tensor.as<T>()[i] = graph::narrow<T>(values[i]);
  });
  return node_.graph().constant(
      fmt::format("{}/{}", node_.name(), part("constant")),
      graph::Constant::of(std::move(tensor)));
}

Result<ValueId> Composer::constant(Integers sizes,
                                   std::span<const int64_t> values) {
  ByteSpan bytes{reinterpret_cast<const uint8_t *>(values.data()),
                 values.size_bytes()};
  Tensor tensor = RUNE_TRY(Tensor::copyOf({DType::I64, sizes, bytes}));
  return node_.graph().constant(
      fmt::format("{}/{}", node_.name(), part("constant")),
      graph::Constant::of(std::move(tensor)));
}

Result<ValueId> Composer::cast(ValueId value, DType dtype) {
  if (node_.dtype(value) == dtype)
    return value;
  return one(Op::Cast, {value}, {{"dtype", std::string(dtypeName(dtype))}});
}

DType Composer::wideOf(DType dtype) {
  return dtype == DType::F16 || dtype == DType::BF16 ? DType::F32 : dtype;
}

DType Composer::realOf(DType dtype) {
  return isFloat(dtype) ? wideOf(dtype) : DType::F64;
}

Result<ValueId> Composer::finite(ValueId value) {
  double largest = largestOf(node_.dtype(value));
  return one(Op::Clamp,
             {value, scalar(-largest, value), scalar(largest, value)});
}

Result<ValueId> Composer::reduce(Op op, ValueId x, const Integers &axes,
                                 bool keep) {
  return one(op, {x}, {{"axes", axes}, {"keep_dims", int64_t{keep}}});
}

Result<ValueId> Composer::reshape(ValueId x, const Integers &shape) {
  return one(Op::Reshape, {x, integers(shape)});
}

Result<ValueId> Composer::finish(ValueId value, DType dtype) {
  if (node_.dtype(value) == dtype)
    return node_.one(Op::Identity, {value});
  return node_.one(Op::Cast, {value},
                   {{"dtype", std::string(dtypeName(dtype))}});
}

} // namespace rune::import
