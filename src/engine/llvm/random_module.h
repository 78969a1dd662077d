// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Valid modules made of choices: bytes of a fuzzer, or random ones. Every
// instruction of which the opcode table says operands and results takes part,
// and control, locals, globals, memory, tables and calls. A NaN that arithmetic
// made has no bits of its own (core 2.0, section 4.3.3), so it is made the
// usual one before anything can look at it. Loops and recursion are left to
// fuel.
#pragma once

#include "wasm/test_module_builder.h"

#include <algorithm>
#include <array>
#include <bit>
#include <map>

namespace rune::engine::test {

using wasm::Opcode;
using wasm::ValueType;
using wasm::test::Code;

/// Zeros once the bytes are used up.
class Choices {
public:
  explicit Choices(ByteSpan bytes) : bytes_(bytes) {}
  bool atEnd() const { return at_ >= bytes_.size(); }
  uint8_t byte() { return atEnd() ? 0 : bytes_[at_++]; }
  uint32_t below(uint32_t count) {
    uint32_t wide = count > 255 ? byte() << 8 : 0;
    return (wide | byte()) % count;
  }
  uint64_t bits() {
    static constexpr uint64_t interesting[] = {0,
                                               1,
                                               UINT64_MAX,
                                               0x7FFFFFFF,
                                               0x80000000,
                                               0x7FFFFFFFFFFFFFFF,
                                               0x8000000000000000,
                                               0x3F8000003F800000,
                                               0x7FC000007FC00000,
                                               0xFF800000FF800000,
                                               0x3FF0000000000000,
                                               0x7FF0000000000000,
                                               0xC1E0000000200000,
                                               65535,
                                               0x4F0000004F000000};
    if (uint32_t which = below(20); which < std::size(interesting))
      return interesting[which];
    uint64_t value = 0;
    for (int i = 0; i < 8; ++i)
      value = value << 8 | byte();
    return value;
  }

private:
  ByteSpan bytes_;
  size_t at_ = 0;
};

/// An instruction that takes and gives values only.
struct PlainInstruction {
  Opcode opcode;
  std::string_view text;
  std::string_view signature;
  wasm::Immediates immediates;
  uint8_t alignment;
};

inline const std::vector<PlainInstruction> &plainInstructions() {
  static const std::vector<PlainInstruction> all = [] {
    std::vector<PlainInstruction> list;
    auto add = [&](Opcode opcode) {
      const wasm::OpcodeInfo &info = wasm::opcodeInfo(opcode);
      using wasm::Immediates;
      bool usable = info.immediates == Immediates::None ||
                    info.immediates == Immediates::MemoryArgument ||
                    info.immediates == Immediates::MemoryArgumentLane ||
                    info.immediates == Immediates::Lanes ||
                    info.immediates == Immediates::Lane;
      if (usable && info.signature.size() > 1)
        list.push_back({opcode, info.text, info.signature, info.immediates,
                        info.naturalAlignment});
    };
#define RUNE_OPCODE(name, code, text, immediates, signature) add(Opcode::name);
#include "wasm/opcodes.def"
    return list;
  }();
  return all;
}

class RandomModule {
public:
  explicit RandomModule(Choices choices) : choices_(choices) {}

  /// Exports "f0" to "f3", each (i32, i64, f32, f64, v128) → one of those, the
  /// memory "memory" and a global "global".
  Bytes make() {
    using enum ValueType;
    module_.memory(1, 2);
    module_.table(FuncRef, 6);
    module_.global(I64, true, Code().i64(7).end());
    for (ValueType result : types_)
      functionTypes_.push_back(
          module_.type({I32, I64, F32, F64, V128}, {result}));
    for (uint32_t i = 0; i < functions; ++i)
      addFunction(i);
    module_.activeElements(0, {0, 1, 2, 3});
    module_.exported("memory", 0, wasm::ExternKind::Memory);
    module_.exported("global", 0, wasm::ExternKind::Global);
    return module_.bytes();
  }

  static constexpr uint32_t functions = 4;

private:
  // Locals: five parameters, then two of each type, then a counter per loop.
  static constexpr uint32_t perType = 3;
  static constexpr uint32_t firstCounter = 15;

  void addFunction(uint32_t index) {
    using enum ValueType;
    code_ = {};
    budget_ = 150;
    counters_ = 0;
    uint32_t statements = 1 + choices_.below(8);
    for (uint32_t i = 0; i < statements; ++i)
      statement(0);
    resultOf_[index] = choices_.below(std::size(types_));
    value(types_[resultOf_[index]], 0);
    code_.end();
    uint32_t made = module_.function(
        functionTypes_[resultOf_[index]], code_,
        {{2, I32}, {2, I64}, {2, F32}, {2, F64}, {2, V128}, {8, I32}});
    module_.exported("f" + std::to_string(index), made);
    ++made_;
  }

  uint32_t localOf(ValueType type) {
    auto at = static_cast<uint32_t>(
        std::find(std::begin(types_), std::end(types_), type) -
        std::begin(types_));
    uint32_t which = choices_.below(perType);
    return which == 0 ? at : 5 + at * 2 + which - 1;
  }

  ValueType anyType() { return types_[choices_.below(std::size(types_))]; }

  void statement(uint32_t depth) {
    using enum ValueType;
    if (budget_ == 0 || choices_.atEnd())
      return;
    --budget_;
    switch (choices_.below(depth < 4 ? 12 : 5)) {
    case 0:
    case 1: {
      ValueType type = anyType();
      value(type, depth);
      code_.set(localOf(type));
      return;
    }
    case 2:
      store(depth);
      return;
    case 3:
      value(I64, depth);
      code_.op(Opcode::GlobalSet, 0u);
      return;
    case 4:
      bulk(depth);
      return;
    case 5:
    case 6:
      value(I32, depth);
      code_.block(Opcode::If);
      statements(depth);
      if (choices_.below(2)) {
        code_.op(Opcode::Else);
        statements(depth);
      }
      code_.end();
      return;
    case 7:
    case 8:
      loop(depth);
      return;
    case 9: // leaves a block early, perhaps
      code_.block(Opcode::Block);
      statements(depth);
      value(I32, depth);
      code_.op(Opcode::BrIf, 0u);
      statements(depth);
      code_.end();
      return;
    case 10:
      table(depth);
      return;
    default:
      value(anyType(), depth);
      code_.op(Opcode::Drop);
    }
  }

  void statements(uint32_t depth) {
    for (uint32_t i = 1 + choices_.below(3); i-- > 0;)
      statement(depth + 1);
  }

  void loop(uint32_t depth) {
    uint32_t counter = firstCounter + counters_++ % 8;
    code_.block(Opcode::Loop);
    statements(depth);
    code_.get(counter)
        .i32(1)
        .op(Opcode::I32Add)
        .op(Opcode::LocalTee, counter)
        .i32(static_cast<int32_t>(1 + choices_.below(20)))
        .op(Opcode::I32LtU)
        .op(Opcode::BrIf, 0u)
        .end();
  }

  void table(uint32_t depth) {
    // One of three ways out.
    code_.block(Opcode::Block).block(Opcode::Block).block(Opcode::Block);
    value(ValueType::I32, depth);
    code_.brTable({0, 1, 2, 1}, 2).end();
    statements(depth);
    code_.end();
    statements(depth);
    code_.end();
  }

  void bulk(uint32_t depth) {
    for (int i = 0; i < 3; ++i)
      address(depth);
    if (choices_.below(2))
      code_.op(Opcode::MemoryFill, 0u);
    else
      code_.op(Opcode::MemoryCopy, 0u, 0u);
  }

  /// An i32 that mostly lies in memory.
  void address(uint32_t depth) {
    value(ValueType::I32, depth + 1);
    if (choices_.below(16))
      code_.i32(choices_.below(2) ? 0x3FF : 0xFFFF).op(Opcode::I32And);
  }

  void store(uint32_t depth) {
    std::vector<const PlainInstruction *> stores;
    for (const PlainInstruction &each : plainInstructions())
      if (each.signature.starts_with("a") && each.signature.ends_with(":"))
        stores.push_back(&each);
    instruction(*stores[choices_.below(static_cast<uint32_t>(stores.size()))],
                depth);
  }

  static ValueType typeOf(char letter) {
    switch (letter) {
    case 'I':
      return ValueType::I64;
    case 'f':
      return ValueType::F32;
    case 'F':
      return ValueType::F64;
    case 'v':
      return ValueType::V128;
    default:
      return ValueType::I32;
    }
  }

  /// Leaves one value of this type.
  void value(ValueType type, uint32_t depth) {
    if (budget_ == 0 || choices_.atEnd() || depth > 7) {
      leaf(type);
      return;
    }
    --budget_;
    switch (choices_.below(16)) {
    case 0:
    case 1:
    case 2:
      leaf(type);
      return;
    case 3:
      value(type, depth + 1);
      value(type, depth + 1);
      value(ValueType::I32, depth + 1);
      code_.select({type});
      return;
    case 4:
      value(ValueType::I32, depth + 1);
      code_.block(Opcode::If, type);
      value(type, depth + 1);
      code_.op(Opcode::Else);
      value(type, depth + 1);
      code_.end();
      return;
    case 5:
      call(type, depth);
      return;
    case 6:
      if (type == ValueType::I64) {
        code_.op(Opcode::GlobalGet, 0u);
        return;
      }
      if (type == ValueType::I32) {
        growOrSize(depth);
        return;
      }
      [[fallthrough]];
    default:
      plain(type, depth);
    }
  }

  void growOrSize(uint32_t depth) {
    if (choices_.below(2)) {
      code_.op(Opcode::MemorySize, 0u);
      return;
    }
    address(depth);
    code_.op(Opcode::MemoryGrow, 0u);
  }

  /// Calls a function made before, so that calls end; or any by the table.
  void call(ValueType type, uint32_t depth) {
    uint32_t callee = made_ == 0 ? functions : choices_.below(made_);
    if (callee == functions || types_[resultOf_[callee]] != type) {
      leaf(type);
      return;
    }
    for (ValueType parameter : types_)
      value(parameter, depth + 1);
    if (choices_.below(2)) {
      code_.op(Opcode::Call, callee);
      return;
    }
    code_.i32(
        static_cast<int32_t>(choices_.below(8) ? callee : choices_.below(8)));
    code_.op(Opcode::CallIndirect, functionTypes_[resultOf_[callee]], 0u);
  }

  void leaf(ValueType type) {
    if (choices_.below(3)) {
      code_.get(localOf(type));
      return;
    }
    uint64_t bits = choices_.bits();
    switch (type) {
    case ValueType::I32:
      code_.i32(static_cast<int32_t>(bits));
      break;
    case ValueType::I64:
      code_.i64(static_cast<int64_t>(bits));
      break;
    case ValueType::F32:
      code_.f32(std::bit_cast<float>(static_cast<uint32_t>(bits)));
      break;
    case ValueType::F64:
      code_.f64(std::bit_cast<double>(bits));
      break;
    default: {
      Bytes bytes(16);
      storeUnaligned(bytes.data(), bits);
      storeUnaligned(bytes.data() + 8, choices_.bits());
      code_.op(Opcode::V128Const).add(bytes);
    }
    }
  }

  void plain(ValueType type, uint32_t depth) {
    static const auto byResult = [] {
      std::map<ValueType, std::vector<const PlainInstruction *>> map;
      for (const PlainInstruction &each : plainInstructions())
        if (!each.signature.ends_with(":"))
          map[typeOf(each.signature.back())].push_back(&each);
      return map;
    }();
    const auto &list = byResult.at(type);
    instruction(*list[choices_.below(static_cast<uint32_t>(list.size()))],
                depth);
  }

  void instruction(const PlainInstruction &chosen, uint32_t depth) {
    using wasm::Immediates;
    size_t colon = chosen.signature.find(':');
    for (char letter : chosen.signature.substr(0, colon))
      if (letter == 'a')
        address(depth);
      else
        value(typeOf(letter), depth + 1);
    code_.op(chosen.opcode);
    bool hasMemory = chosen.immediates == Immediates::MemoryArgument ||
                     chosen.immediates == Immediates::MemoryArgumentLane;
    if (hasMemory) {
      code_.add(wasm::test::leb(choices_.below(chosen.alignment + 1u)));
      code_.add(wasm::test::leb(choices_.below(8) ? choices_.below(64)
                                                  : choices_.bits() >> 33));
    }
    if (chosen.immediates == Immediates::Lanes)
      for (int i = 0; i < 16; ++i)
        code_.add(wasm::test::byte(static_cast<uint8_t>(choices_.below(32))));
    if (chosen.immediates == Immediates::Lane ||
        chosen.immediates == Immediates::MemoryArgumentLane)
      code_.add(wasm::test::byte(
          static_cast<uint8_t>(choices_.below(lanesOf(chosen)))));
    canonical(chosen);
  }

  static uint32_t lanesOf(const PlainInstruction &chosen) {
    if (chosen.immediates == wasm::Immediates::MemoryArgumentLane)
      return 16u >> chosen.alignment;
    std::string_view shape = chosen.text.substr(0, chosen.text.find('.'));
    return static_cast<uint32_t>(
        std::stoul(std::string(shape.substr(shape.find('x') + 1))));
  }

  /// What arithmetic on floats gave, with the usual NaN for any.
  void canonical(const PlainInstruction &made) {
    char letter = made.signature.back();
    auto shape = made.text.substr(0, 5);
    bool floats =
        letter == 'f' || letter == 'F' || shape == "f32x4" || shape == "f64x2";
    if (!floats || letter == ':' || letter == 'i' || letter == 'I')
      return;
    if (letter == 'f' || letter == 'F') {
      bool narrow = letter == 'f';
      uint32_t local = narrow ? 9 : 11;
      code_.set(local);
      if (narrow)
        code_.get(local).f32(std::bit_cast<float>(0x7FC00000u));
      else
        code_.get(local).f64(std::bit_cast<double>(0x7FF8000000000000u));
      code_.get(local)
          .get(local)
          .op(narrow ? Opcode::F32Eq : Opcode::F64Eq)
          .op(Opcode::Select);
      return;
    }
    Bytes nan(16);
    for (size_t i = 0; i < 16; i += 8)
      storeUnaligned(nan.data() + i, shape == "f32x4" ? 0x7FC000007FC00000u
                                                      : 0x7FF8000000000000u);
    code_.set(13)
        .get(13)
        .op(Opcode::V128Const)
        .add(nan)
        .get(13)
        .get(13)
        .op(shape == "f32x4" ? Opcode::F32x4Eq : Opcode::F64x2Eq)
        .op(Opcode::V128Bitselect);
  }

  static constexpr ValueType types_[] = {ValueType::I32, ValueType::I64,
                                         ValueType::F32, ValueType::F64,
                                         ValueType::V128};
  Choices choices_;
  wasm::test::ModuleBuilder module_;
  std::vector<uint32_t> functionTypes_;
  std::array<uint32_t, functions> resultOf_{};
  uint32_t made_ = 0;
  Code code_;
  uint32_t budget_ = 0;
  uint32_t counters_ = 0;
};

} // namespace rune::engine::test
