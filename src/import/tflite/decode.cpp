// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// DECODE: weights that a converter has compressed, unpacked while the model is
// imported: what follows sees plain constants. Each output has two inputs, both
// of them constants: the codes, and what explains them, a header of 16 bytes
// and a table. Codes are read from the highest bit of a byte on.
//
// source  TensorFlow Lite Micro, DECODE: tables of values (LUT), Huffman codes,
//         pruned weights
#include "import/tflite/node.h"

#include <algorithm>

namespace rune::import {
namespace {

constexpr size_t headerBytes = 16;
enum class Coding : uint8_t { Table = 0, Huffman = 1, Pruned = 2 };

/// A constant of the file, its bytes.
Result<ByteSpan> bytesOf(const TfliteNode &node, size_t input) {
  ValueId value = RUNE_TRY(node.input(input, "codes"));
  auto known = node.graph().constantOf(value);
  if (!known)
    return node.unsupported("input {} is not known before the run", input);
  return known->data;
}

/// One output: its codes, its header and table, and how it is quantised.
struct Packed {
  ByteSpan codes, header, table;
  TensorType type;
  Quantization quantization;
  uint64_t count = 0;
  size_t width = 0;

  size_t channels() const {
    return std::max<size_t>(quantization.scales.size(), 1);
  }
  /// Channels are the last dimension; else the first.
  bool channelsAreLast() const {
    return channels() > 1 && quantization.axis != 0;
  }
  /// Of the element at that place.
  size_t channelOf(uint64_t place) const {
    return channelsAreLast() ? place % channels()
                             : place / (count / channels());
  }
};

/// The number that `count` bits from `at` on stand for; there are as many.
uint32_t bitsAt(ByteSpan bytes, uint64_t at, unsigned count) {
  uint32_t value = 0;
  for (unsigned i = 0; i < count; ++i, ++at)
    value = value << 1 | ((bytes[at / 8] >> (7 - at % 8)) & 1);
  return value;
}

Result<> checkCodes(const TfliteNode &node, const Packed &from, uint64_t bits) {
  if (bits > uint64_t{from.codes.size()} * 8)
    return node.fail("{} bytes of codes, `{}` needs {}", from.codes.size(),
                     from.type.str(), (bits + 7) / 8);
  return {};
}

/// Each code is a place in the table of its channel.
Result<> decodeTable(const TfliteNode &node, const Packed &from,
                     std::span<uint8_t> to) {
  unsigned bits = from.header[5] & 7;
  size_t stride = from.header[6];
  if (bits == 0)
    return node.fail("codes of 0 bits");
  RUNE_TRY(checkCodes(node, from, from.count * bits));
  size_t entries = from.table.size() / from.width;
  for (uint64_t i = 0; i < from.count; ++i) {
    size_t entry =
        bitsAt(from.codes, i * bits, bits) + from.channelOf(i) * stride;
    if (entry >= entries)
      return node.fail("code {} is entry {} of a table of {}", i, entry,
                       entries);
    std::memcpy(to.data() + i * from.width,
                from.table.data() + entry * from.width, from.width);
  }
  return {};
}

/// A bit for each element: the next of the table, or what stands for 0.
Result<> decodePruned(const TfliteNode &node, const Packed &from,
                      std::span<uint8_t> to) {
  RUNE_TRY(checkCodes(node, from, from.count));
  size_t entries = from.table.size() / from.width, next = 0;
  for (uint64_t i = 0; i < from.count; ++i) {
    if (bitsAt(from.codes, i, 1) != 0) {
      if (next == entries)
        return node.fail("more than the {} values of the table are used",
                         entries);
      std::memcpy(to.data() + i * from.width,
                  from.table.data() + next++ * from.width, from.width);
    } else if (from.quantization) {
      int64_t zero = from.quantization.zeroPoints[from.channelOf(i)];
      if (from.type.dtype != DType::I8 && zero != 0)
        return node.fail("`{}` with the zero point {}", from.type.str(), zero);
      std::memcpy(to.data() + i * from.width, &zero, from.width);
    }
  }
  return {};
}

/// A table of Huffman's, of numbers of 16 or 32 bits. An entry is a symbol with
/// how many of the bits just read were its own, or how many bits to read next
/// and how far behind the entry the first of those entries is.
struct HuffmanTable {
  ByteSpan bytes;
  size_t width = 2;

  size_t entries() const { return bytes.size() / width; }
  unsigned valueBits() const { return width == 4 ? 27 : 11; }
  uint32_t at(size_t entry) const {
    return width == 4
               ? loadUnaligned<uint32_t>(bytes.data() + 4 * entry)
               : uint32_t{loadUnaligned<uint16_t>(bytes.data() + 2 * entry)};
  }
  bool isSymbol(uint32_t entry) const {
    return (entry >> (valueBits() + 4) & 1) != 0;
  }
  unsigned bitsOf(uint32_t entry) const { return entry >> valueBits() & 15; }
  uint32_t valueOf(uint32_t entry) const {
    return entry & ((uint32_t{1} << valueBits()) - 1);
  }
};

/// Behind the end of the codes zeros are read: the last code may be shorter
/// than what is looked at.
uint32_t bitsOrZeros(ByteSpan codes, uint64_t at, unsigned count) {
  uint32_t value = 0;
  for (unsigned i = 0; i < count; ++i, ++at)
    value = value << 1 |
            (at / 8 < codes.size() ? bitsAt(codes, at, 1) : uint32_t{0});
  return value;
}

/// The symbol that begins at bit `at`, which moves behind it.
Result<uint32_t> huffmanSymbol(const TfliteNode &node,
                               const HuffmanTable &table, ByteSpan codes,
                               unsigned firstBits, uint64_t &at) {
  size_t place = 0;
  unsigned bits = firstBits;
  // each entry leads on, so that this ends
  for (;;) {
    place += bitsOrZeros(codes, at, bits);
    if (place >= table.entries())
      return node.fail("a code leads to entry {} of a table of {}", place,
                       table.entries());
    uint32_t entry = table.at(place);
    if (table.isSymbol(entry)) {
      at += std::min(bits, table.bitsOf(entry));
      if (at > uint64_t{codes.size()} * 8)
        return node.fail("{} bytes of codes end before the last symbol",
                         codes.size());
      return table.valueOf(entry);
    }
    if (table.valueOf(entry) == 0)
      return node.fail("entry {} of the table leads to itself", place);
    at += bits;
    bits = table.bitsOf(entry) + 1;
    place += table.valueOf(entry);
  }
}

Result<> decodeHuffman(const TfliteNode &node, const Packed &from,
                       std::span<uint8_t> to) {
  bool isWide = (from.header[5] & 1) != 0;
  unsigned firstBits = (from.header[5] >> 4) + 1U;
  bool fits =
      from.type.dtype == DType::I8 || (from.type.dtype == DType::I16 && isWide);
  if (!fits)
    return node.unsupported("Huffman codes of {} bits for `{}`",
                            isWide ? 32 : 16, from.type.str());
  HuffmanTable table{from.table, size_t{isWide ? 4U : 2U}};
  uint64_t at = 0;
  for (uint64_t i = 0; i < from.count; ++i) {
    uint32_t symbol =
        RUNE_TRY(huffmanSymbol(node, table, from.codes, firstBits, at));
    std::memcpy(to.data() + i * from.width, &symbol, from.width);
  }
  return {};
}

bool isDecoded(DType dtype) {
  switch (dtype) {
  case DType::Bool:
  case DType::F32:
  case DType::I8:
  case DType::I16:
  case DType::I32:
  case DType::I64:
    return true;
  default:
    return false;
  }
}

Result<Packed> packedOf(const TfliteNode &node, size_t output) {
  Packed packed;
  packed.codes = RUNE_TRY(bytesOf(node, 2 * output));
  ByteSpan all = RUNE_TRY(bytesOf(node, 2 * output + 1));
  packed.type = RUNE_TRY(node.statedOutput(output));
  if (all.size() < headerBytes)
    return node.fail("{} bytes explain the codes, needs {} and more",
                     all.size(), headerBytes);
  packed.header = all.first(headerBytes);
  packed.table = all.subspan(headerBytes);
  if (!packed.type.isStatic() || !isDecoded(packed.type.dtype))
    return node.unsupported("codes of `{}`", packed.type.str());
  packed.width = dtypeBytes(packed.type.dtype);
  auto count = elementCount(packed.type.sizes());
  if (!count)
    return node.fail("`{}` is too large", packed.type.str());
  packed.count = *count;
  packed.quantization =
      RUNE_TRY(node.scope().file.quantizationOf(node.outputTensor(output)));
  int64_t axis = packed.quantization.axis;
  auto rank = static_cast<int64_t>(packed.type.dims.size());
  if (packed.channels() > 1 && axis != 0 && axis != rank - 1)
    return node.unsupported("codes with scales along dimension {} of `{}`",
                            axis, packed.type.str());
  if (packed.channels() > 1 &&
      (rank == 0 || packed.type.dims[static_cast<size_t>(axis)] !=
                        Dim(static_cast<int64_t>(packed.channels()))))
    return node.fail("{} scales for `{}`", packed.channels(),
                     packed.type.str());
  return packed;
}

Result<ValueId> decoded(const TfliteNode &node, size_t output) {
  Packed packed = RUNE_TRY(packedOf(node, output));
  if (packed.header[1] != 1 || packed.header[4] != 1)
    return node.unsupported("version {}.{} of the codes, needs 1.1",
                            packed.header[1], packed.header[4]);
  // a bit for an element at the least: files cannot ask for more than they hold
  if (packed.count > uint64_t{packed.codes.size()} * 8)
    return node.fail("{} bytes of codes for `{}`", packed.codes.size(),
                     packed.type.str());
  if (packed.count > node.model().derivedBytes / packed.width)
    return error("import.limit", "{}: `{}` is more than may be unpacked",
                 node.layer(), packed.type.str());
  Tensor tensor =
      RUNE_TRY(Tensor::zeros(packed.type.dtype, packed.type.sizes()));
  switch (static_cast<Coding>(packed.header[0])) {
  case Coding::Table:
    RUNE_TRY(decodeTable(node, packed, tensor.bytes()));
    break;
  case Coding::Huffman:
    RUNE_TRY(decodeHuffman(node, packed, tensor.bytes()));
    break;
  case Coding::Pruned:
    RUNE_TRY(decodePruned(node, packed, tensor.bytes()));
    break;
  default:
    return node.unsupported("codes of kind {}", packed.header[0]);
  }
  if (packed.type.dtype == DType::Bool)
    for (uint8_t &byte : tensor.bytes())
      byte = byte != 0;
  return node.constant(output == 0 ? "" : fmt::format("{}", output),
                       std::move(tensor));
}

} // namespace

/// inputs  for each output the codes, and what explains them
/// errors  `import.malformed`: codes or tables that end too early, or lead out
///         of the table · `import.unsupported`: codes that are no constants, of
///         another kind or version
Imported importTfliteDecode(TfliteNode &node) {
  if (node.inputs() != 2 * node.outputs())
    return node.fail("{} inputs for {} outputs, needs two for each",
                     node.inputs(), node.outputs());
  std::vector<ValueId> results;
  for (size_t i = 0; i < node.outputs(); ++i)
    results.push_back(RUNE_TRY(decoded(node, i)));
  return results;
}

} // namespace rune::import
