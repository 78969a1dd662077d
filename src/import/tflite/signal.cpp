// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "import/tflite/signal.h"

namespace rune::import {

Result<ValueId> signalInput(const TfliteNode &node, size_t index,
                            std::string_view what, DType dtype, int64_t rank) {
  ValueId value = RUNE_TRY(node.input(index, what));
  if (node.dtype(value) != dtype || (rank >= 0 && node.rank(value) != rank))
    return node.fail("`{}` is `{}`, needs {}{}", what, node.type(value).str(),
                     dtypeName(dtype),
                     rank < 0    ? ""
                     : rank == 0 ? ", a single number"
                                 : " and one dimension");
  return value;
}

Result<int64_t> knownSize(const TfliteNode &node, ValueId value, size_t axis) {
  Dim dim = node.dims(value)[axis];
  if (!dim.isFixed())
    return node.unsupported("dimension {} of `{}` must be known", axis,
                            node.type(value).str());
  return dim.size();
}

Result<ValueId> numbers(const TfliteNode &node, std::string_view part,
                        DType dtype, const Integers &values) {
  Integers sizes{static_cast<int64_t>(values.size())};
  Tensor tensor = RUNE_TRY(Tensor::zeros(dtype, sizes));
  size_t width = dtypeBytes(dtype);
  uint8_t *out = tensor.bytes().data();
  for (int64_t value : values) {
    std::memcpy(out, &value, width); // little endian
    out += width;
  }
  return node.constant(part, std::move(tensor));
}

Result<ValueId> powerOfTwo(const TfliteNode &node, std::string_view part,
                           DType dtype, int64_t bits) {
  return node.scalar(part, dtype, static_cast<double>(int64_t{1} << bits));
}

Result<ValueId> powersOfTwo(const TfliteNode &node, std::string_view part,
                            DType dtype, int64_t count) {
  Integers powers;
  for (int64_t i = 0; i < count; ++i)
    powers.push_back(int64_t{1} << i);
  return numbers(node, part, dtype, powers);
}

Result<ValueId> castTo(const TfliteNode &node, ValueId value, DType dtype,
                       std::string_view part) {
  return node.one(Op::Cast, {value}, {{"dtype", std::string(dtypeName(dtype))}},
                  part);
}

} // namespace rune::import
