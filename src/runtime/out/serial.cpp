// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "runtime/out/serial.h"

#include "graph/small_types.h"
#include "runtime/rune.h"

#include <bit>
#include <map>

namespace rune::runtime {

namespace {

/// As serde_json escapes: what JSON demands, in its short forms, and no more.
void appendText(std::string &out, std::string_view text) {
  out += '"';
  for (char c : text) {
    constexpr std::string_view special = "\"\\\b\f\n\r\t";
    constexpr std::string_view letters = "\"\\bfnrt";
    if (size_t at = special.find(c); at != special.npos)
      (out += '\\') += letters[at];
    else if (static_cast<unsigned char>(c) < 0x20)
      out += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
    else
      out += c;
  }
  out += '"';
}

float halfToFloat(uint16_t bits) {
  return static_cast<float>(std::bit_cast<_Float16>(bits));
}
float brainToFloat(uint16_t bits) {
  return std::bit_cast<float>(uint32_t{bits} << 16);
}

/// Each element of a list, with commas between; `T` is how it is stored.
template <class T, class Write>
void appendEach(std::string &out, ByteSpan data, Write write) {
  for (size_t at = 0; at + sizeof(T) <= data.size(); at += sizeof(T)) {
    if (at != 0)
      out += ',';
    out += write(loadUnaligned<T>(data.data() + at));
  }
}

void appendTexts(std::string &out, const TensorView &tensor) {
  auto elements = textElements(tensor);
  RUNE_CHECK(elements.ok(), "tensors were checked when they were made");
  for (size_t i = 0; i < elements->size(); ++i) {
    if (i != 0)
      out += ',';
    appendText(out, (*elements)[i]);
  }
}

template <class T> std::string wholeNumber(T number) {
  return fmt::format("{}", number);
}

/// The small kinds, several of which may share a byte, as the numbers they are.
template <class T, class Write>
void appendSmall(std::string &out, const TensorView &tensor, Write write) {
  auto count = elementCount(tensor.sizes);
  RUNE_CHECK(count.ok(), "tensors were checked when they were made");
  graph::StorageElements<T> elements(tensor.dtype, tensor.data);
  for (uint64_t i = 0; i < *count; ++i) {
    if (i != 0)
      out += ',';
    out += write(elements[static_cast<int64_t>(i)]);
  }
}

void appendElements(std::string &out, const TensorView &tensor) {
  ByteSpan data = tensor.data;
  auto decimal = [](auto number) { return shortestDecimal(number); };
  switch (tensor.dtype) {
  case DType::F32:
    return appendEach<float>(out, data, decimal);
  case DType::F64:
    return appendEach<double>(out, data, decimal);
  case DType::F16:
    return appendEach<uint16_t>(out, data, [](uint16_t bits) {
      return shortestDecimal(halfToFloat(bits));
    });
  case DType::BF16:
    return appendEach<uint16_t>(out, data, [](uint16_t bits) {
      return shortestDecimal(brainToFloat(bits));
    });
  case DType::I8:
    return appendEach<int8_t>(out, data, wholeNumber<int>);
  case DType::I16:
    return appendEach<int16_t>(out, data, wholeNumber<int>);
  case DType::I32:
    return appendEach<int32_t>(out, data, wholeNumber<int32_t>);
  case DType::I64:
    return appendEach<int64_t>(out, data, wholeNumber<int64_t>);
  case DType::U8:
    return appendEach<uint8_t>(out, data, wholeNumber<unsigned>);
  case DType::U16:
    return appendEach<uint16_t>(out, data, wholeNumber<unsigned>);
  case DType::U32:
    return appendEach<uint32_t>(out, data, wholeNumber<uint32_t>);
  case DType::U64:
    return appendEach<uint64_t>(out, data, wholeNumber<uint64_t>);
  case DType::Bool:
    return appendEach<uint8_t>(
        out, data, [](uint8_t bit) { return bit ? "true" : "false"; });
  case DType::Utf8:
    return appendTexts(out, tensor);
  default:
    if (dtypeKind(tensor.dtype) == DTypeKind::SmallFloat)
      return appendSmall<float>(out, tensor, decimal);
    return appendSmall<int8_t>(out, tensor, wholeNumber<int>);
  }
}

} // namespace

std::string serialJson(const TensorView &tensor) {
  std::string out =
      fmt::format(R"({{"element{}type":"{}","dimensions":[{}],"elements":[)",
                  tensor.dtype == DType::Utf8 ? '_' : '-',
                  dtypeName(tensor.dtype), fmt::join(tensor.sizes, ","));
  appendElements(out, tensor);
  return out + "]}";
}

std::string serialJson(const RunResult &result) {
  std::map<uint32_t, const OutResult *> ordered;
  for (const OutResult &out : result.outs)
    if (out.kind == "SERIAL")
      ordered[out.channel] = &out;
  std::string text = "{";
  for (const auto &[channel, out] : ordered) {
    text += fmt::format("{}\"{}\":[", text.size() > 1 ? "," : "", channel);
    for (size_t i = 0; i < out->tensors.size(); ++i)
      text += (i ? "," : "") + serialJson(out->tensors[i]->view());
    text += "]";
  }
  return text + "}";
}

} // namespace rune::runtime
