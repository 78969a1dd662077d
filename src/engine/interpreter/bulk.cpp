// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Instructions on stretches of memory and tables (core 2.0, sections 4.4.6 and
// 4.4.7). All sums are of 64 bits; bounds are checked before the first write.
#include "engine/interpreter/instance.h"

#include <algorithm>
#include <cstring>

namespace rune::engine {

static bool inside(uint64_t at, uint64_t count, uint64_t size) {
  return at + count <= size;
}

/// -1 for "no".
uint32_t InterpreterInstance::growMemory(uint32_t pages) {
  uint64_t before = memory_.size() / wasm::pageBytes;
  if (!memory_.grow(uint64_t{pages} * wasm::pageBytes))
    return UINT32_MAX;
  return static_cast<uint32_t>(before);
}

InterpreterInstance::MaybeTrap
InterpreterInstance::fillMemory(uint32_t at, uint32_t value, uint32_t count) {
  if (!inside(at, count, memory_.size()))
    return TrapKind::OutOfBoundsMemory;
  if (count > 0)
    std::memset(memory_.base() + at, static_cast<uint8_t>(value), count);
  return {};
}

InterpreterInstance::MaybeTrap
InterpreterInstance::copyMemory(uint32_t to, uint32_t from, uint32_t count) {
  if (!inside(to, count, memory_.size()) ||
      !inside(from, count, memory_.size()))
    return TrapKind::OutOfBoundsMemory;
  if (count > 0)
    std::memmove(memory_.base() + to, memory_.base() + from, count);
  return {};
}

InterpreterInstance::MaybeTrap InterpreterInstance::initMemory(uint32_t segment,
                                                               uint32_t to,
                                                               uint32_t from,
                                                               uint32_t count) {
  ByteSpan bytes = data_[segment];
  if (!inside(to, count, memory_.size()) || !inside(from, count, bytes.size()))
    return TrapKind::OutOfBoundsMemory;
  if (count > 0)
    std::memcpy(memory_.base() + to, bytes.data() + from, count);
  return {};
}

/// -1 for "no".
uint32_t InterpreterInstance::growTable(uint32_t table, uint64_t value,
                                        uint32_t count) {
  Table &target = tables_[table];
  uint64_t before = target.elements.size();
  if (count > target.most - before ||
      count > limits_.tableElements - tableElements_)
    return UINT32_MAX;
  target.elements.resize(before + count, value);
  tableElements_ += count;
  return static_cast<uint32_t>(before);
}

InterpreterInstance::MaybeTrap InterpreterInstance::fillTable(uint32_t table,
                                                              uint32_t at,
                                                              uint64_t value,
                                                              uint32_t count) {
  std::vector<uint64_t> &target = tables_[table].elements;
  if (!inside(at, count, target.size()))
    return TrapKind::OutOfBoundsTable;
  std::fill_n(target.begin() + at, count, value);
  return {};
}

InterpreterInstance::MaybeTrap
InterpreterInstance::copyTable(uint32_t table, uint32_t fromTable, uint32_t to,
                               uint32_t from, uint32_t count) {
  std::vector<uint64_t> &target = tables_[table].elements;
  std::vector<uint64_t> &source = tables_[fromTable].elements;
  if (!inside(to, count, target.size()) || !inside(from, count, source.size()))
    return TrapKind::OutOfBoundsTable;
  if (count > 0)
    std::memmove(target.data() + to, source.data() + from,
                 count * sizeof(uint64_t));
  return {};
}

InterpreterInstance::MaybeTrap
InterpreterInstance::initTable(uint32_t table, uint32_t segment, uint32_t to,
                               uint32_t from, uint32_t count) {
  std::vector<uint64_t> &target = tables_[table].elements;
  const std::vector<uint64_t> &source = elements_[segment];
  if (!inside(to, count, target.size()) || !inside(from, count, source.size()))
    return TrapKind::OutOfBoundsTable;
  std::copy_n(source.begin() + from, count, target.begin() + to);
  return {};
}

} // namespace rune::engine
