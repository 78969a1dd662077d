// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// How a linker wraps the exports of a command: `call __wasm_call_ctors`, the
// parameters, `call` of the function, perhaps `call __wasm_call_dtors`. Its
// names may be stripped, so the shape is what we look for. A block that calls
// its constructors once, behind a flag of its own, is fine: such a callee has
// more in it than calls.
//
// source  wasm-ld, "command export wrappers"
#include "container/sections.h"
#include "link/block_interface.h"

namespace rune::link {

namespace {

constexpr uint8_t opEnd = 0x0B, opCall = 0x10, opLocalGet = 0x20;

struct Instruction {
  uint8_t opcode;
  uint32_t operand;
};

/// The instructions of a body that has only calls and `local.get`; none if
/// there is anything else in it.
std::optional<std::vector<Instruction>>
simpleBody(const wasm::FunctionBody &body) {
  std::vector<Instruction> instructions;
  for (uint64_t at = 0; at < body.code.size();) {
    uint8_t opcode = body.code[at++];
    if (opcode == opEnd)
      return at == body.code.size() ? std::optional(instructions)
                                    : std::nullopt;
    auto operand = opcode == opCall || opcode == opLocalGet
                       ? container::readLeb(body.code, at)
                       : std::nullopt;
    if (!operand)
      return std::nullopt;
    instructions.push_back({opcode, *operand});
  }
  return std::nullopt;
}

bool takesAndGivesNothing(const wasm::Module &module, uint32_t function) {
  const wasm::FunctionType &type = module.functionType(function);
  return type.parameters.empty() && type.results.empty();
}

/// The constructors' function, if `function` is a wrapper around them.
std::optional<uint32_t> wrappedConstructors(const wasm::Module &module,
                                            uint32_t function) {
  if (module.isImported(function))
    return std::nullopt;
  auto body = simpleBody(module.body(function));
  size_t parameters = module.functionType(function).parameters.size();
  // constructors, parameters, function, and destructors or not
  if (!body || body->size() < parameters + 2 || body->size() > parameters + 3)
    return std::nullopt;
  for (size_t i = 0; i < body->size(); ++i) {
    bool isParameter = i >= 1 && i <= parameters;
    if ((*body)[i].opcode != (isParameter ? opLocalGet : opCall) ||
        (isParameter && (*body)[i].operand != i - 1))
      return std::nullopt;
  }
  uint32_t constructors = body->front().operand;
  if (!takesAndGivesNothing(module, constructors) ||
      module.isImported(constructors) || !simpleBody(module.body(constructors)))
    return std::nullopt;
  return constructors;
}

} // namespace

bool wrapsConstructors(const wasm::Module &module) {
  std::optional<uint32_t> common;
  size_t wrapped = 0;
  for (const BlockExport &wanted : blockExports) {
    if (!wanted.required || wanted.signature.empty())
      continue;
    auto *found = module.findExport(wasm::ExternKind::Function, wanted.legacy);
    if (!found)
      found = module.findExport(wasm::ExternKind::Function, wanted.cm32p2);
    if (!found)
      continue;
    auto constructors = wrappedConstructors(module, found->index);
    if (!constructors || (common && *common != *constructors))
      return false;
    common = constructors;
    ++wrapped;
  }
  return wrapped >= 2;
}

} // namespace rune::link
