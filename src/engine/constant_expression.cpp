// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "engine/constant_expression.h"

#include "wasm/instruction.h"

#include <bit>

namespace rune::engine {

/// The two top operands, combined; wraps at the instruction's width.
static uint64_t combine(wasm::Opcode opcode, uint64_t a, uint64_t b) {
  switch (opcode) {
  case wasm::Opcode::I32Add:
    return static_cast<uint32_t>(a + b);
  case wasm::Opcode::I32Sub:
    return static_cast<uint32_t>(a - b);
  case wasm::Opcode::I32Mul:
    return static_cast<uint32_t>(a * b);
  case wasm::Opcode::I64Add:
    return a + b;
  case wasm::Opcode::I64Sub:
    return a - b;
  default:
    return a * b;
  }
}

Value evaluateConstant(const wasm::Module &module,
                       const wasm::ConstantExpression &expression,
                       const ConstantSpaces &spaces) {
  wasm::Reader reader(expression.code, nullptr, expression.offset, true);
  reader.setFeatures(module.features);
  wasm::Instruction instruction;
  std::vector<Value> stack;
  while (!reader.atEnd()) {
    auto read = wasm::readInstruction(reader, instruction);
    RUNE_CHECK(read.ok(), "the module was validated");
    switch (instruction.opcode) {
    case wasm::Opcode::End:
      break;
    case wasm::Opcode::RefNull:
      stack.push_back({});
      break;
    case wasm::Opcode::RefFunc:
      stack.push_back(spaces.function(instruction.index));
      break;
    case wasm::Opcode::GlobalGet:
      stack.push_back(spaces.global(instruction.index));
      break;
    case wasm::Opcode::V128Const:
      stack.push_back(std::bit_cast<Value>(instruction.bytes));
      break;
    case wasm::Opcode::I32Const:
    case wasm::Opcode::I64Const:
    case wasm::Opcode::F32Const:
    case wasm::Opcode::F64Const:
      stack.push_back({instruction.bits});
      break;
    default: {
      Value b = stack.back();
      stack.pop_back();
      stack.back() = {combine(instruction.opcode, stack.back().bits, b.bits)};
    }
    }
  }
  return stack.back();
}

} // namespace rune::engine
