// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Instructions on stretches of memory and tables (core 2.0, sections 4.4.6 and
// 4.4.7). Bounds are checked before the first write; a long one is done in
// pieces, and asks between them whether it must end.
#include "engine/native/instance.h"

#include <algorithm>
#include <cstring>

namespace rune::engine::native {

namespace {

bool inside(uint64_t at, uint64_t count, uint64_t size) {
  return at <= size && count <= size - at;
}

/// Between two looks at the clock; some 0.1 ms.
constexpr uint64_t pieceBytes = uint64_t{1} << 20;
constexpr uint64_t pieceElements = pieceBytes / sizeof(FunctionRecord);

/// work(at, count) for all of [0, count), from the end if `backward`.
template <class Do>
MaybeTrap inPieces(NativeInstance &guest, uint64_t piece, uint64_t count,
                   bool backward, Do work) {
  for (uint64_t done = 0; done < count;) {
    uint64_t now = std::min(piece, count - done);
    work(backward ? count - done - now : done, now);
    done += now;
    if (MaybeTrap trap = guest.store().mustEnd(now))
      return trap;
  }
  return {};
}

} // namespace

MaybeTrap fillMemory(NativeInstance &guest, uint32_t memory, uint64_t at,
                     uint8_t value, uint64_t count) {
  NativeMemory &target = guest.memoryAt(memory);
  if (!inside(at, count, target.size()))
    return TrapKind::OutOfBoundsMemory;
  return inPieces(guest, pieceBytes, count, false,
                  [&](uint64_t begin, uint64_t bytes) {
                    std::memset(target.base() + at + begin, value, bytes);
                  });
}

MaybeTrap copyMemory(NativeInstance &guest, uint32_t to, uint32_t from,
                     uint64_t toAt, uint64_t fromAt, uint64_t count) {
  NativeMemory &target = guest.memoryAt(to), &source = guest.memoryAt(from);
  if (!inside(toAt, count, target.size()) ||
      !inside(fromAt, count, source.size()))
    return TrapKind::OutOfBoundsMemory;
  bool backward = &target == &source && toAt > fromAt;
  return inPieces(guest, pieceBytes, count, backward,
                  [&](uint64_t begin, uint64_t bytes) {
                    std::memmove(target.base() + toAt + begin,
                                 source.base() + fromAt + begin, bytes);
                  });
}

MaybeTrap initMemory(NativeInstance &guest, uint32_t memory, uint32_t segment,
                     uint64_t toAt, uint64_t fromAt, uint64_t count) {
  NativeMemory &target = guest.memoryAt(memory);
  ByteSpan source = guest.dataSegment(segment);
  if (!inside(toAt, count, target.size()) ||
      !inside(fromAt, count, source.size()))
    return TrapKind::OutOfBoundsMemory;
  return inPieces(guest, pieceBytes, count, false,
                  [&](uint64_t begin, uint64_t bytes) {
                    std::memcpy(target.base() + toAt + begin,
                                source.data() + fromAt + begin, bytes);
                  });
}

MaybeTrap fillTable(NativeInstance &guest, uint32_t table, uint64_t at,
                    uint64_t reference, uint64_t count) {
  NativeTable &target = guest.tableAt(table);
  if (!inside(at, count, target.size()))
    return TrapKind::OutOfBoundsTable;
  return inPieces(guest, pieceElements, count, false,
                  [&](uint64_t begin, uint64_t elements) {
                    target.fill(at + begin, elements, reference);
                  });
}

MaybeTrap copyTable(NativeInstance &guest, uint32_t to, uint32_t from,
                    uint64_t toAt, uint64_t fromAt, uint64_t count) {
  NativeTable &target = guest.tableAt(to), &source = guest.tableAt(from);
  if (!inside(toAt, count, target.size()) ||
      !inside(fromAt, count, source.size()))
    return TrapKind::OutOfBoundsTable;
  bool backward = &target == &source && toAt > fromAt;
  return inPieces(guest, pieceElements, count, backward,
                  [&](uint64_t begin, uint64_t elements) {
                    target.copy(toAt + begin, source, fromAt + begin, elements);
                  });
}

MaybeTrap initTable(NativeInstance &guest, uint32_t table, uint32_t segment,
                    uint64_t toAt, uint64_t fromAt, uint64_t count) {
  NativeTable &target = guest.tableAt(table);
  const std::vector<uint64_t> &source = guest.elementSegment(segment);
  if (!inside(toAt, count, target.size()) ||
      !inside(fromAt, count, source.size()))
    return TrapKind::OutOfBoundsTable;
  return inPieces(guest, pieceElements, count, false,
                  [&](uint64_t begin, uint64_t elements) {
                    for (uint64_t i = begin; i < begin + elements; ++i)
                      target.fill(toAt + i, 1, source[fromAt + i]);
                  });
}

} // namespace rune::engine::native
