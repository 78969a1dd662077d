// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A part of a text that was cut into word pieces, a line each, as one text
// again: the pieces from line `start` to line `end`, both among them. A piece
// that begins with "##" joins the one before it; before others stands a blank.
//
// As in the first system, of `start` and `end` only the first elements count.
// That one refused an end that is not behind the start, so that no answer of
// one word could be given; here an end before the start is refused. What lies
// behind the last line was a panic there.
#include "block_kit.h"
#include "utf8.h"

using namespace ::rune::kit;

namespace {
using Bytes = TypeList<uint8_t>;
using Indices = TypeList<uint32_t>;

/// The lines of a text; the end of the last one begins no other.
class Lines {
public:
  explicit Lines(std::string_view text) : left_(text) {}
  bool done() const { return left_.empty(); }
  std::string_view next() {
    size_t end = left_.find('\n');
    std::string_view line = left_.substr(0, end);
    left_ = end == left_.npos ? "" : left_.substr(end + 1);
    if (end != line.npos && !line.empty() && line.back() == '\r')
      line.remove_suffix(1);
    return line;
  }

private:
  std::string_view left_;
};

/// The text of `data`, without the NULs that fill it up.
Or<std::string_view> textOf(const Tensor &tensor, std::string_view subject) {
  BLOCK_TRY(expectData(tensor, subject, 1));
  std::string_view text(reinterpret_cast<const char *>(tensor.data.data()),
                        tensor.data.size());
  while (!text.empty() && text.back() == '\0')
    text.remove_suffix(1);
  if (size_t end = utf8End(text); end < text.size())
    return fail("invalid-input", subject, "byte ", Digits(end), " of `",
                subject, "` is not UTF-8");
  return text;
}

Or<uint32_t> firstIndex(const Tensor &tensor, std::string_view subject) {
  auto in = BLOCK_TRY(elements<uint32_t>(tensor, subject));
  return in[0];
}

/// Writes the pieces of the lines from `start` to `end`.
///
/// result  behind them
char *join(std::string_view text, uint32_t start, uint32_t end, char *at) {
  char *first = at;
  Lines lines(text);
  for (uint32_t i = 0; i <= end; ++i) {
    std::string_view piece = lines.next();
    if (i < start)
      continue;
    if (piece.substr(0, 2) == "##")
      piece.remove_prefix(2);
    else if (at != first)
      *at++ = ' ';
    if (!piece.empty())
      std::memcpy(at, piece.data(), piece.size());
    at += piece.size();
  }
  return at;
}

Done expectWithin(std::string_view text, uint32_t start, uint32_t end) {
  if (end < start)
    return fail("invalid-input", "end", "Start index: ", Digits(start),
                " is greater than end index: ", Digits(end));
  uint32_t count = 0;
  for (Lines lines(text); !lines.done(); lines.next())
    ++count;
  if (end >= count)
    return fail("invalid-input", "end", "`end` is ", Digits(end),
                " but `words` has ", Digits(count),
                count == 1 ? " line" : " lines");
  return {};
}

Done expectIndex(const TensorType &type, std::string_view subject) {
  BLOCK_TRY(expectDtype(type, subject, dtypeNames(Indices{})));
  for (const Dimension &dimension : type.dims)
    if (fixed(dimension) == 0U)
      return fail("unsupported-shape", subject, "`", subject,
                  "` has no elements, needed at least one");
  return {};
}
} // namespace

namespace exports::rune::block::block {

BlockMetadata metadata() {
  return {
      .name = "text_extractor",
      .version = "0.1.0",
      .docs = "Joins some of a text's word pieces to a text.",
      .arguments = {},
      .inputs = listOf<Port>(
          {{.name = "words",
            .docs = "Word pieces as UTF-8, a line each, as `tokenizers` gives "
                    "them.",
            .dtypes = dtypeNames(Bytes{}),
            .dims = {}},
           {.name = "start",
            .docs = "The first piece, counted from 0; only the first element "
                    "counts.",
            .dtypes = dtypeNames(Indices{}),
            .dims = {}},
           {.name = "end",
            .docs = "The last piece; only the first element counts.",
            .dtypes = dtypeNames(Indices{}),
            .dims = {}}}),
      .outputs =
          listOf<Port>({{.name = "phrase",
                         .docs = "The pieces from start to end, as one text.",
                         .dtypes = listOf<std::string_view>({"utf8"}),
                         .dims = listOf<Dimension>({fixedDimension(1)})}})};
}

Done create(std::span<const Argument> arguments) {
  BLOCK_TRY(Arguments::check(arguments, metadata().arguments));
  return {};
}

Types graph(std::span<const TensorType> inputs) {
  BLOCK_TRY(expectInputs(inputs.size(), 3));
  BLOCK_TRY(expectDtype(inputs[0], "words", dtypeNames(Bytes{})));
  BLOCK_TRY(expectIndex(inputs[1], "start"));
  BLOCK_TRY(expectIndex(inputs[2], "end"));
  return listOf<TensorType>({{"utf8", listOf<Dimension>({fixedDimension(1)})}});
}

Tensors compute(std::span<const Tensor> inputs) {
  BLOCK_TRY(graph(typesOf(inputs)));
  std::string_view text = BLOCK_TRY(textOf(inputs[0], "words"));
  uint32_t start = BLOCK_TRY(firstIndex(inputs[1], "start"));
  uint32_t end = BLOCK_TRY(firstIndex(inputs[2], "end"));
  BLOCK_TRY(expectWithin(text, start, end));
  // A piece takes no more than its line, a blank no more than its line's end.
  auto out = BLOCK_TRY(outputBytes(uint64_t{4} + text.size(), "phrase"));
  char *first = reinterpret_cast<char *>(out.data()) + 4;
  auto length = static_cast<uint32_t>(join(text, start, end, first) - first);
  std::memcpy(out.data(), &length, 4);
  return listOf<Tensor>(
      {{"utf8", listOf<uint32_t>({1}), out.first(4 + length)}});
}

} // namespace exports::rune::block::block
