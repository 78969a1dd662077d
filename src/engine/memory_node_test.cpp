// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Every access to a memory that is not the first, by 32-bit and by 64-bit
// addresses, here and in node: loads, stores, sizes, and what copies between
// memories.
#include "engine/test_node_oracle.h"
#include "wasm/test_module_builder.h"

namespace rune::engine {
namespace {

using namespace wasm::test;
using test::Call;
using wasm::Opcode;
using enum wasm::ValueType;

struct Access {
  std::string name;
  Opcode opcode;
  std::string_view signature;
};

std::vector<Access> scalarAccesses() {
  std::vector<Access> all;
#define RUNE_MEMORY_OPCODE(name, code, text, alignment, signature)             \
  if (uint32_t{code} < 0x100)                                                  \
    all.push_back({text, Opcode::name, signature});
#include "wasm/opcodes.def"
  return all;
}

/// A memory argument for `memory`, unaligned.
void argument(Code &code, uint32_t memory, uint64_t offset) {
  code.add(byte(0x40)).add(leb(memory)).add(leb(offset));
}

void addressOf(Code &code, bool wide) {
  code.get(0);
  if (!wide)
    code.op(Opcode::I32WrapI64);
}

/// (address, value as bits) → bits; a store gives what is there then.
Code accessing(const Access &access, uint32_t memory, bool wide) {
  Code code;
  addressOf(code, wide);
  bool isStore = access.signature.back() == ':';
  char letter = isStore ? access.signature[1] : access.signature.back();
  if (isStore) {
    code.get(1);
    if (letter == 'i' || letter == 'f')
      code.op(Opcode::I32WrapI64);
    if (letter == 'f')
      code.op(Opcode::F32ReinterpretI32);
    if (letter == 'F')
      code.op(Opcode::F64ReinterpretI64);
  }
  code.op(access.opcode);
  argument(code, memory, 5);
  if (isStore) {
    addressOf(code, wide);
    code.op(Opcode::I64Load);
    argument(code, memory, 5);
    return code.end();
  }
  if (letter == 'f')
    code.op(Opcode::I32ReinterpretF32);
  if (letter == 'F')
    code.op(Opcode::I64ReinterpretF64);
  if (letter == 'i' || letter == 'f')
    code.op(Opcode::I64ExtendI32U);
  return code.end();
}

/// Memory 0 has 32-bit addresses, as has 1; 2 has 64-bit ones.
ModuleBuilder threeMemories() {
  ModuleBuilder module;
  module.memory(1).memory(1, 3).rawMemory({5, 1, 3});
  module.exported("memory", 0, wasm::ExternKind::Memory);
  std::string bytes;
  for (int i = 0; i < 256; ++i)
    bytes.push_back(static_cast<char>(i * 37 + 11));
  module.data(cat({leb(2), leb(1), Code().i32(0).end().bytes(), text(bytes)}));
  module.data(cat({leb(2), leb(2), Code().i64(0).end().bytes(), text(bytes)}));
  return module;
}

constexpr const char *flags =
    "--experimental-wasm-memory64 --experimental-wasm-multi-memory";

TEST(MemoriesAgainstNode, EveryAccess) {
  std::string node = test::nodeCommand();
  if (node.empty())
    GTEST_SKIP() << "no node: set RUNE_NODE or run ./dev setup";
  ModuleBuilder module = threeMemories();
  uint32_t type = module.type({I64, I64}, {I64});
  std::vector<Call> calls;
  std::vector<Access> all = scalarAccesses();
  EXPECT_EQ(all.size(), 23u);
  for (const Access &access : all)
    for (uint32_t memory : {1u, 2u}) {
      std::string name = fmt::format("{}_{}", access.name, memory);
      module.exported(
          name, module.function(type, accessing(access, memory, memory == 2)));
      for (uint64_t at : {uint64_t{0}, uint64_t{3}, uint64_t{100},
                          uint64_t{65520}, uint64_t{65523}, uint64_t{65524},
                          uint64_t{65530}, uint64_t{0xFFFFFFFB},
                          uint64_t{0x100000000}, UINT64_MAX - 5, UINT64_MAX})
        calls.push_back(
            {name, {Value::i64(at), Value::i64(0xFEDCBA9876543210)}});
    }
  test::compareWithNode(node, module.bytes(), calls, {}, flags);
}

/// size, grow, fill, copy between all pairs, and init, of each memory.
TEST(MemoriesAgainstNode, WholeStretches) {
  std::string node = test::nodeCommand();
  if (node.empty())
    GTEST_SKIP() << "no node: set RUNE_NODE or run ./dev setup";
  ModuleBuilder module = threeMemories();
  module.passiveData("abcdefghijklmnopqrstuvwxyz").countData();
  uint32_t type = module.type({I64, I64, I64}, {I64});
  std::vector<Call> calls;
  auto number = [](Code &code, uint32_t local, bool wide) {
    code.get(local);
    if (!wide)
      code.op(Opcode::I32WrapI64);
  };
  auto add = [&](const std::string &name, const Code &code,
                 std::vector<std::array<uint64_t, 3>> operands) {
    module.exported(name, module.function(type, code));
    for (auto [a, b, c] : operands)
      calls.push_back({name, {Value::i64(a), Value::i64(b), Value::i64(c)}});
  };
  // The 8 bytes at 40 of a memory.
  auto look = [&](Code &code, uint32_t memory) {
    memory == 2 ? code.i64(35) : code.i32(35);
    code.op(Opcode::I64Load);
    argument(code, memory, 5);
    code.end();
  };
  for (uint32_t to = 0; to < 3; ++to) {
    bool wide = to == 2;
    Code size = Code().op(Opcode::MemorySize, to);
    add(fmt::format("size{}", to),
        wide ? size.end() : size.op(Opcode::I64ExtendI32U).end(), {{}});
    Code fill;
    number(fill, 0, wide);
    number(fill, 1, false);
    number(fill, 2, wide);
    look(fill.op(Opcode::MemoryFill, to), to);
    add(fmt::format("fill{}", to), fill,
        {{38, 0x155, 5},
         {65536, 0, 0},
         {65537, 0, 0},
         {65530, 1, 7},
         {UINT64_MAX, 1, 1},
         {2, 3, UINT64_MAX}});
    Code init;
    number(init, 0, wide);
    number(init, 1, false);
    number(init, 2, false);
    look(init.op(Opcode::MemoryInit, 2u, to), to);
    add(fmt::format("init{}", to), init,
        {{40, 3, 7},
         {65536, 26, 0},
         {65536, 27, 0},
         {40, 20, 7},
         {UINT64_MAX, 0, 1}});
    for (uint32_t from = 0; from < 3; ++from) {
      if (wide != (from == 2))
        continue; // node 22 has the proposal without it: store_test.cpp
      Code copy;
      number(copy, 0, wide);
      number(copy, 1, from == 2);
      number(copy, 2, wide && from == 2);
      look(copy.op(Opcode::MemoryCopy, to, from), to);
      add(fmt::format("copy{}{}", to, from), copy,
          {{40, 10, 8},
           {42, 38, 20},
           {38, 42, 20},
           {65530, 0, 7},
           {0, 65530, 7},
           {65536, 65536, 0},
           {65537, 0, 0},
           {UINT64_MAX, 0, 2},
           {0, UINT64_MAX, 2},
           {1, 1, UINT64_MAX}});
    }
  }
  for (uint32_t to = 1; to < 3; ++to) { // node's memory 0 has no maximum
    Code grow;
    number(grow, 0, to == 2);
    grow.op(Opcode::MemoryGrow, to);
    if (to == 1)
      grow.op(Opcode::I64ExtendI32U);
    add(fmt::format("grow{}", to), grow.end(),
        {{1, 0, 0}, {0, 0, 0}, {2, 0, 0}, {UINT64_MAX, 0, 0}, {1, 0, 0}});
  }
  test::compareWithNode(node, module.bytes(), calls, {}, flags);
}

} // namespace
} // namespace rune::engine
