// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "engine/llvm/survey.h"

namespace rune::engine::llvm_tier {

namespace {

using wasm::Opcode;

Diagnostic tooMuch(uint32_t function, std::string_view what, uint64_t seen,
                   uint64_t most) {
  return error("engine.compile-limit",
               "function {} has {} {}, machine code is made for at most {}",
               function, seen, what, most);
}

Result<> checkSize(const wasm::FunctionBody &body, uint32_t function,
                   const native::CompileLimits &limits) {
  if (body.code.size() > limits.bodyBytes)
    return tooMuch(function, "bytes of code", body.code.size(),
                   limits.bodyBytes);
  uint64_t locals = 0;
  for (const wasm::LocalRun &run : body.locals)
    locals += run.count;
  if (locals > limits.locals)
    return tooMuch(function, "locals", locals, limits.locals);
  return {};
}

void note(const wasm::Instruction &instruction, ModuleSurvey &module,
          FunctionSurvey &function) {
  switch (instruction.opcode) {
  case Opcode::ReturnCall:
  case Opcode::ReturnCallIndirect:
    module.tailCalls = true;
    [[fallthrough]];
  case Opcode::Call:
  case Opcode::CallIndirect:
    function.calls = true;
    break;
  case Opcode::Loop:
    function.loops = true;
    break;
  case Opcode::TableGrow:
    module.tableMoves[instruction.index] = true;
    break;
  default:
    break;
  }
}

Result<FunctionSurvey> surveyBody(const wasm::FunctionBody &body,
                                  ModuleSurvey &module) {
  FunctionSurvey function;
  wasm::Reader reader(body.code, nullptr, body.offset, true);
  wasm::Instruction instruction;
  while (!reader.atEnd()) {
    RUNE_TRY(wasm::readInstruction(reader, instruction));
    note(instruction, module, function);
  }
  return function;
}

void noteSharedTables(const wasm::Module &module, ModuleSurvey &result) {
  result.tableMoves.resize(module.tables.size());
  for (uint32_t i = 0; i < module.importedTables; ++i)
    result.tableMoves[i] = true;
  for (const wasm::Export &each : module.exports)
    if (each.kind == wasm::ExternKind::Table)
      result.tableMoves[each.index] = true;
}

} // namespace

Result<ModuleSurvey> survey(const wasm::Module &module,
                            const native::CompileLimits &limits) {
  ModuleSurvey result;
  noteSharedTables(module, result);
  uint64_t bytes = 0;
  for (uint32_t i = 0; i < module.bodies.size(); ++i) {
    const wasm::FunctionBody &body = module.bodies[i];
    uint32_t index = module.importedFunctions + i;
    RUNE_TRY(checkSize(body, index, limits));
    bytes += body.code.size();
    result.functions.push_back(RUNE_TRY(surveyBody(body, result)));
  }
  if (bytes > limits.moduleBytes)
    return error("engine.compile-limit",
                 "the module has {} bytes of code, machine code is made for at "
                 "most {}",
                 bytes, limits.moduleBytes);
  return result;
}

} // namespace rune::engine::llvm_tier
