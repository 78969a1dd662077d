// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "container/wiring.h"

#include <bit>

namespace rune::container {

namespace {

/// A count, then the items.
template <class T, class Each>
void list(ByteWriter &out, const std::vector<T> &items, Each each) {
  out.u32(static_cast<uint32_t>(items.size()));
  for (const T &item : items)
    each(item);
}

struct ValueWriter {
  ByteWriter &out;

  void operator()(bool value) { out.u8(value); }
  void operator()(int64_t value) { out.u64(static_cast<uint64_t>(value)); }
  void operator()(double value) { out.u64(std::bit_cast<uint64_t>(value)); }
  void operator()(const std::string &value) { out.text(value); }
  void operator()(ResourceReference value) { out.u32(value.resource); }
  template <class T> void operator()(const std::vector<T> &values) {
    list(out, values, *this);
  }
};

void writeDim(const Dim &dim, ByteWriter &out) {
  out.u8(dim.isFixed() ? 0 : dim.isNamed() ? 1 : 2);
  if (dim.isFixed())
    out.u64(static_cast<uint64_t>(dim.size()));
  else if (dim.isNamed())
    out.text(dim.name());
}

void writeType(const TensorType &type, ByteWriter &out) {
  out.u8(static_cast<uint8_t>(type.dtype));
  list(out, type.dims, [&](const Dim &dim) { writeDim(dim, out); });
}

void writeStage(const Stage &stage, ByteWriter &out) {
  out.u8(static_cast<uint8_t>(stage.kind));
  out.text(stage.name);
  out.text(stage.capability);
  out.u32(stage.artifact);
  out.u32(stage.channel);
  list(out, stage.arguments, [&](const Argument &argument) {
    out.text(argument.name);
    out.u8(static_cast<uint8_t>(argument.value.index()));
    std::visit(ValueWriter{out}, argument.value);
  });
  list(out, stage.inputs, [&](const Edge &edge) {
    out.u32(edge.stage);
    out.u32(edge.port);
  });
  list(out, stage.outputs,
       [&](const TensorType &type) { writeType(type, out); });
}

} // namespace

void writeWiring(const RuneFile &file, ByteWriter &out) {
  out.u32(file.runefileVersion);
  out.text(file.name);
  out.text(file.image);
  list(out, file.stages, [&](const Stage &stage) { writeStage(stage, out); });
}

} // namespace rune::container
