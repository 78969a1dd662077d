// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Each number of the input becomes the word on that line of the word list,
// counted from zero.
//
// As in the first system the list is one text, a word a line, each without the
// blanks around it; an empty line is an empty word and counts. Floating-point
// indices pass if they are whole. The text of the out-of-bounds error is that
// one's too; there it was a panic.
#include "block_kit.h"

#include <cmath>

using namespace ::rune::kit;

namespace {
std::span<std::string_view> words;

bool isBlank(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

std::string_view trim(std::string_view text) {
  while (!text.empty() && isBlank(text.front()))
    text.remove_prefix(1);
  while (!text.empty() && isBlank(text.back()))
    text.remove_suffix(1);
  return text;
}

/// Calls `take` with each line; the end of the text ends the last one.
template <class Take> void eachLine(std::string_view text, Take take) {
  while (!text.empty()) {
    size_t end = text.find('\n');
    take(text.substr(0, end));
    text = end == text.npos ? "" : text.substr(end + 1);
  }
}

/// An index of any type: a number that need not be whole, or a whole one.
struct Index {
  bool isReal, isNegative;
  double real;
  uint64_t size;
};

template <class T> Index indexAt(const uint8_t *element) {
  T value;
  std::memcpy(&value, element, sizeof value);
  if constexpr (std::is_floating_point_v<T>)
    return {true, value < 0, value, 0};
  bool isNegative = value < T{0};
  auto size = static_cast<uint64_t>(value);
  return {false, isNegative, 0, isNegative ? 0 - size : size};
}

/// How to read the elements of a tensor.
struct Reader {
  Index (*read)(const uint8_t *element);
  size_t elementBytes;
};

Reader readerOf(std::string_view dtype) {
  Reader reader{indexAt<uint8_t>, 1};
  dispatch(AllNumbers{}, dtype,
           [&]<class T>(As<T>) { reader = {indexAt<T>, sizeof(T)}; });
  return reader;
}

Error outside(std::string_view sign, std::string_view index) {
  return fail("invalid-input", "indices", "Index out of bounds: there are ",
              Digits(words.size()), " labels but label ", sign, index,
              " was requested");
}

/// The word that `index`, the element at `place`, asks for.
Or<std::string_view> wordAt(const Index &index, size_t place) {
  if (!index.isReal) {
    if (index.isNegative || index.size >= words.size())
      return outside(index.isNegative ? "-" : "", Digits(index.size));
    return words[static_cast<size_t>(index.size)];
  }
  double real = index.real;
  if (!(std::trunc(real) == real) || std::isinf(real))
    return fail("invalid-input", "indices", "element ", Digits(place),
                " of `indices` is ", Digits(real), ", needed a whole number");
  if (index.isNegative || real >= static_cast<double>(words.size()))
    return outside("", Digits(real));
  return words[static_cast<size_t>(real)];
}
} // namespace

namespace exports::rune::block::block {

BlockMetadata metadata() {
  return {
      .name = "label",
      .version = "0.1.0",
      .docs = "Replaces each number by the word on that line of a word list.",
      .arguments = listOf<ArgumentInfo>(
          {{.name = "wordlist",
            .docs = "The words, one a line; the first has the number 0.",
            .kind = ValueKind::Text,
            .defaultValue = {}}}),
      .inputs = listOf<Port>({{.name = "indices",
                               .docs = "Whole numbers from 0, of any shape.",
                               .dtypes = dtypeNames(AllNumbers{}),
                               .dims = {}}}),
      .outputs = listOf<Port>({{.name = "labels",
                                .docs = "Of the input's shape.",
                                .dtypes = listOf<std::string_view>({"utf8"}),
                                .dims = {}}})};
}

Done create(std::span<const Argument> given) {
  Arguments arguments =
      BLOCK_TRY(Arguments::check(given, metadata().arguments));
  std::span<char> text =
      BLOCK_TRY(keep(std::span<const char>(arguments.text("wordlist"))));
  size_t count = 0;
  eachLine({text.data(), text.size()}, [&](std::string_view) { ++count; });
  words = BLOCK_TRY(keepRoom<std::string_view>(count));
  size_t next = 0;
  eachLine({text.data(), text.size()},
           [&](std::string_view line) { words[next++] = trim(line); });
  return {};
}

Types graph(std::span<const TensorType> inputs) {
  BLOCK_TRY(expectInputs(inputs.size(), 1));
  BLOCK_TRY(expectDtype(inputs[0], "indices", dtypeNames(AllNumbers{})));
  return listOf<TensorType>({{"utf8", inputs[0].dims}});
}

Tensors compute(std::span<const Tensor> inputs) {
  BLOCK_TRY(graph(typesOf(inputs)));
  const Tensor &indices = inputs[0];
  Reader reader = readerOf(indices.dtype);
  size_t count = BLOCK_TRY(expectData(indices, "indices", reader.elementBytes));
  auto asked = [&](size_t i) {
    return wordAt(reader.read(indices.data.data() + i * reader.elementBytes),
                  i);
  };
  uint64_t bytes = 0;
  for (size_t i = 0; i < count; ++i)
    bytes += 4 + BLOCK_TRY(asked(i)).size();
  std::span<uint8_t> out = BLOCK_TRY(outputBytes(bytes, "labels"));
  uint8_t *at = out.data();
  for (size_t i = 0; i < count; ++i)
    at = appendText(at, BLOCK_TRY(asked(i)));
  return listOf<Tensor>({{"utf8", indices.dims, out}});
}

} // namespace exports::rune::block::block
