// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "import/onnx/model_adapter.h"

#include "import/onnx/strip_weights.h"
#include "import/onnx/wire.h"

#include <exception>

namespace rune::import {
namespace {

/// Protobuf throws only when memory runs out or when we misuse it.
template <class Message>
Result<std::shared_ptr<const Message>> parse(ByteSpan bytes,
                                             const SourcePtr &source) {
  try {
    auto message = std::make_shared<Message>();
    if (message->ParseFromArray(bytes.data(), static_cast<int>(bytes.size())))
      return std::shared_ptr<const Message>(std::move(message));
    return error("import.malformed", "protobuf cannot read the file")
        .at({source, {}});
  } catch (const std::exception &fault) {
    return error("import.limit", "protobuf gave up: {}", fault.what())
        .at({source, {}});
  }
}

} // namespace

Result<ParsedModel> parseModel(ByteSpan bytes, const SourcePtr &source,
                               bool keeps) {
  WireScan scan = RUNE_TRY(scanWire(bytes, WireMessage::Model, source));
  ParsedModel parsed{nullptr, {}, std::move(scan.nodes)};
  if (auto stripped = keeps ? stripWeights(bytes) : std::nullopt) {
    parsed.proto = RUNE_TRY(parse<onnx::ModelProto>(stripped->message, source));
    parsed.raw = std::move(stripped->raw);
  } else {
    parsed.proto = RUNE_TRY(parse<onnx::ModelProto>(bytes, source));
  }
  return parsed;
}

Result<std::shared_ptr<const onnx::TensorProto>>
parseTensor(ByteSpan bytes, const SourcePtr &source) {
  RUNE_TRY(scanWire(bytes, WireMessage::Tensor, source));
  return parse<onnx::TensorProto>(bytes, source);
}

Result<std::shared_ptr<const onnx::SequenceProto>>
parseSequence(ByteSpan bytes, const SourcePtr &source) {
  RUNE_TRY(scanWire(bytes, WireMessage::Sequence, source));
  return parse<onnx::SequenceProto>(bytes, source);
}

Result<std::shared_ptr<const onnx::OptionalProto>>
parseOptional(ByteSpan bytes, const SourcePtr &source) {
  RUNE_TRY(scanWire(bytes, WireMessage::OptionalValue, source));
  return parse<onnx::OptionalProto>(bytes, source);
}

} // namespace rune::import
