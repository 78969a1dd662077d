// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "container/wiring.h"

#include <bit>

namespace rune::container {

namespace {

// The fewest bytes an item can take, by which counts are judged.
constexpr uint64_t leastStage = 1 + 4 + 4 + 4 + 4 + 4 + 4 + 4;
constexpr uint64_t leastArgument = 4 + 1 + 1;
constexpr uint64_t leastEdge = 8;
constexpr uint64_t leastType = 1 + 4;
constexpr uint64_t leastDim = 1;

/// A count, then that many items, each read by `each`.
template <class T, class Each>
Result<std::vector<T>> list(SectionReader &in, uint64_t leastBytes,
                            std::string_view what, Each each) {
  uint32_t count = RUNE_TRY(in.count(leastBytes, what));
  std::vector<T> items;
  items.reserve(count);
  for (uint32_t i = 0; i < count; ++i)
    items.push_back(RUNE_TRY(each(in)));
  return items;
}

Result<bool> readBool(SectionReader &in) {
  uint64_t start = in.offset();
  uint8_t value = RUNE_TRY(in.u8());
  if (value > 1)
    return in.malformed(start, "a boolean of {}", value);
  return value == 1;
}

Result<int64_t> readInteger(SectionReader &in) {
  return static_cast<int64_t>(RUNE_TRY(in.u64()));
}

Result<double> readNumber(SectionReader &in) {
  return std::bit_cast<double>(RUNE_TRY(in.u64()));
}

Result<std::string> readText(SectionReader &in) { return in.text(); }

/// One entry an alternative of ArgumentValue; the stored tag is its position.
Result<ArgumentValue> readValue(SectionReader &in) {
  static_assert(std::variant_size_v<ArgumentValue> == 8);
  uint64_t start = in.offset();
  uint8_t tag = RUNE_TRY(in.u8());
  switch (tag) {
  case 0:
    return ArgumentValue(std::in_place_index<0>, RUNE_TRY(readBool(in)));
  case 1:
    return ArgumentValue(std::in_place_index<1>, RUNE_TRY(readInteger(in)));
  case 2:
    return ArgumentValue(std::in_place_index<2>, RUNE_TRY(readNumber(in)));
  case 3:
    return ArgumentValue(std::in_place_index<3>, RUNE_TRY(readText(in)));
  case 4:
    return ArgumentValue(
        RUNE_TRY(list<int64_t>(in, 8, "integers", readInteger)));
  case 5:
    return ArgumentValue(RUNE_TRY(list<double>(in, 8, "numbers", readNumber)));
  case 6:
    return ArgumentValue(RUNE_TRY(list<std::string>(in, 4, "texts", readText)));
  case 7:
    return ArgumentValue(ResourceReference{RUNE_TRY(in.u32())});
  default:
    return in.malformed(start, "unknown kind of argument {}", tag);
  }
}

Result<Argument> readArgument(SectionReader &in) {
  Argument argument;
  argument.name = RUNE_TRY(in.text());
  argument.value = RUNE_TRY(readValue(in));
  return argument;
}

Result<Edge> readEdge(SectionReader &in) {
  Edge edge;
  edge.stage = RUNE_TRY(in.u32());
  edge.port = RUNE_TRY(in.u32());
  return edge;
}

Result<Dim> readDim(SectionReader &in) {
  uint64_t start = in.offset();
  uint8_t tag = RUNE_TRY(in.u8());
  if (tag == 0) {
    uint64_t size = RUNE_TRY(in.u64());
    if (size > INT64_MAX)
      return in.malformed(start, "a dimension of {}", size);
    return Dim(static_cast<int64_t>(size));
  }
  if (tag == 1) {
    std::string name = RUNE_TRY(in.text());
    if (name.empty())
      return in.malformed(start, "a named dimension without a name");
    return Dim::named(std::move(name));
  }
  if (tag == 2)
    return Dim::unknown();
  return in.malformed(start, "unknown kind of dimension {}", tag);
}

Result<TensorType> readType(SectionReader &in) {
  uint64_t start = in.offset();
  uint8_t dtype = RUNE_TRY(in.u8());
  if (dtype >= dtypeCount)
    return in.malformed(start, "unknown element type {}", dtype);
  TensorType type;
  type.dtype = static_cast<DType>(dtype);
  type.dims = RUNE_TRY(list<Dim>(in, leastDim, "dimensions", readDim));
  return type;
}

Result<Stage> readStage(SectionReader &in) {
  Stage stage;
  uint64_t start = in.offset();
  uint8_t kind = RUNE_TRY(in.u8());
  if (kind > static_cast<uint8_t>(StageKind::Out))
    return in.malformed(start, "unknown kind of stage {}", kind);
  stage.kind = static_cast<StageKind>(kind);
  stage.name = RUNE_TRY(in.text());
  stage.capability = RUNE_TRY(in.text());
  stage.artifact = RUNE_TRY(in.u32());
  stage.channel = RUNE_TRY(in.u32());
  stage.arguments =
      RUNE_TRY(list<Argument>(in, leastArgument, "arguments", readArgument));
  stage.inputs = RUNE_TRY(list<Edge>(in, leastEdge, "inputs", readEdge));
  stage.outputs =
      RUNE_TRY(list<TensorType>(in, leastType, "outputs", readType));
  return stage;
}

} // namespace

Result<> readWiring(SectionReader &in, RuneFile &file) {
  file.runefileVersion = RUNE_TRY(in.u32());
  file.name = RUNE_TRY(in.text());
  file.image = RUNE_TRY(in.text());
  file.stages = RUNE_TRY(list<Stage>(in, leastStage, "stages", readStage));
  return in.end();
}

} // namespace rune::container
