// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "import/onnx/tensor_proto.h"

#include <onnx_facts.pb.h>

#include <algorithm>
#include <limits>

namespace rune::import {
namespace {

/// In the order of the numbers, from 0.
constexpr std::string_view typeNames[] = {
    "undefined",      "float",      "uint8",
    "int8",           "uint16",     "int16",
    "int32",          "int64",      "string",
    "bool",           "float16",    "double",
    "uint32",         "uint64",     "complex64",
    "complex128",     "bfloat16",   "float8e4m3fn",
    "float8e4m3fnuz", "float8e5m2", "float8e5m2fnuz",
    "uint4",          "int4",       "float4e2m1",
    "float8e8m0",     "uint2",      "int2"};

std::optional<DType> dtypeOf(int32_t number) {
  switch (number) {
  case 1:
    return DType::F32;
  case 2:
    return DType::U8;
  case 3:
    return DType::I8;
  case 4:
    return DType::U16;
  case 5:
    return DType::I16;
  case 6:
    return DType::I32;
  case 7:
    return DType::I64;
  case 8:
    return DType::Utf8;
  case 9:
    return DType::Bool;
  case 10:
    return DType::F16;
  case 11:
    return DType::F64;
  case 12:
    return DType::U32;
  case 13:
    return DType::U64;
  case 16:
    return DType::BF16;
  case 17:
    return DType::F8E4M3FN;
  case 18:
    return DType::F8E4M3FNUZ;
  case 19:
    return DType::F8E5M2;
  case 20:
    return DType::F8E5M2FNUZ;
  case 21:
    return DType::U4;
  case 22:
    return DType::I4;
  case 23:
    return DType::F4E2M1FN;
  case 24:
    return DType::F8E8M0FNU;
  case 25:
    return DType::U2;
  case 26:
    return DType::I2;
  default:
    return std::nullopt;
  }
}

std::string tensorName(const onnx::TensorProto &proto) {
  return proto.name().empty() ? "a tensor without a name"
                              : "tensor `" + proto.name() + "`";
}

template <class... Args>
Diagnostic malformed(const onnx::TensorProto &proto,
                     fmt::format_string<Args...> text, Args &&...args) {
  return error("import.malformed", "{}: {}", tensorName(proto),
               fmt::format(text, std::forward<Args>(args)...));
}

Result<std::vector<int64_t>> sizesOf(const onnx::TensorProto &proto) {
  std::vector<int64_t> sizes(proto.dims().begin(), proto.dims().end());
  if (sizes.size() > graph::maxRank)
    return error("import.limit", "{}: {} dimensions, at most {} are allowed",
                 tensorName(proto), sizes.size(), graph::maxRank);
  for (int64_t size : sizes)
    if (size < 0)
      return malformed(proto, "dimension {} is negative", size);
  return sizes;
}

/// Which of the fields hold elements, besides raw data.
size_t typedElements(const onnx::TensorProto &proto) {
  return static_cast<size_t>(proto.float_data_size()) +
         static_cast<size_t>(proto.int32_data_size()) +
         static_cast<size_t>(proto.string_data_size()) +
         static_cast<size_t>(proto.int64_data_size()) +
         static_cast<size_t>(proto.double_data_size()) +
         static_cast<size_t>(proto.uint64_data_size());
}

class Decoder {
public:
  Decoder(const onnx::TensorProto &proto, DType dtype,
          std::vector<int64_t> sizes, uint64_t count,
          std::shared_ptr<const void> owner)
      : proto_(proto), dtype_(dtype), sizes_(std::move(sizes)), count_(count),
        owner_(std::move(owner)) {}

  Result<graph::Constant> raw(ByteSpan data);
  Result<graph::Constant> typed();

private:
  Result<> expectCount(size_t present, std::string_view field);
  Result<> expectNothingElse(size_t present, std::string_view field);
  template <class T, class Field>
  Result<graph::Constant> inPlace(const Field &field, std::string_view name);
  template <class T, class Field>
  Result<graph::Constant> narrowed(const Field &field, std::string_view name,
                                   T most = std::numeric_limits<T>::max());
  Result<graph::Constant> strings();
  Result<graph::Constant> packed();

  const onnx::TensorProto &proto_;
  DType dtype_;
  std::vector<int64_t> sizes_;
  uint64_t count_;
  std::shared_ptr<const void> owner_;
};

Result<> Decoder::expectCount(size_t present, std::string_view field) {
  if (present != count_)
    return malformed(proto_, "{} elements in `{}`, the dimensions need {}",
                     present, field, count_);
  return expectNothingElse(present, field);
}

Result<> Decoder::expectNothingElse(size_t present, std::string_view field) {
  if (typedElements(proto_) != present)
    return malformed(proto_,
                     "elements of type `{}` stand in `{}`, but other "
                     "fields hold elements too",
                     elementTypeName(proto_.data_type()), field);
  return {};
}

template <class T, class Field>
Result<graph::Constant> Decoder::inPlace(const Field &field,
                                         std::string_view name) {
  static_assert(sizeof(T) == sizeof(*field.data()));
  RUNE_TRY(expectCount(static_cast<size_t>(field.size()), name));
  ByteSpan data{reinterpret_cast<const uint8_t *>(field.data()),
                static_cast<size_t>(field.size()) * sizeof(T)};
  return graph::Constant{dtype_, std::move(sizes_), data, std::move(owner_)};
}

template <class T, class Field>
Result<graph::Constant> Decoder::narrowed(const Field &field,
                                          std::string_view name, T most) {
  RUNE_TRY(expectCount(static_cast<size_t>(field.size()), name));
  Tensor tensor = RUNE_TRY(Tensor::zeros(dtype_, std::move(sizes_)));
  auto out = tensor.as<T>();
  size_t at = 0;
  for (auto value : field) {
    if (!std::in_range<T>(value) || static_cast<T>(value) > most)
      return malformed(proto_, "element {} is {}, outside of `{}`", at, value,
                       elementTypeName(proto_.data_type()));
    out[at++] = static_cast<T>(value);
  }
  return graph::Constant::of(std::move(tensor));
}

Result<graph::Constant> Decoder::strings() {
  RUNE_TRY(expectCount(static_cast<size_t>(proto_.string_data_size()),
                       "string_data"));
  std::vector<std::string> texts;
  texts.reserve(count_);
  for (const std::string &text : proto_.string_data()) {
    if (!isUtf8(asBytes(text)))
      return malformed(proto_, "element {} is not UTF-8", texts.size());
    texts.push_back(text);
  }
  return graph::Constant::of(Tensor::ofText(std::move(sizes_), texts));
}

/// Elements of less than a byte: each number holds a byte of them.
Result<graph::Constant> Decoder::packed() {
  Tensor tensor = RUNE_TRY(Tensor::zeros(dtype_, std::move(sizes_)));
  std::span<uint8_t> out = tensor.bytes();
  const auto &field = proto_.int32_data();
  auto present = static_cast<size_t>(field.size());
  if (present != out.size())
    return malformed(proto_,
                     "{} numbers in `int32_data`, {} packed elements need {}",
                     present, count_, out.size());
  RUNE_TRY(expectNothingElse(present, "int32_data"));
  size_t at = 0;
  for (int32_t value : field) {
    if (value < -128 || value > 255)
      return malformed(proto_, "packed elements {} are {}, which is no byte",
                       at, value);
    out[at++] = static_cast<uint8_t>(value);
  }
  return graph::Constant::of(std::move(tensor));
}

Result<graph::Constant> Decoder::raw(ByteSpan data) {
  if (dtype_ == DType::Utf8)
    return malformed(proto_, "strings cannot stand in `raw_data`");
  RUNE_TRY(expectNothingElse(0, "raw_data"));
  uint64_t needed = RUNE_TRY(tensorBytes(dtype_, sizes_));
  if (data.size() != needed)
    return malformed(
        proto_, "{} bytes in `raw_data`, `{}` needs {}", data.size(),
        TensorType{dtype_, Dims(sizes_.begin(), sizes_.end())}.str(), needed);
  if (dtype_ == DType::Bool)
    for (uint8_t value : data)
      if (value > 1)
        return malformed(proto_, "a bool has the value {}, needs 0 or 1",
                         value);
  return graph::Constant{dtype_, std::move(sizes_), data, std::move(owner_)};
}

Result<graph::Constant> Decoder::typed() {
  switch (dtype_) {
  case DType::F32:
    return inPlace<float>(proto_.float_data(), "float_data");
  case DType::F64:
    return inPlace<double>(proto_.double_data(), "double_data");
  case DType::I64:
    return inPlace<int64_t>(proto_.int64_data(), "int64_data");
  case DType::U64:
    return inPlace<uint64_t>(proto_.uint64_data(), "uint64_data");
  case DType::U32:
    return narrowed<uint32_t>(proto_.uint64_data(), "uint64_data");
  case DType::I32:
    return inPlace<int32_t>(proto_.int32_data(), "int32_data");
  case DType::I16:
    return narrowed<int16_t>(proto_.int32_data(), "int32_data");
  case DType::I8:
    return narrowed<int8_t>(proto_.int32_data(), "int32_data");
  case DType::U8:
    return narrowed<uint8_t>(proto_.int32_data(), "int32_data");
  case DType::Bool:
    return narrowed<uint8_t>(proto_.int32_data(), "int32_data", 1);
  case DType::U16:
  case DType::F16:
  case DType::BF16:
    return narrowed<uint16_t>(proto_.int32_data(), "int32_data");
  case DType::F8E4M3FN:
  case DType::F8E4M3FNUZ:
  case DType::F8E5M2:
  case DType::F8E5M2FNUZ:
  case DType::F8E8M0FNU:
    return narrowed<uint8_t>(proto_.int32_data(), "int32_data");
  case DType::F4E2M1FN:
  case DType::I4:
  case DType::U4:
  case DType::I2:
  case DType::U2:
    return packed();
  case DType::Utf8:
    return strings();
  default:
    return malformed(proto_, "element type {}", proto_.data_type());
  }
}

} // namespace

std::string elementTypeName(int32_t number) {
  if (number >= 0 && static_cast<size_t>(number) < std::size(typeNames))
    return std::string(typeNames[number]);
  return fmt::format("element type {}", number);
}

std::optional<int32_t> elementTypeNumber(std::string_view name) {
  for (size_t i = 1; i < std::size(typeNames); ++i)
    if (std::ranges::equal(name, typeNames[i], [](char given, char own) {
          return given == own || given == own - 'a' + 'A';
        }))
      return static_cast<int32_t>(i);
  return std::nullopt;
}

Result<DType> elementType(int32_t number) {
  if (auto dtype = dtypeOf(number))
    return *dtype;
  if (number <= 0 || static_cast<size_t>(number) >= std::size(typeNames))
    return error("import.malformed", "{} is no element type of ONNX", number);
  return error("import.unsupported", "element type `{}` is not supported",
               elementTypeName(number));
}

Result<graph::Constant> decodeTensor(const onnx::TensorProto &proto,
                                     std::shared_ptr<const void> owner,
                                     const OutsideData *outside) {
  auto dtype = elementType(proto.data_type());
  if (!dtype) {
    dtype.error().message = tensorName(proto) + ": " + dtype.error().message;
    return std::move(dtype).error();
  }
  if (isOutside(proto) && !outside)
    return error("import.unsupported",
                 "{}: its elements are in another file, which only those of an "
                 "initializer may be",
                 tensorName(proto));
  if (proto.has_segment())
    return error("import.unsupported",
                 "{}: tensors cut into segments are not supported",
                 tensorName(proto));
  std::vector<int64_t> sizes = RUNE_TRY(sizesOf(proto));
  auto count = elementCount(sizes);
  if (!count)
    return malformed(proto, "{}", count.error().message);
  if (outside) {
    ByteSpan data = outside->bytes;
    auto needed = tensorBytes(*dtype, sizes);
    if (outside->open && needed && *needed < data.size())
      data = data.first(*needed);
    return Decoder(proto, *dtype, std::move(sizes), *count, outside->owner)
        .raw(data);
  }
  Decoder decoder(proto, *dtype, std::move(sizes), *count, std::move(owner));
  return proto.has_raw_data() &&
                 !(proto.raw_data().empty() && typedElements(proto) > 0)
             ? decoder.raw(asBytes(proto.raw_data()))
             : decoder.typed();
}

} // namespace rune::import
