// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "import/onnx/wire.h"

#include <array>

namespace rune::import {
namespace {

enum class WireKind : uint8_t { Varint, Fixed64, Text, Message, Fixed32 };

struct Field {
  WireMessage message;
  uint32_t number;
  WireKind kind;
  WireMessage child;
};

constexpr Field fields[] = {
#define RUNE_WIRE(message, number, kind, child)                                \
  {WireMessage::message, number, WireKind::kind, WireMessage::child},
#include "import/onnx/wire.def"
#undef RUNE_WIRE
};

constexpr std::string_view messageNames[] = {
    "nothing",      "ModelProto",        "OperatorSetIdProto", "key and value",
    "GraphProto",   "NodeProto",         "AttributeProto",     "TensorProto",
    "Segment",      "SparseTensorProto", "TensorShapeProto",   "Dimension",
    "TypeProto",    "tensor type",       "element type",       "map type",
    "opaque type",  "ValueInfoProto",    "FunctionProto",      "SequenceProto",
    "OptionalProto"};

/// No field of ONNX has a number near this; one that has is rubbish, most often
/// bytes behind the end of the model.
constexpr uint32_t highestFieldNumber = 99;

/// fieldAt[message][number] is the position in `fields` plus one, 0 if unknown.
constexpr auto fieldAt = [] {
  std::array<std::array<uint8_t, 32>, std::size(messageNames)> table{};
  for (size_t i = 0; i < std::size(fields); ++i)
    table[static_cast<size_t>(fields[i].message)][fields[i].number] =
        static_cast<uint8_t>(i + 1);
  return table;
}();

const Field *findField(WireMessage message, uint32_t number) {
  const auto &row = fieldAt[static_cast<size_t>(message)];
  if (number >= row.size() || row[number] == 0)
    return nullptr;
  return &fields[row[number] - 1];
}

/// The wire type that values of the field have when they stand alone.
unsigned ownWireType(WireKind kind) {
  switch (kind) {
  case WireKind::Varint:
    return 0;
  case WireKind::Fixed64:
    return 1;
  case WireKind::Fixed32:
    return 5;
  case WireKind::Text:
  case WireKind::Message:
    return 2;
  }
  return 2;
}

/// Numbers may also stand packed: a length and all elements.
bool wireTypeFits(WireKind kind, unsigned wireType) {
  return wireType == ownWireType(kind) || wireType == 2;
}

class Scanner {
public:
  Scanner(ByteSpan bytes, const SourcePtr &source)
      : bytes_(bytes), source_(source) {}

  Result<> message(WireMessage kind, Span span, unsigned depth);
  WireScan take() { return std::move(scan_); }

private:
  struct Tag {
    uint32_t number;
    unsigned wireType;
    uint64_t at;
  };

  Result<uint64_t> varint(uint64_t end);
  Result<Tag> tag(uint64_t end);
  Result<Span> payload(const Tag &tag, uint64_t end);
  Result<> field(WireMessage kind, uint64_t end, unsigned depth);
  Result<> spend(uint64_t cost, uint64_t at);

  template <class... Args>
  Diagnostic malformed(uint64_t at, fmt::format_string<Args...> text,
                       Args &&...args) const {
    return error("import.malformed", text, std::forward<Args>(args)...)
        .at({source_, {at, at + 1}});
  }

  ByteSpan bytes_;
  const SourcePtr &source_;
  uint64_t at_ = 0;
  uint64_t cost_ = 0;
  WireScan scan_;
};

Result<uint64_t> Scanner::varint(uint64_t end) {
  uint64_t value = 0, begin = at_;
  for (unsigned shift = 0; shift < 70; shift += 7) {
    if (at_ == end)
      return malformed(begin, "the number that begins here is cut off");
    uint8_t byte = bytes_[at_++];
    if (shift < 64)
      value |= uint64_t{byte & 0x7fu} << shift;
    if (byte < 0x80)
      return value;
  }
  return malformed(begin, "a number of more than 10 bytes");
}

Result<Scanner::Tag> Scanner::tag(uint64_t end) {
  uint64_t at = at_;
  uint64_t value = RUNE_TRY(varint(end));
  if (value >> 3 == 0 || value >> 32 != 0)
    return malformed(at, "`{}` is no field of a protobuf message", value >> 3);
  return Tag{static_cast<uint32_t>(value >> 3),
             static_cast<unsigned>(value & 7), at};
}

Result<Span> Scanner::payload(const Tag &tag, uint64_t end) {
  uint64_t length = 0, begin = at_;
  switch (tag.wireType) {
  case 0:
    RUNE_TRY(varint(end));
    return Span{begin, at_};
  case 1:
    length = 8;
    break;
  case 2:
    length = RUNE_TRY(varint(end));
    break;
  case 5:
    length = 4;
    break;
  default:
    return malformed(tag.at, "wire type {} does not occur in ONNX",
                     tag.wireType);
  }
  if (length > end - at_)
    return malformed(tag.at, "a field of {} bytes where {} are left", length,
                     end - at_);
  begin = at_;
  at_ += length;
  return Span{begin, at_};
}

Result<> Scanner::spend(uint64_t cost, uint64_t at) {
  cost_ += cost;
  if (cost_ > maxWireCost)
    return error("import.limit",
                 "reading the model would take more than {} MiB beside its "
                 "{} bytes",
                 maxWireCost >> 20, bytes_.size())
        .at({source_, {at, at + 1}});
  return {};
}

Result<> Scanner::field(WireMessage kind, uint64_t end, unsigned depth) {
  Tag tag = RUNE_TRY(this->tag(end));
  const Field *known = findField(kind, tag.number);
  if (!known && tag.number > highestFieldNumber)
    return malformed(tag.at,
                     "field {} does not belong to a {}: the file is damaged, "
                     "or bytes follow its end",
                     tag.number, messageNames[static_cast<size_t>(kind)]);
  if (known && !wireTypeFits(known->kind, tag.wireType))
    return malformed(tag.at, "field {} of a {} has wire type {}, needs {}",
                     tag.number, messageNames[static_cast<size_t>(kind)],
                     tag.wireType, ownWireType(known->kind));
  Span span = RUNE_TRY(payload(tag, end));
  // A guess of the object, its pointer and its allocation; a packed varint of
  // one byte may become a number of eight.
  uint64_t length = span.end - span.begin;
  bool packed = known && known->kind == WireKind::Varint && tag.wireType == 2;
  RUNE_TRY(spend(!known || known->kind == WireKind::Text ? 48
                 : known->kind == WireKind::Message      ? 256
                 : packed                                ? 8 * length
                                                         : 8,
                 tag.at));
  if (!known || known->kind != WireKind::Message)
    return {};
  if (kind == WireMessage::Graph && known->child == WireMessage::Node &&
      depth == 1)
    scan_.nodes.push_back({tag.at, span.end});
  uint64_t behind = at_;
  RUNE_TRY(message(known->child, span, depth + 1));
  at_ = behind;
  return {};
}

Result<> Scanner::message(WireMessage kind, Span span, unsigned depth) {
  if (depth > maxWireDepth)
    return error("import.limit", "messages nested more than {} deep",
                 maxWireDepth)
        .at({source_, span});
  at_ = span.begin;
  while (at_ < span.end)
    RUNE_TRY(field(kind, span.end, depth));
  return {};
}

} // namespace

Result<WireScan> scanWire(ByteSpan bytes, WireMessage root,
                          const SourcePtr &source) {
  if (bytes.size() > maxWireBytes)
    return error("import.limit", "{} bytes, an ONNX file has at most {}",
                 bytes.size(), maxWireBytes)
        .at({source, {}});
  Scanner scanner(bytes, source);
  RUNE_TRY(scanner.message(root, {0, bytes.size()}, 0));
  return scanner.take();
}

namespace {

/// One tag of at most two bytes; 0 if there is none.
uint32_t shortTag(ByteSpan bytes, uint64_t &at) {
  if (at == bytes.size())
    return 0;
  uint32_t tag = bytes[at++];
  if (tag < 0x80 || at == bytes.size())
    return tag < 0x80 ? tag : 0;
  return (tag & 0x7f) | uint32_t{bytes[at++]} << 7;
}

/// A varint; false if it is cut off or too long.
bool skipVarint(ByteSpan bytes, uint64_t &at, uint64_t &value) {
  value = 0;
  for (unsigned shift = 0; shift < 63 && at < bytes.size(); shift += 7) {
    uint8_t byte = bytes[at++];
    value |= uint64_t{byte & 0x7fu} << shift;
    if (byte < 0x80)
      return true;
  }
  return false;
}

bool beginsAs(WireMessage message, uint32_t tag) {
  const Field *known = findField(message, tag >> 3);
  return known && ownWireType(known->kind) == (tag & 7);
}

} // namespace

bool looksLikeModel(ByteSpan bytes) {
  uint64_t at = 0, value = 0;
  while (at < bytes.size()) {
    uint32_t tag = shortTag(bytes, at);
    if (!beginsAs(WireMessage::Model, tag))
      return false;
    if (!skipVarint(bytes, at, value))
      return false;
    if (tag == (7 << 3 | 2)) // the graph
      return value == 0 || beginsAs(WireMessage::Graph, shortTag(bytes, at));
    if ((tag & 7) == 2 && value > bytes.size() - at)
      return false;
    if ((tag & 7) == 2)
      at += value;
  }
  return false;
}

} // namespace rune::import
