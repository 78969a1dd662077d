// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "graph/ops/move.h"

namespace rune::graph {

namespace {

template <size_t Width>
void copyElements(std::span<const Source> sources, uint8_t *out) {
  for (Source source : sources) {
    if (source)
      std::memcpy(out, source, Width);
    out += Width;
  }
}

void copyElements(std::span<const Source> sources, unsigned width,
                  uint8_t *out) {
  switch (width) {
  case 1:
    return copyElements<1>(sources, out);
  case 2:
    return copyElements<2>(sources, out);
  case 4:
    return copyElements<4>(sources, out);
  default:
    RUNE_CHECK(width == 8, "no wider elements");
    return copyElements<8>(sources, out);
  }
}

template <unsigned Bits> std::vector<uint8_t> unpack(const TensorView &packed) {
  auto count = elementCount(packed.sizes);
  std::vector<uint8_t> bytes(count ? *count : 0);
  PackedElements<Bits> elements(packed.data);
  for (size_t i = 0; i < bytes.size(); ++i)
    bytes[i] = elements[static_cast<int64_t>(i)];
  return bytes;
}

} // namespace

Result<> Move::reserve(uint64_t count, uint64_t each) {
  uint64_t bytes = 0;
  if (__builtin_mul_overflow(count, each, &bytes))
    return error("evaluate.memory-limit", "too many elements");
  RUNE_TRY(context_.budget.reserve(bytes));
  reserved_ += bytes;
  return {};
}

Result<> Move::openText(const TensorView &input) {
  RUNE_TRY(
      reserve(RUNE_TRY(elementCount(input.sizes)), sizeof(std::string_view)));
  texts_.push_back(RUNE_TRY(textElements(input)));
  ins_.emplace_back(texts_.back().data(), sizeof(std::string_view));
  return {};
}

Result<> Move::openPacked(const TensorView &input, unsigned bits) {
  RUNE_TRY(reserve(RUNE_TRY(elementCount(input.sizes)), 1));
  unpacked_.push_back(bits == 2 ? unpack<2>(input) : unpack<4>(input));
  ins_.emplace_back(unpacked_.back().data(), 1);
  return {};
}

Result<> Move::open(std::span<const size_t> inputs) {
  DType dtype = context_.results[0].dtype;
  texts_.reserve(inputs.size());
  unpacked_.reserve(inputs.size());
  for (size_t i : inputs) {
    const TensorView &input = context_.input(i);
    if (dtype == DType::Utf8)
      RUNE_TRY(openText(input));
    else if (dtypeBits(dtype) < 8)
      RUNE_TRY(openPacked(input, dtypeBits(dtype)));
    else
      ins_.emplace_back(input.data.data(), dtypeBytes(dtype));
  }
  uint64_t count = RUNE_TRY(elementCount(context_.results[0].sizes()));
  RUNE_TRY(reserve(count, sizeof(Source)));
  out_.resize(count);
  return {};
}

Result<Tensor> Move::finishText() {
  uint64_t bytes = 0;
  for (Source source : out_) {
    uint64_t length =
        source ? static_cast<const std::string_view *>(source)->size() : 0;
    if (__builtin_add_overflow(bytes, length + sizeof(uint32_t), &bytes))
      return error("evaluate.memory-limit", "too many strings");
  }
  RUNE_TRY(context_.budget.reserve(bytes));
  ByteWriter out;
  for (Source source : out_)
    out.text(source ? *static_cast<const std::string_view *>(source)
                    : std::string_view());
  return Tensor::copyOf(
      {DType::Utf8, context_.results[0].sizes(), out.bytes()});
}

Result<Tensor> Move::finish() {
  DType dtype = context_.results[0].dtype;
  Tensor result;
  if (dtype == DType::Utf8) {
    result = RUNE_TRY(finishText());
  } else if (dtypeBits(dtype) < 8) {
    result = RUNE_TRY(context_.allocate());
    std::vector<uint8_t> bytes(out_.size());
    copyElements<1>(out_, bytes.data());
    if (dtypeBits(dtype) == 2)
      packElements<2>(bytes, result.bytes());
    else
      packElements<4>(bytes, result.bytes());
  } else {
    result = RUNE_TRY(context_.allocate());
    copyElements(out_, dtypeBytes(dtype), result.bytes().data());
  }
  context_.budget.release(reserved_);
  return result;
}

} // namespace rune::graph
