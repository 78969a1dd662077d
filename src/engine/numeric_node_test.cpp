// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Every numeric instruction on every pair of interesting operands, here and in
// node. Each instruction is exported as a function of i64 bits to i64 bits, so
// that JavaScript never touches a NaN.
#include "engine/test_node_oracle.h"
#include "wasm/test_module_builder.h"

#include <unistd.h>

namespace rune::engine {
namespace {

using namespace wasm::test;
using test::Call;
using wasm::Opcode;
using enum wasm::ValueType;

struct Numeric {
  std::string name;
  Opcode opcode;
  std::string_view signature;
};

/// All instructions on numbers, without immediates.
std::vector<Numeric> numericInstructions() {
  std::vector<Numeric> all;
#define RUNE_OPCODE(name, code, text, immediates, signature)                   \
  if (wasm::Immediates::immediates == wasm::Immediates::None &&                \
      std::string_view(signature).size() > 2 &&                                \
      std::string_view(signature).find('v') == std::string_view::npos)         \
    all.push_back({text, Opcode::name, signature});
#define RUNE_MEMORY_OPCODE(name, code, text, alignment, signature)
#define RUNE_LANE_OPCODE(name, code, text, alignment, signature)
#include "wasm/opcodes.def"
  return all;
}

const std::vector<uint64_t> words32 = {
    0,          1,          2,          3,          7,          31,
    32,         33,         0x7F,       0x80,       0xFF,       0x7FFF,
    0x8000,     0xFFFF,     0x12345678, 0x7FFFFFFE, 0x7FFFFFFF, 0x80000000,
    0x80000001, 0xFFFFFFFE, 0xFFFFFFFF, 0xAAAAAAAA};
const std::vector<uint64_t> words64 = {0,
                                       1,
                                       2,
                                       7,
                                       63,
                                       64,
                                       0x80,
                                       0x8000,
                                       0x7FFFFFFF,
                                       0x80000000,
                                       0xFFFFFFFF,
                                       0x100000000,
                                       0x20000000000001,
                                       0x7FFFFF4000000001,
                                       0x8000008000000001,
                                       0x123456789ABCDEF0,
                                       INT64_MAX - uint64_t{1},
                                       INT64_MAX,
                                       uint64_t{1} << 63,
                                       (uint64_t{1} << 63) + 1,
                                       UINT64_MAX - 1,
                                       UINT64_MAX};
/// ±0, ±1, ±½, 1.5, 2.5, -2.5, least and greatest subnormal, least normal,
/// greatest, ∞, NaNs quiet and signalling with payloads, π, and the borders of
/// i32, u32, i64, u64 with their neighbours.
const std::vector<uint64_t> floats = {
    0x00000000, 0x80000000, 0x3F800000, 0xBF800000, 0x3F000000, 0xBF000000,
    0x3FC00000, 0x40200000, 0xC0200000, 0x00000001, 0x807FFFFF, 0x00800000,
    0x7F7FFFFF, 0xFF7FFFFF, 0x7F800000, 0xFF800000, 0x7FC00000, 0xFFC00000,
    0x7FC12345, 0x7F800001, 0xFFA00001, 0x40490FDB, 0x4EFFFFFF, 0x4F000000,
    0xCF000000, 0xCF000001, 0x4F7FFFFF, 0x4F800000, 0x5EFFFFFF, 0x5F000000,
    0xDF000000, 0xDF000001, 0x5F7FFFFF, 0x5F800000, 0xBF7FFFFF, 0x4B000001,
    0x3EFFFFFF};
const std::vector<uint64_t> doubles = {
    0x0000000000000000, 0x8000000000000000, 0x3FF0000000000000,
    0xBFF0000000000000, 0x3FE0000000000000, 0xBFE0000000000000,
    0x3FF8000000000000, 0x4004000000000000, 0xC004000000000000,
    0x0000000000000001, 0x800FFFFFFFFFFFFF, 0x0010000000000000,
    0x7FEFFFFFFFFFFFFF, 0xFFEFFFFFFFFFFFFF, 0x7FF0000000000000,
    0xFFF0000000000000, 0x7FF8000000000000, 0xFFF8000000000000,
    0x7FF8000012345678, 0x7FF0000000000001, 0xFFF4000000000001,
    0x400921FB54442D18, 0x41DFFFFFFFC00000, 0x41DFFFFFFFFFFFFF,
    0x41E0000000000000, 0xC1E0000000000000, 0xC1E00000001FFFFF,
    0xC1E0000000200000, 0x41EFFFFFFFE00000, 0x41EFFFFFFFFFFFFF,
    0x41F0000000000000, 0x43DFFFFFFFFFFFFF, 0x43E0000000000000,
    0xC3E0000000000000, 0xC3E0000000000001, 0x43EFFFFFFFFFFFFF,
    0x43F0000000000000, 0xBFEFFFFFFFFFFFFF, 0x3FDFFFFFFFFFFFFF,
    0x4330000000000001, 0x36A0000000000000, 0x47EFFFFFF0000000,
    0x47EFFFFFEFFFFFFF, 0x3690000000000000};

const std::vector<uint64_t> &operandsOf(char letter) {
  switch (letter) {
  case 'i':
    return words32;
  case 'I':
    return words64;
  case 'f':
    return floats;
  default:
    return doubles;
  }
}

void fromBits(Code &code, char letter) {
  if (letter == 'i' || letter == 'f')
    code.op(Opcode::I32WrapI64);
  if (letter == 'f')
    code.op(Opcode::F32ReinterpretI32);
  if (letter == 'F')
    code.op(Opcode::F64ReinterpretI64);
}

/// A NaN that arithmetic made may have any payload and sign (4.3.3): such
/// results become the canonical one. `exact` keeps them.
void toBits(Code &code, char letter, bool exact) {
  if (letter == 'f') {
    code.op(Opcode::I32ReinterpretF32);
    if (!exact)
      code.set(2)
          .i32(0x7FC00000)
          .get(2)
          .get(2)
          .op(Opcode::F32ReinterpretI32)
          .get(2)
          .op(Opcode::F32ReinterpretI32)
          .op(Opcode::F32Ne)
          .op(Opcode::Select);
  }
  if (letter == 'F') {
    code.op(Opcode::I64ReinterpretF64);
    if (!exact)
      code.set(3)
          .i64(0x7FF8000000000000)
          .get(3)
          .get(3)
          .op(Opcode::F64ReinterpretI64)
          .get(3)
          .op(Opcode::F64ReinterpretI64)
          .op(Opcode::F64Ne)
          .op(Opcode::Select);
  }
  if (letter == 'i' || letter == 'f')
    code.op(Opcode::I64ExtendI32U);
}

/// abs, neg, copysign and reinterpretations keep a NaN's bits (4.3.3).
bool keepsNan(const std::string &name) {
  for (std::string_view word : {"abs", "neg", "copysign", "reinterpret"})
    if (name.find(word) != std::string::npos)
      return true;
  return false;
}

/// The instruction on operands from locals 0 and 1; 2 and 3 are scratch.
Code onLocals(const Numeric &numeric) {
  Code code;
  size_t colon = numeric.signature.find(':');
  for (size_t i = 0; i < colon; ++i)
    fromBits(code.get(static_cast<uint32_t>(i)), numeric.signature[i]);
  code.op(numeric.opcode);
  toBits(code, numeric.signature.back(), keepsNan(numeric.name));
  return code.end();
}

/// The instruction with its last operand a constant in the code.
Code onConstant(const Numeric &numeric, uint64_t constant) {
  Code code;
  fromBits(code.get(0), numeric.signature[0]);
  switch (numeric.signature[1]) {
  case 'i':
    code.i32(static_cast<int32_t>(constant));
    break;
  case 'I':
    code.i64(static_cast<int64_t>(constant));
    break;
  case 'f':
    code.f32(Value{constant}.asF32());
    break;
  default:
    code.f64(Value{constant}.asF64());
  }
  code.op(numeric.opcode);
  toBits(code, numeric.signature.back(), keepsNan(numeric.name));
  return code.end();
}

TEST(NumericAgainstNode, EveryInstructionOnInterestingOperands) {
  std::string node = test::nodeCommand();
  if (node.empty())
    GTEST_SKIP() << "no node: set RUNE_NODE or run ./dev setup";
  std::vector<Numeric> all = numericInstructions();
  ASSERT_EQ(all.size(), 136u);
  ModuleBuilder module;
  uint32_t type = module.type({I64, I64}, {I64});
  std::vector<Call> calls;
  for (const Numeric &numeric : all) {
    module.exported(numeric.name, module.function(type, onLocals(numeric),
                                                  {{1, I32}, {1, I64}}));
    bool isBinary = numeric.signature.find(':') == 2;
    const std::vector<uint64_t> unused = {0};
    for (uint64_t a : operandsOf(numeric.signature[0]))
      for (uint64_t b : isBinary ? operandsOf(numeric.signature[1]) : unused)
        calls.push_back({numeric.name, {Value::i64(a), Value::i64(b)}});
  }
  EXPECT_GT(calls.size(), 40000u);
  test::compareWithNode(node, module.bytes(), calls);
}

/// Constants have code of their own in the interpreter.
TEST(NumericAgainstNode, EveryInstructionOnConstants) {
  std::string node = test::nodeCommand();
  if (node.empty())
    GTEST_SKIP() << "no node: set RUNE_NODE or run ./dev setup";
  ModuleBuilder module;
  uint32_t type = module.type({I64}, {I64});
  std::vector<Call> calls;
  for (const Numeric &numeric : numericInstructions()) {
    if (numeric.signature.find(':') != 2)
      continue;
    const std::vector<uint64_t> &operands = operandsOf(numeric.signature[1]);
    for (size_t i = 0; i < operands.size(); i += 3) {
      std::string name = fmt::format("{}_{}", numeric.name, i);
      module.exported(name,
                      module.function(type, onConstant(numeric, operands[i]),
                                      {{1, I64}, {1, I32}, {1, I64}}));
      for (uint64_t a : operandsOf(numeric.signature[0]))
        calls.push_back({name, {Value::i64(a)}});
    }
  }
  test::compareWithNode(node, module.bytes(), calls);
}

} // namespace
} // namespace rune::engine
