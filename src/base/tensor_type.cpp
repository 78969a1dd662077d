// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "base/tensor_type.h"

#include <algorithm>
#include <cctype>
#include <charconv>

namespace rune {

namespace {

struct DTypeFacts {
  std::string_view name;
  unsigned bits;
  DTypeKind kind;
};

constexpr DTypeFacts facts[] = {
#define RUNE_DTYPE(enumerator, name, bits, kind) {name, bits, DTypeKind::kind},
#include "base/dtype.def"
#undef RUNE_DTYPE
};

const DTypeFacts &factsOf(DType dtype) {
  RUNE_CHECK(static_cast<size_t>(dtype) < std::size(facts),
             "unknown element type");
  return facts[static_cast<size_t>(dtype)];
}

} // namespace

const uint8_t dtypeCount = std::size(facts);

std::string_view dtypeName(DType dtype) { return factsOf(dtype).name; }
unsigned dtypeBits(DType dtype) { return factsOf(dtype).bits; }
DTypeKind dtypeKind(DType dtype) { return factsOf(dtype).kind; }

std::optional<DType> dtypeNamed(std::string_view name) {
  auto same = [](char a, char b) {
    return std::tolower(static_cast<unsigned char>(a)) == b;
  };
  for (size_t i = 0; i < std::size(facts); ++i)
    if (std::ranges::equal(name, facts[i].name, same))
      return static_cast<DType>(i);
  return std::nullopt;
}

Dim Dim::named(std::string name) {
  Dim dim;
  dim.name_ = std::move(name);
  return dim;
}

int64_t Dim::size() const {
  RUNE_CHECK(isFixed(), "size of a dimension that is not fixed");
  return size_;
}

std::string Dim::str() const {
  return isFixed() ? std::to_string(size_) : isNamed() ? name_ : "?";
}

std::string TensorType::str() const {
  std::string text(dtypeName(dtype));
  text += '[';
  for (const Dim &dim : dims)
    text += (&dim == dims.data() ? "" : ", ") + dim.str();
  return text + ']';
}

bool TensorType::isStatic() const {
  return std::ranges::all_of(dims, &Dim::isFixed);
}

std::vector<int64_t> TensorType::sizes() const {
  std::vector<int64_t> sizes;
  for (const Dim &dim : dims)
    sizes.push_back(dim.size());
  return sizes;
}

Result<uint64_t> elementCount(std::span<const int64_t> sizes) {
  // A zero anywhere makes the tensor empty, but the other sizes must still be
  // sane: strides are computed from them.
  uint64_t count = 1;
  bool empty = false;
  for (int64_t size : sizes) {
    if (size < 0)
      return error("tensor.negative-dim", "a dimension of {} elements", size);
    empty |= size == 0;
    if (__builtin_mul_overflow(count, std::max<uint64_t>(1, size), &count) ||
        count > static_cast<uint64_t>(INT64_MAX))
      return error("tensor.too-big",
                   "a tensor of [{}] has more than 2^63 elements",
                   fmt::join(sizes, ", "));
  }
  return empty ? 0 : count;
}

Result<uint64_t> tensorBytes(DType dtype, std::span<const int64_t> sizes) {
  if (dtypeBits(dtype) == 0)
    return error("tensor.no-fixed-size", "elements of `{}` have no fixed size",
                 dtypeName(dtype));
  uint64_t count = RUNE_TRY(elementCount(sizes));
  auto bits = static_cast<unsigned __int128>(count) * dtypeBits(dtype);
  unsigned __int128 bytes = (bits + 7) / 8;
  if (bytes > static_cast<uint64_t>(INT64_MAX))
    return error("tensor.too-big",
                 "a tensor of {}[{}] has more than 2^63 bytes",
                 dtypeName(dtype), fmt::join(sizes, ", "));
  return static_cast<uint64_t>(bytes);
}

bool mayFlow(const TensorType &from, const TensorType &to) {
  auto may = [](const Dim &a, const Dim &b) {
    return !a.isFixed() || !b.isFixed() || a == b;
  };
  return from.dtype == to.dtype && std::ranges::equal(from.dims, to.dims, may);
}

static std::string_view trimmed(std::string_view text) {
  while (!text.empty() && text.front() == ' ')
    text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ')
    text.remove_suffix(1);
  return text;
}

static std::optional<Dim> parseDim(std::string_view text) {
  if (text == "?")
    return Dim::unknown();
  if (text.empty())
    return std::nullopt;
  if (std::isalpha(static_cast<unsigned char>(text[0])) || text[0] == '_')
    return Dim::named(std::string(text));
  int64_t size = 0;
  auto [end, fault] =
      std::from_chars(text.data(), text.data() + text.size(), size);
  if (size < 0 || fault != std::errc() || end != text.data() + text.size())
    return std::nullopt;
  return Dim(size);
}

Result<TensorType> parseTensorType(std::string_view text) {
  auto bad = [&] {
    return error("tensor.bad-type",
                 "expected something like `f32[1, 10]`, got `{}`", text);
  };
  size_t open = text.find('[');
  auto dtype = dtypeNamed(text.substr(0, open));
  if (open == text.npos || text.back() != ']' || !dtype)
    return bad();
  TensorType type{*dtype, {}};
  std::string_view inside = text.substr(open + 1, text.size() - open - 2);
  for (bool more = !trimmed(inside).empty(); more;) {
    size_t comma = inside.find(',');
    auto dim = parseDim(trimmed(inside.substr(0, comma)));
    if (!dim)
      return bad();
    type.dims.push_back(*dim);
    more = comma != inside.npos;
    inside.remove_prefix(more ? comma + 1 : inside.size());
  }
  return type;
}

} // namespace rune
