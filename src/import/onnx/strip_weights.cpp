// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "import/onnx/strip_weights.h"

namespace rune::import {

namespace {

// ModelProto.graph, GraphProto.initializer, TensorProto.raw_data
constexpr uint32_t graphField = 7;
constexpr uint32_t initializerField = 5;
constexpr uint32_t rawDataField = 9;

/// One field: what it is, all of its bytes with the tag, and what it holds.
struct WireField {
  uint32_t number = 0;
  bool isBytes = false;
  ByteSpan whole;
  ByteSpan content;
};

/// Goes through the fields of a message that is sound.
class FieldWalk {
public:
  explicit FieldWalk(ByteSpan message) : rest_(message) {}

  /// False at the end, and at bytes that are no field.
  bool next(WireField &field) {
    ByteSpan start = rest_;
    uint64_t tag = 0;
    if (rest_.empty() || !varint(tag) || !skip(tag & 7, field.content))
      return false;
    field.number = static_cast<uint32_t>(tag >> 3);
    field.isBytes = (tag & 7) == 2;
    field.whole = start.first(start.size() - rest_.size());
    return true;
  }
  bool atEnd() const { return rest_.empty(); }

private:
  bool varint(uint64_t &value) {
    value = 0;
    for (unsigned shift = 0; shift < 64 && !rest_.empty(); shift += 7) {
      uint8_t byte = rest_.front();
      rest_ = rest_.subspan(1);
      value |= uint64_t{byte & 0x7fu} << shift;
      if (byte < 0x80)
        return true;
    }
    return false;
  }
  bool skip(uint64_t wireType, ByteSpan &content) {
    uint64_t size = 0, ignored = 0;
    content = {};
    if (wireType == 0)
      return varint(ignored);
    if (wireType == 2 ? !varint(size) : wireType != 1 && wireType != 5)
      return false;
    size = wireType == 1 ? 8 : wireType == 5 ? 4 : size;
    if (size > rest_.size())
      return false;
    content = rest_.first(size);
    rest_ = rest_.subspan(size);
    return true;
  }

  ByteSpan rest_;
};

void append(Bytes &out, ByteSpan bytes) {
  out.insert(out.end(), bytes.begin(), bytes.end());
}

void appendVarint(Bytes &out, uint64_t value) {
  for (; value >= 0x80; value >>= 7)
    out.push_back(static_cast<uint8_t>(value | 0x80));
  out.push_back(static_cast<uint8_t>(value));
}

void appendField(Bytes &out, uint32_t number, ByteSpan content) {
  appendVarint(out, uint64_t{number} << 3 | 2);
  appendVarint(out, content.size());
  append(out, content);
}

/// The tensor without its raw data, which go to `raw`. Of several the last
/// counts, as for protobuf.
bool stripTensor(ByteSpan tensor, Bytes &out, std::optional<ByteSpan> &raw) {
  FieldWalk walk(tensor);
  std::vector<ByteSpan> kept;
  for (WireField field; walk.next(field);)
    if (field.number == rawDataField && field.isBytes)
      raw = field.content;
    else
      kept.push_back(field.whole);
  if (!walk.atEnd())
    return false;
  if (raw && raw->size() < leastStrippedBytes)
    raw.reset();
  if (!raw) {
    out.assign(tensor.begin(), tensor.end());
    return true;
  }
  for (ByteSpan bytes : kept)
    append(out, bytes);
  return true;
}

bool stripGraph(ByteSpan graph, Bytes &out,
                std::vector<std::optional<ByteSpan>> &raw) {
  FieldWalk walk(graph);
  for (WireField field; walk.next(field);) {
    if (field.number != initializerField || !field.isBytes) {
      append(out, field.whole);
      continue;
    }
    Bytes tensor;
    if (!stripTensor(field.content, tensor, raw.emplace_back()))
      return false;
    appendField(out, initializerField, tensor);
  }
  return walk.atEnd();
}

} // namespace

std::optional<StrippedModel> stripWeights(ByteSpan model) {
  StrippedModel stripped;
  FieldWalk walk(model);
  size_t graphs = 0;
  for (WireField field; walk.next(field);) {
    if (field.number != graphField || !field.isBytes) {
      append(stripped.message, field.whole);
      continue;
    }
    Bytes graph;
    if (++graphs > 1 || !stripGraph(field.content, graph, stripped.raw))
      return std::nullopt;
    appendField(stripped.message, graphField, graph);
  }
  bool gains = stripped.message.size() < model.size();
  return walk.atEnd() && gains ? std::optional(std::move(stripped))
                               : std::nullopt;
}

} // namespace rune::import
