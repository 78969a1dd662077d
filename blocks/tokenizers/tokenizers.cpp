// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A question and a paragraph as BERT's uncased models read them: words to word
// pieces, word pieces to their line numbers in a vocabulary.
//
//   [CLS] question [SEP] paragraph [SEP] [PAD] ... 384 in all
//
// The text is split at blanks, punctuation and Chinese characters, lower-cased,
// accents stripped (BERT's basic tokenizer), and each word cut into the longest
// pieces that the vocabulary has, from the left; all but the first begin with
// "##". A word that cannot be cut so, or has more than 100 characters, is
// [UNK]. The five special words are themselves wherever they stand. What is too
// long loses its last pieces, those of the longer text first, of equally long
// ones the question.
//
// The first system carried the vocabulary in the block; here it is an argument,
// a resource in most Runefiles, so that any language's will do. A capital sigma
// becomes the same small one wherever it stands, as there. Bytes that are no
// UTF-8, and an empty text, were a panic there.
//
// source  google-research/bert, tokenization.py, for what the models were
//         trained on; Unicode data as unicode_tables.py finds it
#include "block_kit.h"
#include "unicode_tables.h"
#include "utf8.h"

using namespace ::rune::kit;
using namespace ::rune::tokenizers;

namespace {
constexpr uint32_t length = 384;
constexpr uint32_t mostPieces = length - 3; // [CLS] and two [SEP]
constexpr uint32_t longestWord = 100;       // characters
constexpr uint32_t none = ~0U;

// --- the vocabulary ---

std::span<std::string_view> words;
/// Line numbers by a hash of the word; a power of two, never full.
std::span<uint32_t> slots;

constexpr std::string_view specials[] = {"[PAD]", "[UNK]", "[CLS]", "[SEP]",
                                         "[MASK]"};
uint32_t pad, unknown, classify, separator;

bool isBlank(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

std::string_view trim(std::string_view text) {
  while (!text.empty() && isBlank(text.front()))
    text.remove_prefix(1);
  while (!text.empty() && isBlank(text.back()))
    text.remove_suffix(1);
  return text;
}

/// FNV-1a.
uint32_t hashOf(std::string_view text) {
  uint32_t hash = 2166136261U;
  for (char c : text)
    hash = (hash ^ static_cast<uint8_t>(c)) * 16777619U;
  return hash;
}

/// The slot of `word`, or the free one where it belongs.
uint32_t &slotOf(std::string_view word) {
  uint32_t mask = slots.size() - 1, at = hashOf(word) & mask;
  while (slots[at] != none && words[slots[at]] != word)
    at = (at + 1) & mask;
  return slots[at];
}

uint32_t idOf(std::string_view word) { return slotOf(word); }

template <class Take> void eachLine(std::string_view text, Take take) {
  while (!text.empty()) {
    size_t end = text.find('\n');
    take(text.substr(0, end));
    text = end == text.npos ? "" : text.substr(end + 1);
  }
}

/// Takes the words in; of a word on several lines the last one counts.
Done readVocabulary(std::string_view given) {
  auto kept = BLOCK_TRY(keep(std::span<const char>(given)));
  std::string_view text(kept.data(), kept.size());
  size_t count = 0, size = 16;
  eachLine(text, [&](std::string_view) { ++count; });
  while (size < 2 * count)
    size *= 2;
  words = BLOCK_TRY(keepRoom<std::string_view>(count));
  slots = BLOCK_TRY(keepRoom<uint32_t>(size));
  std::memset(slots.data(), 0xFF, slots.size_bytes());
  uint32_t next = 0;
  eachLine(text, [&](std::string_view line) {
    words[next] = trim(line);
    slotOf(words[next]) = next;
    ++next;
  });
  for (std::string_view special : specials)
    if (special != "[MASK]" && idOf(special) == none)
      return fail("invalid-argument", "vocabulary",
                  "argument `vocabulary` has no line `", special, "`");
  pad = idOf("[PAD]"), unknown = idOf("[UNK]");
  classify = idOf("[CLS]"), separator = idOf("[SEP]");
  return {};
}

// --- characters ---

const Range *rangeOf(uint32_t c) {
  const Range *first = ranges, *last = std::end(ranges);
  while (last - first > 1) {
    const Range *middle = first + (last - first) / 2;
    (middle->first <= c ? first : last) = middle;
  }
  return c - first->first < first->count ? first : nullptr;
}

bool isSpace(uint32_t c) {
  const Range *range = rangeOf(c);
  return range && range->kind == Kind::Space;
}

/// ASCII that is neither letter nor digit counts as well.
bool isPunctuation(uint32_t c) {
  if (c < 0x80)
    return (c >= 33 && c <= 47) || (c >= 58 && c <= 64) ||
           (c >= 91 && c <= 96) || (c >= 123 && c <= 126);
  const Range *range = rangeOf(c);
  return range && range->kind == Kind::Punctuation;
}

bool isChinese(uint32_t c) {
  return (c >= 0x4E00 && c <= 0x9FFF) || (c >= 0x3400 && c <= 0x4DBF) ||
         (c >= 0x20000 && c <= 0x2A6DF) || (c >= 0x2A700 && c <= 0x2B73F) ||
         (c >= 0x2B740 && c <= 0x2B81F) || (c >= 0x2B820 && c <= 0x2CEAF) ||
         (c >= 0xF900 && c <= 0xFAFF) || (c >= 0x2F800 && c <= 0x2FA1F);
}

/// Calls `take` with what a Hangul syllable is made of: Unicode 15, §3.12.
template <class Take> void takeApart(uint32_t syllable, Take take) {
  take(0x1100 + syllable / 588);
  take(0x1161 + syllable % 588 / 28);
  if (syllable % 28)
    take(0x11A7 + syllable % 28);
}

/// Calls `take` with what stays of a character in lower case without accents.
template <class Take> void fold(uint32_t c, Take take) {
  constexpr uint32_t firstHangul = 0xAC00, hangulCount = 11172;
  if (c - firstHangul < hangulCount)
    return takeApart(c - firstHangul, take);
  const Range *range = rangeOf(c);
  if (!range || range->kind == Kind::Punctuation)
    return take(c);
  uint32_t at = c - range->first;
  if (range->kind == Kind::Shift || range->kind == Kind::ShiftEverySecond) {
    bool shifts = range->kind == Kind::Shift || at % 2 == 0;
    return take(shifts ? c + range->value : c);
  }
  if (range->kind != Kind::List)
    return;
  uint32_t entry = listed[range->value + at], count = entry >> 24;
  if (count == 0)
    return take(entry);
  for (uint32_t i = 0; i < count; ++i)
    take(sequences[(entry & 0xFFFFFF) + i]);
}

// --- text to pieces ---

/// The pieces of a text, as far as they can be needed.
struct Pieces {
  uint32_t ids[mostPieces + 2 * longestWord];
  uint32_t count = 0;
  bool full() const { return count >= mostPieces; }
  void add(uint32_t id) { ids[count++] = id; }
};

/// A word as it comes together.
class Word {
public:
  void add(uint32_t c) {
    if (count_ < longestWord)
      starts_[count_] = static_cast<uint16_t>(end_ - bytes_);
    if (count_++ < longestWord)
      end_ = appendCodePoint(end_, c);
  }

  /// Cuts the word into pieces and begins the next one.
  void cut(Pieces &pieces) {
    uint32_t before = pieces.count;
    if (count_ > longestWord || !cutAll(pieces)) {
      pieces.count = before;
      pieces.add(unknown);
    }
    count_ = 0;
    end_ = bytes_;
  }
  void endWord(Pieces &pieces) {
    if (count_ != 0)
      cut(pieces);
  }

private:
  bool cutAll(Pieces &pieces) {
    for (uint32_t begin = 0; begin < count_;) {
      uint32_t end = count_, id = none;
      while (end > begin && (id = idOf(piece(begin, end))) == none)
        --end;
      if (end == begin)
        return false;
      pieces.add(id);
      begin = end;
    }
    return true;
  }

  /// The characters from `begin` to `end`, behind "##" if not at the start.
  std::string_view piece(uint32_t begin, uint32_t end) {
    const char *stop = end == count_ ? end_ : bytes_ + starts_[end];
    if (begin == 0)
      return {bytes_, static_cast<size_t>(stop - bytes_)};
    char *at = continued_;
    *at++ = '#', *at++ = '#';
    const char *first = bytes_ + starts_[begin];
    std::memcpy(at, first, stop - first);
    return {continued_, static_cast<size_t>(stop - first + 2)};
  }

  char bytes_[4 * longestWord], continued_[4 * longestWord + 2];
  uint16_t starts_[longestWord];
  char *end_ = bytes_;
  uint32_t count_ = 0;
};

/// The special word at the start of `text`, if the vocabulary has it.
std::string_view specialAt(std::string_view text) {
  for (std::string_view special : specials)
    if (text.starts_with(special) && idOf(special) != none)
      return special;
  return {};
}

void addCharacter(uint32_t c, Word &word, Pieces &pieces) {
  if (isSpace(c))
    return word.endWord(pieces);
  bool alone = isChinese(c);
  if (alone)
    word.endWord(pieces);
  fold(c, [&](uint32_t folded) {
    bool splits = isPunctuation(folded);
    if (splits)
      word.endWord(pieces);
    word.add(folded);
    if (splits)
      word.endWord(pieces);
  });
  if (alone)
    word.endWord(pieces);
}

void tokenize(std::string_view text, Pieces &pieces) {
  Word word;
  while (!text.empty() && !pieces.full()) {
    std::string_view special = text[0] == '[' ? specialAt(text) : "";
    if (!special.empty()) {
      word.endWord(pieces);
      pieces.add(idOf(special));
      text.remove_prefix(special.size());
      continue;
    }
    CodePoint c = firstCodePoint(text);
    addCharacter(c.value, word, pieces);
    text.remove_prefix(c.length);
  }
  if (!pieces.full())
    word.endWord(pieces);
}

/// Takes off what is too much.
void truncate(Pieces &a, Pieces &b) {
  a.count = a.count < mostPieces ? a.count : mostPieces;
  b.count = b.count < mostPieces ? b.count : mostPieces;
  while (a.count + b.count > mostPieces)
    --(a.count >= b.count ? a : b).count;
}

/// The text of an input, without the NULs that fill it up.
Or<std::string_view> sentence(const Tensor &tensor, std::string_view subject,
                              std::string_view number) {
  BLOCK_TRY(expectData(tensor, subject, 1));
  std::string_view text(reinterpret_cast<const char *>(tensor.data.data()),
                        tensor.data.size());
  while (!text.empty() && text.back() == '\0')
    text.remove_suffix(1);
  if (text.empty())
    return fail("invalid-input", subject, "Sentence ", number, " is empty");
  if (size_t end = utf8End(text); end < text.size())
    return fail("invalid-input", subject, "byte ", Digits(end), " of `",
                subject, "` is not UTF-8");
  return text;
}

struct Encoded {
  std::span<int32_t> ids, mask, segments;
  uint32_t count = 0;
  void add(uint32_t id, int32_t segment) {
    ids[count] = static_cast<int32_t>(id);
    mask[count] = 1;
    segments[count++] = segment;
  }
  void add(const Pieces &pieces, int32_t segment) {
    for (uint32_t i = 0; i < pieces.count; ++i)
      add(pieces.ids[i], segment);
    add(separator, segment);
  }
  void fillUp() {
    for (; count < length; ++count) {
      ids[count] = static_cast<int32_t>(pad);
      mask[count] = segments[count] = 0;
    }
  }
};

Or<Encoded> encode(const Pieces &question, const Pieces &paragraph) {
  Encoded encoded;
  encoded.ids = BLOCK_TRY(output<int32_t>(length, "ids"));
  encoded.mask = BLOCK_TRY(output<int32_t>(length, "mask"));
  encoded.segments = BLOCK_TRY(output<int32_t>(length, "segments"));
  encoded.add(classify, 0);
  encoded.add(question, 0);
  encoded.add(paragraph, 1);
  encoded.fillUp();
  return encoded;
}

/// Each piece and a line's end.
Or<std::span<uint8_t>> wordsOf(std::span<const int32_t> ids) {
  uint64_t bytes = 0;
  for (int32_t id : ids)
    bytes += words[id].size() + 1;
  auto out = BLOCK_TRY(outputBytes(bytes, "words"));
  uint8_t *at = out.data();
  for (int32_t id : ids) {
    std::string_view word = words[id];
    if (!word.empty())
      std::memcpy(at, word.data(), word.size());
    at[word.size()] = '\n';
    at += word.size() + 1;
  }
  return out;
}

Port textPort(std::string_view name, std::string_view docs) {
  return {name, docs, dtypeNames(TypeList<uint8_t>{}), {}};
}

Port rowPort(std::string_view name, std::string_view docs) {
  return {name, docs, dtypeNames(TypeList<int32_t>{}),
          listOf<Dimension>({fixedDimension(1), fixedDimension(length)})};
}
} // namespace

namespace exports::rune::block::block {

BlockMetadata metadata() {
  return {
      .name = "tokenizers",
      .version = "0.1.0",
      .docs = "Turns a question and a paragraph into the numbers that a BERT "
              "model reads.",
      .arguments = listOf<ArgumentInfo>(
          {{.name = "vocabulary",
            .docs = "The model's word pieces, one a line, the first with the "
                    "number 0; usually a resource.",
            .kind = ValueKind::Text,
            .defaultValue = {}}}),
      .inputs = listOf<Port>(
          {textPort("question", "UTF-8, of any shape; NULs at the end do not "
                                "count."),
           textPort("paragraph", "The same: where to look for the answer.")}),
      .outputs = listOf<Port>(
          {rowPort("ids", "The numbers of the pieces."),
           rowPort("mask", "1 where there is a piece, 0 from there on."),
           rowPort("segments", "0 for the question, 1 for the paragraph."),
           {"words", "The pieces themselves, a line each, as UTF-8.",
            dtypeNames(TypeList<uint8_t>{}),
            listOf<Dimension>({{Dimension::Unknown{}}})}})};
}

Done create(std::span<const Argument> given) {
  Arguments arguments =
      BLOCK_TRY(Arguments::check(given, metadata().arguments));
  return readVocabulary(arguments.text("vocabulary"));
}

Types graph(std::span<const TensorType> inputs) {
  BLOCK_TRY(expectInputs(inputs.size(), 2));
  BLOCK_TRY(
      expectDtype(inputs[0], "question", dtypeNames(TypeList<uint8_t>{})));
  BLOCK_TRY(
      expectDtype(inputs[1], "paragraph", dtypeNames(TypeList<uint8_t>{})));
  auto dims = listOf<Dimension>({fixedDimension(1), fixedDimension(length)});
  return listOf<TensorType>(
      {{dtypeName<int32_t>, dims},
       {dtypeName<int32_t>, dims},
       {dtypeName<int32_t>, dims},
       {dtypeName<uint8_t>, listOf<Dimension>({{Dimension::Unknown{}}})}});
}

Tensors compute(std::span<const Tensor> inputs) {
  BLOCK_TRY(graph(typesOf(inputs)));
  auto question = BLOCK_TRY(sentence(inputs[0], "question", "1"));
  auto paragraph = BLOCK_TRY(sentence(inputs[1], "paragraph", "2"));
  Pieces ofQuestion, ofParagraph;
  tokenize(question, ofQuestion);
  tokenize(paragraph, ofParagraph);
  truncate(ofQuestion, ofParagraph);
  Encoded encoded = BLOCK_TRY(encode(ofQuestion, ofParagraph));
  auto pieces = BLOCK_TRY(wordsOf(encoded.ids));
  auto dims = listOf<uint32_t>({1, length});
  auto count = static_cast<uint32_t>(pieces.size());
  return listOf<Tensor>({tensorOf(encoded.ids, dims),
                         tensorOf(encoded.mask, dims),
                         tensorOf(encoded.segments, dims),
                         tensorOf(pieces, listOf<uint32_t>({count}))});
}

} // namespace exports::rune::block::block
