// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What is known of a tensor: its element type, and of each dimension a number,
// a name, or nothing yet.
#pragma once

#include "base/result.h"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace rune {

enum class DType : uint8_t {
#define RUNE_DTYPE(enumerator, name, bits, kind) enumerator,
#include "base/dtype.def"
#undef RUNE_DTYPE
};

/// The small kinds are those of storage: kept, moved, cast and quantised, never
/// computed in.
enum class DTypeKind : uint8_t {
  Float,
  Signed,
  Unsigned,
  Boolean,
  Text,
  SmallFloat,
  SmallSigned,
  SmallUnsigned
};

/// Number of element types; every stored number is below it.
extern const uint8_t dtypeCount;

std::string_view dtypeName(DType dtype);
/// Bits of one element; 0 for utf8, whose elements vary.
unsigned dtypeBits(DType dtype);
DTypeKind dtypeKind(DType dtype);
/// 0 for utf8 and for elements of less than a byte.
inline unsigned dtypeBytes(DType dtype) { return dtypeBits(dtype) / 8; }
inline bool isFloat(DType dtype) {
  return dtypeKind(dtype) == DTypeKind::Float;
}
inline bool isInteger(DType dtype) {
  return dtypeKind(dtype) == DTypeKind::Signed ||
         dtypeKind(dtype) == DTypeKind::Unsigned;
}
/// True for the small kinds.
inline bool isStorage(DType dtype) {
  return dtypeKind(dtype) >= DTypeKind::SmallFloat;
}
/// The element type of that name, written in any case.
std::optional<DType> dtypeNamed(std::string_view name);

/// One dimension: a number of elements, a symbol that stands for one number
/// everywhere in the graph, or unknown until run time (written `?`).
class Dim {
public:
  Dim() = default;
  Dim(int64_t size) : size_(size) {}
  static Dim named(std::string name);
  static Dim unknown() { return Dim(-1); }

  bool isFixed() const { return size_ >= 0; }
  bool isNamed() const { return !name_.empty(); }
  bool isUnknown() const { return !isFixed() && !isNamed(); }
  /// The number; only for a fixed dimension.
  int64_t size() const;
  const std::string &name() const { return name_; }

  std::string str() const;
  /// Equal numbers or equal names; two unknown dimensions are equal as written.
  bool operator==(const Dim &) const = default;

private:
  int64_t size_ = -1;
  std::string name_;
};

using Dims = std::vector<Dim>;

struct TensorType {
  DType dtype = DType::F32;
  Dims dims;

  /// The form the first system printed: `f32[1, 10]`, `i8[batch, ?]`, `u32[]`.
  std::string str() const;
  bool isStatic() const;
  /// The fixed sizes; only for a static type.
  std::vector<int64_t> sizes() const;
  bool operator==(const TensorType &) const = default;
};

/// Product of the sizes. 1 for a scalar.
///
/// errors  `tensor.too-big` if it leaves 63 bits, `tensor.negative-dim`
Result<uint64_t> elementCount(std::span<const int64_t> sizes);

/// Bytes of a tensor whose elements have a fixed width; the last byte of packed
/// elements may be used in part.
///
/// errors  as `elementCount`; `tensor.no-fixed-size` for utf8
Result<uint64_t> tensorBytes(DType dtype, std::span<const int64_t> sizes);

/// True if a value of type `from` may arrive where `to` is expected: equal
/// element types, equal ranks, and no dimension that must differ. A name or an
/// unknown dimension may turn out to be any number.
bool mayFlow(const TensorType &from, const TensorType &to);

/// Parses the form of `TensorType::str`. Used by tests and by the command line.
///
/// errors  `tensor.bad-type`
Result<TensorType> parseTensorType(std::string_view text);

} // namespace rune
