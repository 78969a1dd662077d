// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// An instance and calls of it as one file for foreign/runner.c: context, store,
// records, memory and table lie there as the engine would make them, by the
// same layout, and a list says which words become pointers. For modules of
// plain functions with one memory and one table and nothing imported. Tests
// only.
#pragma once

#include "engine/constant_expression.h"
#include "engine/llvm/foreign/image.h"
#include "engine/native/artifact.h"
#include "engine/native/context.h"

#include <gtest/gtest.h>

namespace rune::engine::native::test {

struct ForeignCall {
  uint32_t function;
  std::vector<Value> arguments;
};

class ForeignImage {
public:
  /// in      `start`: what memory holds when the instance has been made
  ForeignImage(const wasm::Module &module, const Artifact &code,
               std::span<const uint8_t> start)
      : module_(module), code_(code), layout_(module),
        sameType_(firstOfEqual(module.types)), start_(start) {}

  Bytes make(const std::vector<ForeignCall> &calls,
             std::optional<uint64_t> fuel) {
    take(sizeof header_, 8);
    makeStore(fuel);
    makeMemory();
    uint64_t context = take(layout_.bytes, 64);
    makeRecords(context);
    makeTable();
    fillContext(context);
    addCalls(calls);
    header_.fixups = append(fixups_);
    header_.fixup_count = fixups_.size();
    header_.code = take(code_.code.size(), 4096);
    std::ranges::copy(code_.code, bytes_.begin() + at(header_.code));
    header_.code_bytes = code_.code.size();
    header_.magic = FOREIGN_MAGIC;
    header_.file_bytes = bytes_.size();
    put(0, header_);
    return std::move(bytes_);
  }

private:
  static ptrdiff_t at(uint64_t place) { return static_cast<ptrdiff_t>(place); }

  uint64_t take(uint64_t count, uint64_t alignment) {
    uint64_t place = alignTo(bytes_.size(), alignment);
    bytes_.resize(place + count);
    return place;
  }
  template <class T> void put(uint64_t place, const T &value) {
    std::memcpy(bytes_.data() + place, &value, sizeof value);
  }
  template <class T> uint64_t append(const std::vector<T> &all) {
    uint64_t place = take(all.size() * sizeof(T), 16);
    if (!all.empty())
      std::memcpy(bytes_.data() + place, all.data(), all.size() * sizeof(T));
    return place;
  }
  void pointer(uint64_t place, uint64_t kind, uint64_t value) {
    fixups_.push_back({kind, place, value});
  }

  void makeStore(std::optional<uint64_t> fuel) {
    store_ = take(sizeof(StoreState), 16);
    header_.stack_limit = store_ + offsetof(StoreState, stackLimit);
    header_.fuel = store_ + offsetof(StoreState, fuel);
    header_.counts_fuel = fuel.has_value();
    header_.fuel_each = fuel.value_or(0);
    header_.trap_memory = static_cast<uint64_t>(TrapKind::OutOfBoundsMemory);
    header_.trap_divide = static_cast<uint64_t>(TrapKind::IntegerDivideByZero);
    header_.trap_unreachable = static_cast<uint64_t>(TrapKind::Unreachable);
    header_.trap_null = static_cast<uint64_t>(TrapKind::UninitializedElement);
    header_.trap_type =
        static_cast<uint64_t>(TrapKind::IndirectCallTypeMismatch);
    header_.trap_fuel = static_cast<uint64_t>(TrapKind::OutOfFuel);
  }

  void makeMemory() {
    header_.memory_state = take(sizeof(MemoryState), 16);
    put(header_.memory_state + offsetof(MemoryState, bytes),
        uint64_t{start_.size()});
    header_.memory_image =
        append(std::vector<uint8_t>(start_.begin(), start_.end()));
    if (module_.memories.empty())
      return;
    uint64_t most = module_.memories[0].pages.maximum.value_or(1024);
    header_.memory_most = most * wasm::pageBytes;
    header_.guarded = code_.bounds == Bounds::Guard;
    header_.reserved = header_.guarded ? (uint64_t{8} << 30) + (64 << 10)
                                       : header_.memory_most;
  }

  /// A record, as a table holds it too.
  void writeRecord(uint64_t place, uint32_t function) {
    pointer(place + offsetof(FunctionRecord, code), FOREIGN_CODE,
            code_.functions[function]);
    pointer(place + offsetof(FunctionRecord, context), FOREIGN_FILE, context_);
    put(place + offsetof(FunctionRecord, type),
        uint64_t{sameType_[module_.functions[function]]} + 1);
    pointer(place + offsetof(FunctionRecord, self), FOREIGN_FILE,
            header_.records + function * sizeof(FunctionRecord));
  }

  void makeRecords(uint64_t context) {
    context_ = context;
    header_.records =
        take(module_.functions.size() * sizeof(FunctionRecord), 16);
    for (uint32_t i = 0; i < module_.functions.size(); ++i)
      writeRecord(header_.records + i * sizeof(FunctionRecord), i);
  }

  Value evaluate(const wasm::ConstantExpression &expression) const {
    return evaluateConstant(module_, expression,
                            {[](uint32_t) { return Value::null(); },
                             [](uint32_t) { return Value{}; }});
  }

  void makeTable() {
    header_.table_state = take(sizeof(TableState), 16);
    if (module_.tables.empty())
      return;
    uint64_t size = module_.tables[0].type.elements.minimum;
    uint64_t elements = take(size * sizeof(FunctionRecord), 64);
    pointer(header_.table_state + offsetof(TableState, elements), FOREIGN_FILE,
            elements);
    put(header_.table_state + offsetof(TableState, size), size);
    for (const wasm::ElementSegment &segment : module_.elements) {
      uint64_t place = evaluate(segment.offset).asI32();
      for (uint32_t function : segment.functions)
        writeRecord(elements + place++ * sizeof(FunctionRecord), function);
    }
  }

  void fillContext(uint64_t context) {
    pointer(context + offsetof(GuestContext, store), FOREIGN_FILE, store_);
    pointer(context + offsetof(GuestContext, functions), FOREIGN_FILE,
            header_.records);
    for (uint32_t i = 0; i < helperCount; ++i)
      pointer(context + offsetof(GuestContext, helpers) + i * sizeof(void *),
              FOREIGN_HELPER, i);
    if (!module_.memories.empty()) {
      uint64_t slot = context + layout_.memory(0);
      pointer(slot + offsetof(MemorySlot, base), FOREIGN_MEMORY, 0);
      pointer(slot + offsetof(MemorySlot, state), FOREIGN_FILE,
              header_.memory_state);
    }
    if (!module_.tables.empty())
      pointer(context + layout_.table(0), FOREIGN_FILE, header_.table_state);
    for (uint32_t i = 0; i < module_.globals.size(); ++i)
      put(context + layout_.global(i), evaluate(module_.globals[i].initial));
    for (uint32_t i = 0; i < module_.types.size(); ++i)
      put(context + layout_.type(i), uint64_t{sameType_[i]} + 1);
  }

  void addCalls(const std::vector<ForeignCall> &calls) {
    std::vector<foreign_call> all;
    for (const ForeignCall &call : calls) {
      uint32_t type = module_.functions[call.function];
      all.push_back({call.function, code_.entries[sameType_[type]],
                     call.arguments.size(), module_.types[type].results.size(),
                     append(call.arguments)});
    }
    header_.calls = append(all);
    header_.call_count = all.size();
  }

  const wasm::Module &module_;
  const Artifact &code_;
  ContextLayout layout_;
  std::vector<uint32_t> sameType_;
  std::span<const uint8_t> start_;
  foreign_header header_ = {};
  uint64_t store_ = 0, context_ = 0;
  std::vector<foreign_fixup> fixups_;
  Bytes bytes_;
};

} // namespace rune::engine::native::test
