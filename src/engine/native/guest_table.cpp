// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "engine/native/guest_table.h"

#include "engine/masked_index.h"

#include <algorithm>

namespace rune::engine::native {

FunctionRecord recordOf(uint64_t reference) {
  return reference == 0 ? FunctionRecord{}
                        : *reinterpret_cast<const FunctionRecord *>(reference);
}

NativeTable::NativeTable(const wasm::TableType &type, uint64_t initial)
    : type_(type) {
  grow(type.elements.minimum, initial);
}

wasm::TableType NativeTable::type() const {
  wasm::TableType now = type_;
  now.elements.minimum = size();
  return now;
}

std::optional<Value> NativeTable::get(uint64_t index) const {
  if (index >= size())
    return {};
  return Value{reference(index)};
}

bool NativeTable::set(uint64_t index, Value element) {
  if (index >= size())
    return false;
  fill(masked(index, size()), 1, element.bits);
  return true;
}

uint64_t NativeTable::room() const {
  uint64_t addressable =
      type_.address == wasm::ValueType::I32 ? UINT32_MAX : UINT64_MAX;
  uint64_t most =
      std::min(addressable, type_.elements.maximum.value_or(UINT64_MAX));
  return most > size() ? most - size() : 0;
}

void NativeTable::refresh() {
  state_.size = ofFunctions() ? functions_.size() : references_.size();
  state_.elements = ofFunctions() ? static_cast<void *>(functions_.data())
                                  : references_.data();
}

void NativeTable::grow(uint64_t count, uint64_t reference) {
  if (ofFunctions())
    functions_.resize(functions_.size() + count, recordOf(reference));
  else
    references_.resize(references_.size() + count, reference);
  refresh();
}

uint64_t NativeTable::reference(uint64_t index) const {
  return ofFunctions() ? reinterpret_cast<uint64_t>(functions_[index].self)
                       : references_[index];
}

void NativeTable::fill(uint64_t at, uint64_t count, uint64_t reference) {
  auto begin = static_cast<ptrdiff_t>(at);
  if (ofFunctions())
    std::fill_n(functions_.begin() + begin, count, recordOf(reference));
  else
    std::fill_n(references_.begin() + begin, count, reference);
}

template <class Vector>
static void move(Vector &to, uint64_t at, const Vector &from, uint64_t begin,
                 uint64_t count) {
  auto first = from.begin() + static_cast<ptrdiff_t>(begin);
  auto last = first + static_cast<ptrdiff_t>(count);
  auto target = to.begin() + static_cast<ptrdiff_t>(at);
  if (at <= begin)
    std::copy(first, last, target);
  else
    std::copy_backward(first, last, target + static_cast<ptrdiff_t>(count));
}

void NativeTable::copy(uint64_t to, const NativeTable &from, uint64_t at,
                       uint64_t count) {
  if (ofFunctions())
    move(functions_, to, from.functions_, at, count);
  else
    move(references_, to, from.references_, at, count);
}

} // namespace rune::engine::native
