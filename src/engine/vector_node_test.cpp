// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Every vector instruction on every pair of interesting vectors, here and in
// node, bit for bit. Vectors lie in memory; each instruction is exported twice,
// as a function of their numbers that gives the lower or the upper half.
// Relaxed instructions must give what the plain ones of which their allowed
// sets speak (3.0, 4.3.5) give in node.
#include "engine/test_node_oracle.h"
#include "wasm/test_module_builder.h"

namespace rune::engine {
namespace {

using namespace wasm::test;
using test::Call;
using wasm::Immediates;
using wasm::Opcode;
using enum wasm::ValueType;

struct VectorOp {
  std::string name;
  Opcode opcode;
  Immediates immediates;
  std::string_view signature;
  uint32_t alignment;

  size_t operands() const { return signature.find(':'); }
  bool isRelaxed() const { return static_cast<uint32_t>(opcode) >= 0xFD100; }
};

std::vector<VectorOp> vectorInstructions() {
  std::vector<VectorOp> all;
#define RUNE_OPCODE(name, code, text, immediates, signature)                   \
  if (uint32_t{code} >= 0xFD000)                                               \
    all.push_back({text, Opcode::name, Immediates::immediates, signature, 0});
#define RUNE_MEMORY_OPCODE(name, code, text, alignment, signature)             \
  if (uint32_t{code} >= 0xFD000)                                               \
    all.push_back({text, Opcode::name, Immediates::MemoryArgument, signature,  \
                   alignment});
#define RUNE_LANE_OPCODE(name, code, text, alignment, signature)               \
  if (uint32_t{code} >= 0xFD000)                                               \
    all.push_back({text, Opcode::name, Immediates::MemoryArgumentLane,         \
                   signature, alignment});
#include "wasm/opcodes.def"
  return all;
}

using Lanes32 = std::array<uint32_t, 4>;
using Lanes64 = std::array<uint64_t, 2>;

/// As 32-bit lanes: integers at their borders, then floats (±0, ±1, halves,
/// subnormals, greatest, ∞, NaNs quiet and signalling, borders of i32 and u32).
const std::vector<Lanes32> vectors32 = {
    {0, 0, 0, 0},
    {0xFFFFFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0xFFFFFFFF},
    {0x03020100, 0x07060504, 0x0B0A0908, 0x0F0E0D0C},
    {0x80808080, 0x7F7F7F7F, 0x7F807F80, 0x01FF01FF},
    {0x80008000, 0x7FFF7FFF, 0x7FFF8000, 0x0001FFFF},
    {0x80000000, 0x7FFFFFFF, 0x80000001, 1},
    {0x12345678, 0x9ABCDEF0, 0x0F1E2D3C, 0xFEDCBA98},
    {0x10111213, 0xF0F1F2F3, 0x40302010, 0x00FF00FF},
    {0x00000000, 0x80000000, 0x3F800000, 0xBF800000},
    {0x3F000000, 0xBF000000, 0x3FC00000, 0xC0200000},
    {0x00000001, 0x807FFFFF, 0x00800000, 0x7F7FFFFF},
    {0x7F800000, 0xFF800000, 0x7FC00000, 0xFFC00000},
    {0x7F800001, 0xFFA00001, 0x7FC12345, 0x40490FDB},
    {0x4EFFFFFF, 0x4F000000, 0xCF000000, 0xCF000001},
    {0x4F7FFFFF, 0x4F800000, 0x5F000000, 0xBF7FFFFF},
    {0x4B000001, 0xCB000001, 0x3EFFFFFF, 0x40200000}};
/// The same as 64-bit lanes.
const std::vector<Lanes64> vectors64 = {
    {0x8000000000000000, 0x7FFFFFFFFFFFFFFF},
    {1, 0xFFFFFFFFFFFFFFFE},
    {0x0000000000000000, 0x8000000000000000},
    {0x3FF0000000000000, 0xBFE0000000000000},
    {0x3FF8000000000000, 0xC004000000000000},
    {0x0000000000000001, 0x7FEFFFFFFFFFFFFF},
    {0x7FF0000000000000, 0xFFF0000000000000},
    {0x7FF8000000000000, 0xFFF4000000000001},
    {0x41DFFFFFFFFFFFFF, 0xC1E00000001FFFFF},
    {0x41EFFFFFFFFFFFFF, 0x41F0000000000000},
    {0x4330000000000001, 0x47EFFFFFF0000000},
    {0x400921FB54442D18, 0x36A0000000000000}};

/// Where results of stores are looked at.
constexpr uint32_t scratch = 1024;

std::string vectorBytes() {
  std::string bytes;
  for (const Lanes32 &each : vectors32)
    bytes.append(reinterpret_cast<const char *>(&each), 16);
  for (const Lanes64 &each : vectors64)
    bytes.append(reinterpret_cast<const char *>(&each), 16);
  return bytes;
}
uint32_t vectorCount() {
  return static_cast<uint32_t>(vectors32.size() + vectors64.size());
}

/// Arithmetic may make any NaN of a set: such results become the canonical one
/// (4.3.3). Others keep a NaN's bits.
bool makesNan(const std::string &name) {
  if (!name.starts_with("f32x4.") && !name.starts_with("f64x2."))
    return false;
  for (std::string_view word :
       {".sqrt", ".ceil", ".floor", ".trunc", ".nearest", ".add", ".sub",
        ".mul", ".div", ".min", ".max", ".demote", ".promote", ".relaxed"})
    if (name.find(word) != std::string::npos)
      return true;
  return false;
}

/// Operand number `at` of this kind, from the vector that the parameter names.
void operand(Code &code, char letter, uint32_t at) {
  code.get(at).i32(4).op(Opcode::I32Shl);
  switch (letter) {
  case 'i':
    code.op(Opcode::I32Load, 0u, 0u);
    break;
  case 'I':
    code.op(Opcode::I64Load, 0u, 0u);
    break;
  case 'f':
    code.op(Opcode::F32Load, 0u, 0u);
    break;
  case 'F':
    code.op(Opcode::F64Load, 0u, 0u);
    break;
  default:
    code.op(Opcode::V128Load, 0u, 0u);
  }
}

Bytes v128Of(uint64_t bits) {
  Bytes bytes(16);
  storeUnaligned(bytes.data(), bits);
  storeUnaligned(bytes.data() + 8, bits);
  return bytes;
}

/// What stands on the stack as an i64; `half` of a vector. Local 3 is scratch.
void result(Code &code, const VectorOp &op, uint32_t half) {
  switch (op.signature.back()) {
  case 'f':
    code.op(Opcode::I32ReinterpretF32);
    [[fallthrough]];
  case 'i':
    code.op(Opcode::I64ExtendI32U);
    return;
  case 'F':
    code.op(Opcode::I64ReinterpretF64);
    return;
  case 'I':
    return;
  default:
    break;
  }
  if (makesNan(op.name)) {
    bool narrow = op.name.starts_with("f32x4.");
    code.set(3).op(Opcode::V128Const);
    code.add(v128Of(narrow ? 0x7FC000007FC00000 : 0x7FF8000000000000));
    code.get(3).get(3).get(3);
    code.op(narrow ? Opcode::F32x4Ne : Opcode::F64x2Ne)
        .op(Opcode::V128Bitselect);
  }
  code.op(Opcode::I64x2ExtractLane).add(byte(static_cast<uint8_t>(half)));
}

/// How many variants by immediates an instruction has.
uint32_t variants(const VectorOp &op) {
  switch (op.immediates) {
  case Immediates::MemoryArgumentLane:
    return 16u >> op.alignment;
  case Immediates::Lanes:
    return 4;
  case Immediates::Lane: // as many as its shape has lanes
    return static_cast<uint32_t>(
        std::stoi(op.name.substr(op.name.find('x') + 1)));
  default:
    return 1;
  }
}

void immediates(Code &code, const VectorOp &op, uint32_t variant) {
  Bytes lanes(16);
  switch (op.immediates) {
  case Immediates::Lane:
    code.add(byte(static_cast<uint8_t>(variant)));
    break;
  case Immediates::Lanes:
    for (uint32_t i = 0; i < 16; ++i)
      lanes[i] =
          static_cast<uint8_t>((i * (2 * variant + 1) + variant * 7) % 32);
    code.add(lanes);
    break;
  case Immediates::V128:
    code.add(v128Of(0x0123456789ABCDEF));
    break;
  default:
    break;
  }
}

Code calculation(const VectorOp &op, uint32_t variant, uint32_t half) {
  Code code;
  for (uint32_t i = 0; i < op.operands(); ++i)
    operand(code, op.signature[i], i);
  code.op(op.opcode);
  immediates(code, op, variant);
  result(code, op, half);
  return code.end();
}

/// Loads at 3 bytes behind a vector, or where memory ends; stores to scratch
/// memory, which is then the result.
Code access(const VectorOp &op, uint32_t variant, uint32_t half) {
  Code code;
  bool isStore = op.signature.back() == ':';
  if (isStore)
    code.i32(scratch)
        .i64(0)
        .op(Opcode::I64Store, 0u, 0u)
        .i32(scratch + 8)
        .i64(0)
        .op(Opcode::I64Store, 0u, 0u);
  code.get(0).i32(isStore ? 0 : 4).op(Opcode::I32Shl);
  if (op.signature[1] == 'v')
    operand(code, 'v', 1);
  code.op(op.opcode, 0u, isStore ? scratch : 3u);
  if (op.immediates == Immediates::MemoryArgumentLane)
    code.add(byte(static_cast<uint8_t>(variant)));
  if (isStore)
    return code.i32(0).op(Opcode::I64Load, 0u, scratch + 8 * half).end();
  result(code, op, half);
  return code.end();
}

bool isAccess(const VectorOp &op) {
  return op.immediates == Immediates::MemoryArgument ||
         op.immediates == Immediates::MemoryArgumentLane;
}

/// Numbers of vectors: all pairs, and some third.
std::vector<Call> callsOf(const VectorOp &op, const std::string &name) {
  std::vector<Call> calls;
  uint32_t count = vectorCount();
  size_t operands = op.operands();
  for (uint32_t i = 0; i < (operands > 0 ? count : 1); ++i)
    for (uint32_t j = 0; j < (operands > 1 ? count : 1); ++j)
      calls.push_back({name,
                       {Value::i32(i), Value::i32(j),
                        Value::i32((i * 7 + j * 3 + 1) % count)}});
  if (isAccess(op)) // across the end of memory, and beyond
    for (uint32_t at : {4095u, 65533u, 0xFFFFFFFu})
      calls.push_back({name, {Value::i32(at), Value::i32(2), Value::i32(0)}});
  return calls;
}

struct Suite {
  ModuleBuilder module;
  uint32_t type;
  std::vector<Call> calls;

  Suite() : type(module.type({I32, I32, I32}, {I64})) {
    module.memory(1).activeData(0, vectorBytes());
    module.exported("memory", 0, wasm::ExternKind::Memory);
  }
  void add(const VectorOp &op, const std::string &name, const Code &code) {
    module.exported(name, module.function(type, code, {{1, V128}}));
    for (Call &call : callsOf(op, name))
      calls.push_back(std::move(call));
  }
};

TEST(VectorsAgainstNode, EveryInstruction) {
  std::string node = test::nodeCommand();
  if (node.empty())
    GTEST_SKIP() << "no node: set RUNE_NODE or run ./dev setup";
  Suite suite;
  size_t tested = 0;
  for (const VectorOp &op : vectorInstructions()) {
    if (op.isRelaxed())
      continue;
    ++tested;
    for (uint32_t variant = 0; variant < variants(op); ++variant)
      for (uint32_t half = 0; half < 2; ++half)
        suite.add(op, fmt::format("{}_{}_{}", op.name, variant, half),
                  isAccess(op) ? access(op, variant, half)
                               : calculation(op, variant, half));
  }
  EXPECT_EQ(tested, 236u);
  EXPECT_GT(suite.calls.size(), 200'000u);
  test::compareWithNode(node, suite.module.bytes(), suite.calls);
}

/// The instructions that compute one allowed result of a relaxed one.
Code plainly(const VectorOp &op) {
  Code code;
  auto three = [&] {
    for (uint32_t i = 0; i < op.operands(); ++i)
      operand(code, 'v', i);
  };
  auto products = [&](Opcode extended) {
    operand(code, 'v', 0);
    operand(code, 'v', 1);
    code.op(extended).op(Opcode::I32x4ExtaddPairwiseI16x8S);
  };
  auto dot = [&] {
    products(Opcode::I16x8ExtmulLowI8x16S);
    products(Opcode::I16x8ExtmulHighI8x16S);
    code.op(Opcode::I8x16Shuffle);
    code.add({0, 1, 4, 5, 8, 9, 12, 13, 16, 17, 20, 21, 24, 25, 28, 29});
  };
  switch (op.opcode) {
  case Opcode::I8x16RelaxedSwizzle:
    three();
    code.op(Opcode::I8x16Swizzle);
    break;
  case Opcode::I32x4RelaxedTruncF32x4S:
    three();
    code.op(Opcode::I32x4TruncSatF32x4S);
    break;
  case Opcode::I32x4RelaxedTruncF32x4U:
    three();
    code.op(Opcode::I32x4TruncSatF32x4U);
    break;
  case Opcode::I32x4RelaxedTruncF64x2SZero:
    three();
    code.op(Opcode::I32x4TruncSatF64x2SZero);
    break;
  case Opcode::I32x4RelaxedTruncF64x2UZero:
    three();
    code.op(Opcode::I32x4TruncSatF64x2UZero);
    break;
  case Opcode::F32x4RelaxedMadd:
  case Opcode::F32x4RelaxedNmadd:
    operand(code, 'v', 0);
    operand(code, 'v', 1);
    code.op(Opcode::F32x4Mul);
    if (op.opcode == Opcode::F32x4RelaxedNmadd)
      code.op(Opcode::F32x4Neg);
    operand(code, 'v', 2);
    code.op(Opcode::F32x4Add);
    break;
  case Opcode::F64x2RelaxedMadd:
  case Opcode::F64x2RelaxedNmadd:
    operand(code, 'v', 0);
    operand(code, 'v', 1);
    code.op(Opcode::F64x2Mul);
    if (op.opcode == Opcode::F64x2RelaxedNmadd)
      code.op(Opcode::F64x2Neg);
    operand(code, 'v', 2);
    code.op(Opcode::F64x2Add);
    break;
  case Opcode::F32x4RelaxedMin:
    three();
    code.op(Opcode::F32x4Min);
    break;
  case Opcode::F32x4RelaxedMax:
    three();
    code.op(Opcode::F32x4Max);
    break;
  case Opcode::F64x2RelaxedMin:
    three();
    code.op(Opcode::F64x2Min);
    break;
  case Opcode::F64x2RelaxedMax:
    three();
    code.op(Opcode::F64x2Max);
    break;
  case Opcode::I16x8RelaxedQ15mulrS:
    three();
    code.op(Opcode::I16x8Q15mulrSatS);
    break;
  case Opcode::I16x8RelaxedDotI8x16I7x16S:
    dot();
    break;
  case Opcode::I32x4RelaxedDotI8x16I7x16AddS:
    dot();
    code.op(Opcode::I32x4ExtaddPairwiseI16x8S);
    operand(code, 'v', 2);
    code.op(Opcode::I32x4Add);
    break;
  default: // the four lane selections
    three();
    code.op(Opcode::V128Bitselect);
  }
  return code;
}

TEST(VectorsAgainstNode, RelaxedInstructionsGiveAnAllowedResult) {
  std::string node = test::nodeCommand();
  if (node.empty())
    GTEST_SKIP() << "no node: set RUNE_NODE or run ./dev setup";
  Suite relaxed, plain;
  size_t tested = 0;
  for (const VectorOp &op : vectorInstructions()) {
    if (!op.isRelaxed())
      continue;
    ++tested;
    for (uint32_t half = 0; half < 2; ++half) {
      std::string name = fmt::format("{}_{}", op.name, half);
      Code code = plainly(op);
      result(code, op, half);
      plain.add(op, name, code.end());
      relaxed.add(op, name, calculation(op, 0, half));
    }
  }
  EXPECT_EQ(tested, 20u);
  test::compareWithNode(node, relaxed.module.bytes(), relaxed.calls,
                        plain.module.bytes());
}

} // namespace
} // namespace rune::engine
