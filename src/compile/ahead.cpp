// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compile/ahead.h"

#include "compile/arena.h"
#include "compile/c_header.h"
#include "compile/module.h"
#include "compile/narrow_pointers.h"
#include "compile/object.h"
#include "compile/regions.h"
#include "compile/run_function.h"
#include "compile/shared_library.h"
#include "compile/wasm_module.h"

#include <llvm/Support/raw_ostream.h>

#include <algorithm>

namespace rune::compile {

namespace {

bool isIdentifier(std::string_view name) {
  auto isLetter = [](char c) {
    return c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  };
  auto isDigit = [](char c) { return c >= '0' && c <= '9'; };
  return !name.empty() && isLetter(name[0]) &&
         std::ranges::all_of(name,
                             [&](char c) { return isLetter(c) || isDigit(c); });
}

Result<> checkCompiled(const Program &program) {
  for (const Step &step : program.steps)
    if (!step.entry) {
      const graph::Node &node = program.graph.nodes[step.firstNode];
      return error("compile.needs-interpreter",
                   "`{}`, a {}, cannot be compiled ahead of time: it is "
                   "interpreted",
                   node.name, graph::opName(node.op));
    }
  return {};
}

bool isWasm(const AheadOptions &options) {
  return options.target.family == machine::Family::Wasm32;
}

/// Distances between addresses of 32 bits are signed.
Result<> checkSize(const Program &program) {
  constexpr uint64_t most = INT32_MAX;
  uint64_t bytes = arenaLayoutOf(program).bytes;
  for (const auto *ids : {&program.graph.inputs, &program.graph.outputs})
    for (graph::ValueId id : *ids)
      bytes = std::max(bytes, valueBytes(program.graph.values[id]));
  if (bytes <= most)
    return {};
  return error("compile.too-large",
               "the model needs {} bytes in one piece, wasm32 has at most {}",
               bytes, most);
}

Result<ProgramModule> makeWhole(graph::Graph graph,
                                const AheadOptions &options) {
  if (!isIdentifier(options.name))
    return error("compile.bad-name", "`{}` is no name for C", options.name)
        .withHelp("letters, digits and `_`, not a digit first");
  AheadOptions alone = options;
  alone.workers = 1;
  ProgramModule made = RUNE_TRY(makeModule(std::move(graph), alone));
  RUNE_TRY(checkCompiled(made.program));
  if (!made.module)
    return error("compile.nothing", "the model computes nothing");
  if (isWasm(options))
    RUNE_TRY(checkSize(made.program));
  RUNE_TRY(addRunFunction(made, options.name));
  if (isWasm(options))
    RUNE_TRY(narrowPointers(*made.module, made.machine->createDataLayout()));
  return made;
}

Bytes bytesOf(std::string_view text) {
  ByteSpan span = asBytes(text);
  return {span.begin(), span.end()};
}

Result<Bytes> codeOf(ProgramModule &made, const Options &options,
                     llvm::CodeGenFileType type) {
  auto code = RUNE_TRY(makeObject(*made.module, *made.machine, options, type));
  return Bytes(code.begin(), code.end());
}

std::vector<std::string> functionsOf(const Program &program,
                                     const std::string &name) {
  std::vector<std::string> names = {name + "_run"};
  if (!program.graph.variables.empty())
    names.push_back(name + "_reset");
  return names;
}

/// What the header says, for hosts that read none.
WasmExports wasmExports(const Program &program, const std::string &name) {
  // frames of kernels, and the table of all values (run_function.cpp)
  constexpr uint64_t frames = 256 << 10, entry = 16;
  WasmExports exports;
  exports.functions = functionsOf(program, name);
  exports.stackBytes =
      frames + entry * (program.places.size() + program.packed.size());
  auto number = [&](const std::string &suffix, uint64_t value) {
    exports.numbers.emplace_back(name + suffix, static_cast<uint32_t>(value));
  };
  number("_arena_bytes", arenaLayoutOf(program).bytes);
  const graph::Graph &graph = program.graph;
  for (size_t i = 0; i < graph.inputs.size(); ++i)
    number(fmt::format("_input_{}_bytes", i),
           valueBytes(graph.values[graph.inputs[i]]));
  for (size_t i = 0; i < graph.outputs.size(); ++i)
    number(fmt::format("_output_{}_bytes", i),
           valueBytes(graph.values[graph.outputs[i]]));
  return exports;
}

ByteSpan spanOf(const machine::ObjectBytes &bytes) {
  return {reinterpret_cast<const uint8_t *>(bytes.data()), bytes.size()};
}

} // namespace

Result<Bytes> compileAhead(graph::Graph graph, const AheadOptions &options,
                           Emit emit) {
  ProgramModule made = RUNE_TRY(makeWhole(std::move(graph), options));
  if (emit == Emit::Header)
    return bytesOf(cHeader(made.program, options.name));
  if (emit != Emit::Llvm)
    return codeOf(made, options,
                  emit == Emit::Assembly ? llvm::CodeGenFileType::AssemblyFile
                                         : llvm::CodeGenFileType::ObjectFile);
  RUNE_TRY(optimise(*made.module, *made.machine, options));
  std::string text;
  llvm::raw_string_ostream out(text);
  made.module->print(out, nullptr);
  return bytesOf(text);
}

Result<AheadFiles> compileFiles(graph::Graph graph, const AheadOptions &options,
                                Form form, const std::string &soname) {
  if (form != Form::Object && isWasm(options) != (form == Form::WasmModule))
    return error("compile.wrong-form", "there are no {} for {}",
                 form == Form::WasmModule ? "modules" : "shared libraries",
                 options.target.str())
        .withHelp(isWasm(options) ? "`--emit wasm` makes a module"
                                  : "`--target wasm32` has modules");
  ProgramModule made = RUNE_TRY(makeWhole(std::move(graph), options));
  AheadFiles files;
  files.header = cHeader(made.program, options.name);
  auto object = RUNE_TRY(makeObject(*made.module, *made.machine, options));
  if (form == Form::SharedLibrary)
    files.code = RUNE_TRY(
        sharedLibraryOf(std::move(object), options.target,
                        functionsOf(made.program, options.name), soname));
  else if (form == Form::WasmModule)
    files.code = RUNE_TRY(
        wasmModuleOf(spanOf(object), wasmExports(made.program, options.name)));
  else
    files.code.assign(object.begin(), object.end());
  return files;
}

} // namespace rune::compile
