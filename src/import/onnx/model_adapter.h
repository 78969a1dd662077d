// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The one place that calls protobuf's parser. What it returns is kept alive by
// a shared owner, so that constants may point into the parsed message.
#pragma once

#include "base/bytes.h"

#include <onnx_facts.pb.h>

namespace rune::import {

struct ParsedModel {
  std::shared_ptr<const onnx::ModelProto> proto;
  /// For each initializer of the graph: its raw data, if they are not in
  /// `proto`.
  std::vector<std::optional<ByteSpan>> raw;
  /// Where each node of the main graph stands in the file.
  std::vector<Span> nodes;
};

/// in      `keeps`: the bytes stay where they are as long as the graph, so that
///         weights need not be copied
/// errors  `import.malformed`, `import.limit`, both with the offset
Result<ParsedModel> parseModel(ByteSpan bytes, const SourcePtr &source,
                               bool keeps = false);

/// One TensorProto, as `input_0.pb` holds it.
///
/// errors  as `parseModel`
Result<std::shared_ptr<const onnx::TensorProto>>
parseTensor(ByteSpan bytes, const SourcePtr &source);

/// The same for a sequence and for an optional value.
Result<std::shared_ptr<const onnx::SequenceProto>>
parseSequence(ByteSpan bytes, const SourcePtr &source);
Result<std::shared_ptr<const onnx::OptionalProto>>
parseOptional(ByteSpan bytes, const SourcePtr &source);

} // namespace rune::import
