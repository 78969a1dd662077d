// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "import/tflite/flex_options.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace rune::import {
namespace {

/// The kinds of values that are read; a value's kind and width share a byte.
enum Kind : uint8_t {
  Int = 1,
  UInt = 2,
  Float = 3,
  IndirectInt = 6,
  IndirectUInt = 7,
  IndirectFloat = 8,
  Map = 9,
  Bool = 26
};

struct Packed {
  explicit Packed(uint8_t byte)
      : kind(byte >> 2), width(size_t{1} << (byte & 3)) {}
  uint8_t kind;
  size_t width;
};

/// A vector of `count` elements of `width` bytes, which begins at `at`.
struct Elements {
  size_t at = 0, width = 1, count = 0;
  size_t place(size_t index) const { return at + index * width; }
};

/// Numbers and places in the buffer; nothing where they lie outside.
class FlexReader {
public:
  explicit FlexReader(ByteSpan bytes) : bytes_(bytes) {}

  std::optional<uint64_t> number(size_t at, size_t width) const {
    if (at > bytes_.size() || width > bytes_.size() - at)
      return std::nullopt;
    uint64_t value = 0; // little endian
    std::memcpy(&value, bytes_.data() + at, width);
    return value;
  }
  /// Where the offset that stands at `at` leads: so many bytes to the front.
  std::optional<size_t> target(size_t at, size_t width) const {
    auto offset = number(at, width);
    if (!offset || *offset > at)
      return std::nullopt;
    return at - static_cast<size_t>(*offset);
  }
  /// Its length stands before it.
  std::optional<Elements> elements(size_t at, size_t width) const {
    if (at < width)
      return std::nullopt;
    auto count = number(at - width, width);
    if (!count || *count > (bytes_.size() - at) / width)
      return std::nullopt;
    return Elements{at, width, static_cast<size_t>(*count)};
  }
  std::optional<std::string_view> name(size_t at) const {
    std::string_view rest = asText(bytes_.subspan(at));
    size_t end = rest.find('\0');
    if (end == rest.npos || !isUtf8(asBytes(rest.substr(0, end))))
      return std::nullopt;
    return rest.substr(0, end);
  }

  /// The map that is the whole buffer.
  std::optional<Elements> root() const {
    size_t size = bytes_.size();
    if (size < 3)
      return std::nullopt;
    size_t width = bytes_[size - 1];
    Packed packed(bytes_[size - 2]);
    bool isWidth = width == 1 || width == 2 || width == 4 || width == 8;
    if (!isWidth || width > size - 2 || packed.kind != Map)
      return std::nullopt;
    auto at = target(size - 2 - width, width);
    return at ? elements(*at, packed.width) : std::nullopt;
  }
  /// The names of a map: before its length, their width, before that where
  /// they are.
  std::optional<Elements> namesOf(const Elements &map) const {
    if (map.at < 3 * map.width)
      return std::nullopt;
    auto at = target(map.at - 3 * map.width, map.width);
    auto width = number(map.at - 2 * map.width, map.width);
    if (!at || !width || (*width & (*width - 1)) != 0 || *width == 0 ||
        *width > 8)
      return std::nullopt;
    return elements(*at, static_cast<size_t>(*width));
  }
  /// The kinds of a map's values stand behind them.
  std::optional<Packed> kindOf(const Elements &map, size_t index) const {
    auto byte = number(map.place(map.count) + index, 1);
    return byte ? std::optional(Packed(static_cast<uint8_t>(*byte)))
                : std::nullopt;
  }

  /// A whole number of 63 bits; nothing for another kind of value.
  std::optional<int64_t> integer(const Elements &map, size_t index,
                                 Packed packed) const {
    size_t at = map.place(index), width = map.width;
    if (packed.kind == IndirectInt || packed.kind == IndirectUInt) {
      auto elsewhere = target(at, width);
      if (!elsewhere)
        return std::nullopt;
      at = *elsewhere;
      width = packed.width;
    }
    auto value = number(at, width);
    bool hasSign = packed.kind == Int || packed.kind == IndirectInt;
    bool isWhole = hasSign || packed.kind == UInt ||
                   packed.kind == IndirectUInt || packed.kind == Bool;
    if (!value || !isWhole)
      return std::nullopt;
    if (!hasSign)
      return *value >> 63 != 0 ? std::nullopt
                               : std::optional(static_cast<int64_t>(*value));
    size_t unused = 64 - 8 * width;
    return static_cast<int64_t>(*value << unused) >> unused;
  }

  /// A float of 4 or 8 bytes; nothing for another kind of value.
  std::optional<double> real(const Elements &map, size_t index,
                             Packed packed) const {
    size_t at = map.place(index), width = map.width;
    if (packed.kind == IndirectFloat) {
      auto elsewhere = target(at, width);
      if (!elsewhere)
        return std::nullopt;
      at = *elsewhere;
      width = packed.width;
    }
    auto bits = number(at, width);
    bool isFloat = packed.kind == Float || packed.kind == IndirectFloat;
    if (!bits || !isFloat || (width != 4 && width != 8))
      return std::nullopt;
    return width == 8 ? std::bit_cast<double>(*bits)
                      : static_cast<double>(
                            std::bit_cast<float>(static_cast<uint32_t>(*bits)));
  }

private:
  ByteSpan bytes_;
};

} // namespace

Result<FlexOptions> FlexOptions::of(const TfliteNode &node) {
  ByteSpan bytes = node.customOptions();
  if (bytes.size() > maxFlexBytes)
    return error("import.limit", "{}: {} bytes of options, at most {}",
                 node.layer(), bytes.size(), maxFlexBytes);
  auto damaged = [&] {
    return node.fail("the options are no map, or damaged ({} bytes)",
                     bytes.size());
  };
  FlexReader reader(bytes);
  auto map = reader.root();
  auto names = map ? reader.namesOf(*map) : std::nullopt;
  if (!names || names->count != map->count || map->count > maxFlexOptions)
    return damaged();
  FlexOptions options(node);
  for (size_t i = 0; i < map->count; ++i) {
    auto at = reader.target(names->place(i), names->width);
    auto name = at ? reader.name(*at) : std::nullopt;
    auto kind = reader.kindOf(*map, i);
    if (!name || !kind)
      return damaged();
    options.options_[*name] = {reader.integer(*map, i, *kind),
                               reader.real(*map, i, *kind)};
  }
  return options;
}

Result<int64_t> FlexOptions::integer(std::string_view name, int64_t low,
                                     int64_t high) const {
  auto found = options_.find(name);
  if (found == options_.end())
    return node_.fail("option `{}` is missing", name);
  auto whole = found->second.whole;
  if (!whole)
    return node_.fail("option `{}` is no whole number", name);
  if (*whole < low || *whole > high)
    return node_.fail("option `{}` is {}, must be {} to {}", name, *whole, low,
                      high);
  return *whole;
}

Result<float> FlexOptions::number(std::string_view name) const {
  auto found = options_.find(name);
  if (found == options_.end())
    return node_.fail("option `{}` is missing", name);
  const Value &value = found->second;
  float number = value.real    ? static_cast<float>(*value.real)
                 : value.whole ? static_cast<float>(*value.whole)
                               : NAN;
  if (!std::isfinite(number))
    return node_.fail("option `{}` is no finite number", name);
  return number;
}

Result<bool> FlexOptions::flag(std::string_view name) const {
  return RUNE_TRY(integer(name, 0, 1)) != 0;
}

} // namespace rune::import
