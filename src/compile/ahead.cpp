// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compile/ahead.h"

#include "compile/arena.h"
#include "compile/c_header.h"
#include "compile/module.h"
#include "compile/object.h"
#include "compile/run_function.h"

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
  RUNE_TRY(addRunFunction(made, options.name));
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

Result<AheadFiles> compileObject(graph::Graph graph,
                                 const AheadOptions &options) {
  ProgramModule made = RUNE_TRY(makeWhole(std::move(graph), options));
  AheadFiles files;
  files.header = cHeader(made.program, options.name);
  files.object =
      RUNE_TRY(codeOf(made, options, llvm::CodeGenFileType::ObjectFile));
  return files;
}

} // namespace rune::compile
