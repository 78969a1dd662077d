// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A tensor in host memory: what travels between stages and in and out of
// devices. Row-major, little endian. Elements of utf8 stand one behind the
// other, each as a u32 length and that many bytes (DESIGN 2).
#pragma once

#include "base/bytes.h"
#include "base/tensor_type.h"

namespace rune {

/// A tensor someone else owns; the bytes outlive the view.
struct TensorView {
  DType dtype = DType::F32;
  std::span<const int64_t> sizes;
  ByteSpan data;

  TensorType type() const;
};

/// A tensor that owns its bytes (64-byte aligned).
class Tensor {
public:
  Tensor() = default;
  /// All elements zero.
  ///
  /// errors  `tensor.too-big`: overflow, or more than `maxBytes`
  static Result<Tensor> zeros(DType dtype, std::vector<int64_t> sizes,
                              uint64_t maxBytes = defaultMaxBytes);
  /// Copies `data`, whose length must fit.
  ///
  /// errors  `tensor.size-mismatch`, `tensor.too-big`
  static Result<Tensor> copyOf(const TensorView &view);
  /// Encodes strings in the form above.
  static Tensor ofText(std::vector<int64_t> sizes,
                       std::span<const std::string> elements);

  static constexpr uint64_t defaultMaxBytes = uint64_t{4} << 30;

  Tensor(const Tensor &) = delete;
  Tensor &operator=(const Tensor &) = delete;
  Tensor(Tensor &&other) noexcept { *this = std::move(other); }
  Tensor &operator=(Tensor &&other) noexcept;
  ~Tensor();

  DType dtype() const { return dtype_; }
  const std::vector<int64_t> &sizes() const { return sizes_; }
  uint64_t count() const;
  TensorType type() const { return view().type(); }
  ByteSpan bytes() const { return {data_, size_}; }
  std::span<uint8_t> bytes() { return {data_, size_}; }
  TensorView view() const { return {dtype_, sizes_, bytes()}; }

  /// The elements as C++ numbers; `T` must have the width of the element type.
  template <class T> std::span<const T> as() const {
    RUNE_CHECK(sizeof(T) == dtypeBytes(dtype_), "element width");
    return {reinterpret_cast<const T *>(data_), size_ / sizeof(T)};
  }
  template <class T> std::span<T> as() {
    RUNE_CHECK(sizeof(T) == dtypeBytes(dtype_), "element width");
    return {reinterpret_cast<T *>(data_), size_ / sizeof(T)};
  }

private:
  DType dtype_ = DType::F32;
  std::vector<int64_t> sizes_ = {0};
  uint8_t *data_ = nullptr;
  uint64_t size_ = 0;
};

/// The strings of a utf8 tensor.
///
/// errors  `tensor.bad-text`: lengths that leave the data, a count that does
/// not
///         match the dimensions, bytes that are not UTF-8
Result<std::vector<std::string_view>> textElements(const TensorView &tensor);

/// Checks that the data has exactly the bytes that type and dimensions need.
///
/// errors  `tensor.size-mismatch`, `tensor.too-big`, `tensor.bad-text`
Result<> checkData(const TensorView &tensor);

} // namespace rune
