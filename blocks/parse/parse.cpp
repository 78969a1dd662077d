// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Numbers out of text: each element is cut at its first NUL, then into words at
// blanks; each word is one number, all in one row.
//
// The first system's block was generic over the type it gives, and no Runefile
// could name that; here `element_type` does, as in the blocks that followed. A
// word reads as that system read it: a sign, decimal digits, for a
// floating-point number also a point, an exponent, `inf`, `infinity` and `nan`
// in any case; no other bases, no separators. What is no number, or too large
// for an integer type, was a panic there.
#include "block_kit.h"
#include "decimal.h"
#include "utf8.h"

using namespace ::rune::kit;

namespace {
std::string_view elementType;

bool isSpace(uint32_t c) {
  return (c >= 9 && c <= 13) || c == 32 || c == 0x85 || c == 0xA0 ||
         c == 0x1680 || (c >= 0x2000 && c <= 0x200A) || c == 0x2028 ||
         c == 0x2029 || c == 0x202F || c == 0x205F || c == 0x3000;
}

/// Calls `take` with each word of all elements, until it answers false.
template <class Take> void eachWord(Texts texts, Take take) {
  while (!texts.done()) {
    std::string_view text = texts.next();
    text = text.substr(0, text.find('\0'));
    size_t begin = 0;
    for (size_t at = 0; at <= text.size();) {
      CodePoint c = firstCodePoint(text.substr(at));
      if (c.length != 0 && !isSpace(c.value)) {
        at += c.length;
        continue;
      }
      if (at > begin && !take(text.substr(begin, at - begin)))
        return;
      begin = at += c.length ? c.length : 1;
    }
  }
}

/// Reads an integer of `bits` bits into the lowest bytes of `value`.
bool readInteger(std::string_view word, bool isSigned, int bits,
                 uint64_t &value) {
  bool negative = isSigned && word.starts_with('-');
  if (negative || word.starts_with('+'))
    word.remove_prefix(1);
  if (word.empty())
    return false;
  uint64_t highest = ~uint64_t{0} >> (64 - bits + isSigned);
  uint64_t limit = highest + negative, size = 0;
  for (char c : word) {
    uint64_t digit = static_cast<uint8_t>(c - '0');
    if (digit > 9 || size > limit / 10 || size * 10 > limit - digit)
      return false;
    size = size * 10 + digit;
  }
  value = negative ? 0 - size : size;
  return true;
}

/// True if the word is `name`, which is in lower case.
bool isWord(std::string_view word, std::string_view name) {
  if (word.size() != name.size())
    return false;
  for (size_t i = 0; i < name.size(); ++i)
    if ((word[i] | 0x20) != name[i])
      return false;
  return true;
}

template <class T> bool readReal(std::string_view word, uint64_t &value) {
  bool negative = word.starts_with('-');
  if (negative || word.starts_with('+'))
    word.remove_prefix(1);
  T size = std::numeric_limits<T>::quiet_NaN();
  if (isWord(word, "inf") || isWord(word, "infinity")) {
    size = std::numeric_limits<T>::infinity();
  } else if (!isWord(word, "nan")) {
    ::rune::decimal::Decimal decimal;
    if (!::rune::decimal::read(word, decimal))
      return false;
    size = ::rune::decimal::nearest<T>(decimal);
  }
  size = negative ? -size : size;
  std::memcpy(&value, &size, sizeof size);
  return true;
}

/// Bits of an element of the type: the digits in its name.
int bitsOf(std::string_view dtype) {
  int bits = 0;
  for (char c : dtype.substr(1))
    bits = bits * 10 + (c - '0');
  return bits;
}

/// Reads a number of type `elementType` into the lowest bytes of `value`.
bool readNumber(std::string_view word, uint64_t &value) {
  if (elementType == "f32")
    return readReal<float>(word, value);
  if (elementType == "f64")
    return readReal<double>(word, value);
  return readInteger(word, elementType[0] == 'i', bitsOf(elementType), value);
}

/// The name of a type of numbers, in any case; empty for another text.
std::string_view typeNamed(std::string_view text) {
  for (std::string_view name : dtypeNames(AllNumbers{}))
    if (isWord(text, name))
      return name;
  return {};
}
} // namespace

namespace exports::rune::block::block {

BlockMetadata metadata() {
  return {
      .name = "parse",
      .version = "0.1.0",
      .docs = "Reads the numbers that texts spell, parted by blanks.",
      .arguments = listOf<ArgumentInfo>(
          {{.name = "element_type",
            .docs = "The type of the numbers, such as `i32`.",
            .kind = ValueKind::Text,
            .defaultValue = Value{Value::Text{"f32"}}}}),
      .inputs = listOf<Port>(
          {{.name = "text",
            .docs = "Texts, of any shape; what follows a NUL does not count.",
            .dtypes = listOf<std::string_view>({"utf8"}),
            .dims = {}}}),
      .outputs = listOf<Port>(
          {{.name = "parsed",
            .docs = "The numbers, in one row.",
            .dtypes = dtypeNames(AllNumbers{}),
            .dims = listOf<Dimension>({{Dimension::Unknown{}}})}})};
}

Done create(std::span<const Argument> given) {
  Arguments arguments =
      BLOCK_TRY(Arguments::check(given, metadata().arguments));
  std::string_view name = arguments.text("element_type");
  while (!name.empty() && isSpace(static_cast<uint8_t>(name.back())))
    name.remove_suffix(1);
  elementType = typeNamed(name);
  if (elementType.empty())
    return fail("invalid-argument", "element_type", "Unknown element type, \"",
                shown(name),
                "\", needed one of `f32`, `f64`, `i8`, `i16`, `i32`, `i64`, "
                "`u8`, `u16`, `u32`, `u64`");
  return {};
}

Types graph(std::span<const TensorType> inputs) {
  BLOCK_TRY(expectInputs(inputs.size(), 1));
  BLOCK_TRY(expectDtype(inputs[0], "text", listOf<std::string_view>({"utf8"})));
  return listOf<TensorType>(
      {{elementType, listOf<Dimension>({{Dimension::Unknown{}}})}});
}

Tensors compute(std::span<const Tensor> inputs) {
  BLOCK_TRY(graph(typesOf(inputs)));
  Texts texts = BLOCK_TRY(textElements(inputs[0], "text"));
  uint32_t count = 0, next = 0, bytes = bitsOf(elementType) / 8;
  eachWord(texts, [&](std::string_view) { return ++count != 0; });
  auto out = BLOCK_TRY(outputBytes(uint64_t{count} * bytes, "parsed"));
  std::string_view wrong;
  eachWord(texts, [&](std::string_view word) {
    uint64_t value = 0;
    if (!readNumber(word, value)) {
      wrong = word;
      return false;
    }
    std::memcpy(out.data() + size_t{next++} * bytes, &value, bytes);
    return true;
  });
  if (!wrong.empty())
    return fail("invalid-input", "text", "Unable to parse \"", shown(wrong),
                "\" as a ", elementType, ", word ", Digits(next), " of `text`");
  return listOf<Tensor>({{elementType, listOf<uint32_t>({count}), out}});
}

} // namespace exports::rune::block::block
