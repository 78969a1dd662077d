// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the module defines itself: functions, tables, memories, globals and
// function bodies (core 2.0, sections 5.5.6 to 5.5.9 and 5.5.13).
#include "wasm/limits.h"
#include "wasm/sections.h"

namespace rune::wasm {

Result<> decodeFunctions(Reader &reader, Module &module) {
  uint32_t count = RUNE_TRY(reader.count(limits::functions, "functions"));
  for (uint32_t i = 0; i < count; ++i)
    module.functions.push_back(RUNE_TRY(reader.u32()));
  return {};
}

/// source  3.0, section 5.5.7: 0x40 0x00, the type, the initial element
static Result<Table> readTable(Reader &reader) {
  if (!reader.features().tableInitializers || RUNE_TRY(reader.peek()) != 0x40)
    return Table{RUNE_TRY(readTableType(reader)), {}};
  RUNE_TRY(reader.byte());
  Location at = reader.here();
  if (RUNE_TRY(reader.byte()) != 0)
    return error("wasm.malformed", "zero byte expected").at(at);
  TableType type = RUNE_TRY(readTableType(reader));
  return Table{type, RUNE_TRY(readConstantExpression(reader))};
}

Result<> decodeTables(Reader &reader, Module &module) {
  uint32_t count = RUNE_TRY(reader.count(limits::tables, "tables"));
  for (uint32_t i = 0; i < count; ++i)
    module.tables.push_back(RUNE_TRY(readTable(reader)));
  return {};
}

Result<> decodeMemories(Reader &reader, Module &module) {
  uint32_t count = RUNE_TRY(reader.u32());
  RUNE_TRY(checkCount(reader, count, limits::memories, "memories"));
  for (uint32_t i = 0; i < count; ++i)
    module.memories.push_back(RUNE_TRY(readMemoryType(reader)));
  return {};
}

Result<> decodeGlobals(Reader &reader, Module &module) {
  uint32_t count = RUNE_TRY(reader.count(limits::globals, "globals"));
  for (uint32_t i = 0; i < count; ++i) {
    Global global;
    global.type = RUNE_TRY(readGlobalType(reader));
    global.initial = RUNE_TRY(readConstantExpression(reader));
    module.globals.push_back(global);
  }
  return {};
}

Result<ConstantExpression> readConstantExpression(Reader &reader) {
  uint64_t begin = reader.offset();
  uint64_t open = 1;
  Instruction instruction;
  while (open > 0) {
    RUNE_TRY(readInstruction(reader, instruction));
    if (instruction.info->immediates == Immediates::Block)
      ++open;
    else if (instruction.opcode == Opcode::End)
      --open;
  }
  return ConstantExpression{reader.since(begin), begin};
}

/// source  5.5.13: the sum of all runs is below 2^32
static Result<std::vector<LocalRun>> readLocals(Reader &reader) {
  Location at = reader.here();
  uint32_t runs = RUNE_TRY(reader.count(limits::bodyBytes, "runs of locals"));
  std::vector<LocalRun> locals;
  uint64_t total = 0;
  for (uint32_t i = 0; i < runs; ++i) {
    uint32_t count = RUNE_TRY(reader.u32());
    ValueType type = RUNE_TRY(readValueType(reader));
    total += count;
    if (count > 0)
      locals.push_back({count, type});
  }
  if (total > UINT32_MAX)
    return error("wasm.malformed", "too many locals").at(at);
  if (total > limits::locals)
    return error("wasm.limit", "too many locals: {}, at most {} are allowed",
                 total, limits::locals)
        .at(at);
  return locals;
}

static Result<FunctionBody> readBody(Reader &reader) {
  Location at = reader.here();
  Reader part = RUNE_TRY(reader.part());
  if (part.remaining() > limits::bodyBytes)
    return error("wasm.limit",
                 "function body of {} bytes, at most {} are allowed",
                 part.remaining(), limits::bodyBytes)
        .at(at);
  FunctionBody body;
  body.locals = RUNE_TRY(readLocals(part));
  body.offset = part.offset();
  body.code = RUNE_TRY(part.take(part.remaining()));
  return body;
}

Result<> decodeCode(Reader &reader, Module &module) {
  Location at = reader.here();
  uint32_t count = RUNE_TRY(reader.count(limits::functions, "function bodies"));
  if (count != module.functions.size() - module.importedFunctions)
    return error("wasm.malformed",
                 "function and code section have inconsistent lengths: {} "
                 "functions, {} bodies",
                 module.functions.size() - module.importedFunctions, count)
        .at(at);
  for (uint32_t i = 0; i < count; ++i)
    module.bodies.push_back(RUNE_TRY(readBody(reader)));
  return {};
}

} // namespace rune::wasm
