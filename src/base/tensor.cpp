// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "base/tensor.h"

#include <algorithm>
#include <cstdlib>

namespace rune {

constexpr uint64_t tensorAlignment = 64;

static uint8_t *allocateZeroed(uint64_t size) {
  auto *data = static_cast<uint8_t *>(std::aligned_alloc(
      tensorAlignment, alignTo(std::max<uint64_t>(size, 1), tensorAlignment)));
  if (data)
    std::memset(data, 0, size);
  return data;
}

TensorType TensorView::type() const {
  return {dtype, Dims(sizes.begin(), sizes.end())};
}

static Diagnostic outOfMemory(DType dtype, std::span<const int64_t> sizes,
                              uint64_t bytes, uint64_t limit) {
  return error("tensor.too-big",
               "a tensor of {}[{}] needs {} bytes, the limit is {}",
               dtypeName(dtype), fmt::join(sizes, ", "), bytes, limit);
}

Result<Tensor> Tensor::zeros(DType dtype, std::vector<int64_t> sizes,
                             uint64_t maxBytes) {
  uint64_t bytes = RUNE_TRY(tensorBytes(dtype, sizes));
  if (bytes > maxBytes)
    return outOfMemory(dtype, sizes, bytes, maxBytes);
  Tensor tensor;
  tensor.data_ = allocateZeroed(bytes);
  if (!tensor.data_)
    return outOfMemory(dtype, sizes, bytes, maxBytes);
  tensor.dtype_ = dtype;
  tensor.sizes_ = std::move(sizes);
  tensor.size_ = bytes;
  return tensor;
}

Result<Tensor> Tensor::copyOf(const TensorView &view) {
  if (auto fits = checkData(view); !fits)
    return std::move(fits).error();
  Tensor tensor;
  tensor.data_ = allocateZeroed(view.data.size());
  if (!tensor.data_)
    return outOfMemory(view.dtype, view.sizes, view.data.size(),
                       defaultMaxBytes);
  if (!view.data.empty())
    std::memcpy(tensor.data_, view.data.data(), view.data.size());
  tensor.dtype_ = view.dtype;
  tensor.sizes_.assign(view.sizes.begin(), view.sizes.end());
  tensor.size_ = view.data.size();
  return tensor;
}

Tensor Tensor::ofText(std::vector<int64_t> sizes,
                      std::span<const std::string> elements) {
  ByteWriter out;
  for (const std::string &element : elements)
    out.text(element);
  auto tensor = copyOf({DType::Utf8, sizes, out.bytes()});
  RUNE_CHECK(tensor.ok(), "strings that fit their dimensions");
  return std::move(*tensor);
}

Tensor &Tensor::operator=(Tensor &&other) noexcept {
  std::swap(dtype_, other.dtype_);
  std::swap(sizes_, other.sizes_);
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  return *this;
}

Tensor::~Tensor() { std::free(data_); }

uint64_t Tensor::count() const {
  auto count = elementCount(sizes_);
  RUNE_CHECK(count.ok(), "sizes were checked when the tensor was made");
  return *count;
}

Result<std::vector<std::string_view>> textElements(const TensorView &tensor) {
  uint64_t count = RUNE_TRY(elementCount(tensor.sizes));
  ByteReader reader(tensor.data);
  std::vector<std::string_view> elements;
  while (!reader.atEnd()) {
    auto element = reader.text();
    if (!element)
      return error("tensor.bad-text", "string {} of the tensor: {}",
                   elements.size(), element.error().message);
    elements.push_back(*element);
  }
  if (elements.size() != count)
    return error("tensor.bad-text", "a tensor of utf8[{}] holds {} strings",
                 fmt::join(tensor.sizes, ", "), elements.size());
  return elements;
}

Result<> checkData(const TensorView &tensor) {
  if (tensor.dtype == DType::Utf8) {
    (void)RUNE_TRY(textElements(tensor));
    return {};
  }
  uint64_t bytes = RUNE_TRY(tensorBytes(tensor.dtype, tensor.sizes));
  if (bytes != tensor.data.size())
    return error("tensor.size-mismatch",
                 "a tensor of {} needs {} bytes, got {}", tensor.type().str(),
                 bytes, tensor.data.size());
  return {};
}

} // namespace rune
