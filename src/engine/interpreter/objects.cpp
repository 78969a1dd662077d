// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "engine/interpreter/objects.h"

namespace rune::engine {

std::optional<uint64_t> InterpreterTable::grow(uint64_t count, uint64_t value) {
  uint64_t before = elements.size();
  uint64_t most = declared.elements.maximum.value_or(
      declared.address == wasm::ValueType::I32 ? UINT32_MAX : UINT64_MAX);
  if (count > most - before || !allowance->take(count))
    return {};
  elements.resize(before + count, value);
  return before;
}

wasm::TableType InterpreterTable::type() const {
  wasm::TableType now = declared;
  now.elements.minimum = elements.size();
  return now;
}

std::optional<Value> InterpreterTable::get(uint64_t index) const {
  if (index >= elements.size())
    return {};
  return Value{elements[index]};
}

bool InterpreterTable::set(uint64_t index, Value element) {
  if (index >= elements.size())
    return false;
  elements[index] = element.bits;
  return true;
}

std::optional<uint64_t> InterpreterMemory::grow(uint64_t count) {
  uint64_t before = pages();
  uint64_t reserved = linear.reserved() >> declared.pageSizeLog2;
  if (count > reserved - before)
    return {};
  uint64_t bytes = count << declared.pageSizeLog2;
  if (!allowance->take(bytes))
    return {};
  linear.grow(bytes);
  return before;
}

wasm::MemoryType InterpreterMemory::type() const {
  wasm::MemoryType now = declared;
  now.pages.minimum = pages();
  return now;
}

} // namespace rune::engine
