// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A walk over the bytes of an ONNX file before protobuf sees them. Protobuf
// says only "failed" for a damaged file, drops fields of the wrong wire type
// without a word, and makes an object of 200 bytes from two bytes of input. The
// walk says where the damage is and bounds what parsing may cost; it skips over
// the weights, so it takes no time that matters.
//
// source  protobuf's encoding: a tag (field number · 8 + wire type), then a
//         varint (0), 8 bytes (1), a length and bytes (2), or 4 bytes (5)
#pragma once

#include "base/bytes.h"

namespace rune::import {

enum class WireMessage : uint8_t {
  None,
  Model,
  OperatorSet,
  Entry,
  Graph,
  Node,
  Attribute,
  Tensor,
  Segment,
  SparseTensor,
  Shape,
  Dimension,
  Type,
  TensorType,
  SequenceType,
  MapType,
  OpaqueType,
  ValueInfo,
  Function,
  Sequence,
  OptionalValue,
};

/// More bytes than this are no ONNX file: protobuf counts them in 31 bits.
constexpr uint64_t maxWireBytes = (uint64_t{1} << 31) - 1;
/// Messages within messages.
constexpr unsigned maxWireDepth = 48;
/// Bytes that the parsed form may take beyond the bytes of the file.
constexpr uint64_t maxWireCost = uint64_t{2} << 30;

struct WireScan {
  /// Where the nodes of the main graph stand, in order.
  std::vector<Span> nodes;
};

/// Walks a message of kind `root`.
///
/// errors  `import.malformed` with the offset: a length that leaves the
/// message,
///         a wire type that does not fit the field, a field number that ONNX
///         does not have · `import.limit`: size, depth, cost
Result<WireScan> scanWire(ByteSpan bytes, WireMessage root,
                          const SourcePtr &source);

/// True if the bytes begin as a ModelProto does: fields of that message in
/// their wire types up to a graph that begins as a GraphProto does. What comes
/// later may be damaged.
bool looksLikeModel(ByteSpan bytes);

} // namespace rune::import
