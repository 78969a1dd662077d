// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What a test runs here as a case for another processor: code made for it ahead
// of time, the inputs, and the results of this processor, which the test
// judges. tests/emulate joins such cases to a program and runs it in an
// emulator.
#pragma once

#include "base/files.h"
#include "compile/ahead.h"
#include "graph/ops.h"

#include <cstdlib>
#include <filesystem>

namespace rune::device {

/// The case's data as assembly; one record of program.c's `struct Case`.
inline std::string caseText(const graph::Graph &graph, const std::string &name,
                            uint64_t arenaBytes,
                            std::span<const TensorView> inputs,
                            const graph::Items &results) {
  std::string ops;
  for (const graph::Node &node : graph.nodes)
    ops += " " + std::string(graph::opName(node.op));
  auto section = [](bool writable) {
    return writable ? std::string(".section .data\n")
                    : std::string(".section .rodata\n");
  };
  std::string text = section(false) + ".p2align 6\n";
  auto bytes = [&](const std::string &label, ByteSpan data) {
    text += ".p2align 6\n" + label + ":";
    for (size_t i = 0; i < data.size(); ++i)
      text += fmt::format("{}{}", i % 32 == 0 ? "\n.byte " : ",", data[i]);
    text += "\n";
  };
  std::string in, out;
  for (size_t i = 0; i < inputs.size(); ++i) {
    std::string label = fmt::format(".Lin{}", i);
    bytes(label, inputs[i].data);
    in += ".quad " + label + "\n";
  }
  for (size_t i = 0; i < results.size(); ++i) {
    std::string label = fmt::format(".Lout{}", i);
    TensorView view = results[i].view();
    bytes(label, view.data);
    int kind = view.dtype == DType::F32 ? 1 : view.dtype == DType::F64 ? 2 : 0;
    out += fmt::format(".quad {}, {}, {}\n", label, view.data.size(), kind);
  }
  text += fmt::format(".Lname: .asciz \"{}:{}\"\n", name, ops);
  text += section(true) + ".p2align 3\n.Linputs:\n" + in + ".Loutputs:\n" + out;
  text +=
      fmt::format(".section cases,\"aw\"\n.p2align 3\n.quad .Lname, {}_run, "
                  "{}, .Linputs, {}, .Loutputs, {}\n",
                  name, inputs.size(), results.size(), arenaBytes);
  return text;
}

/// Writes it to the folder RUNE_CASES for the target RUNE_CASES_TARGET. Nothing
/// without them, and of graphs that are not compiled as a whole.
inline Result<> writeCase(const graph::Graph &graph,
                          const compile::Options &options,
                          std::span<const TensorView> inputs,
                          const graph::Items &results) {
  const char *folder = std::getenv("RUNE_CASES");
  const char *target = std::getenv("RUNE_CASES_TARGET");
  if (!folder || !target || !options.fast)
    return {};
  namespace fs = std::filesystem;
  size_t number = 0;
  for (const auto &entry : fs::directory_iterator(folder))
    number += entry.path().extension() == ".o" ? 1 : 0;
  compile::AheadOptions how;
  how.target = RUNE_TRY(machine::parseTarget(target));
  how.exact = options.exact;
  how.name = fmt::format("case_{}", number);
  auto files = compile::compileFiles(graph, how, compile::Form::Object);
  if (!files && (files.error().code == "compile.needs-interpreter" ||
                 files.error().code == "compile.nothing"))
    return {};
  if (!files)
    return std::move(files).error();
  size_t at = files->header.find("_ARENA_BYTES ");
  uint64_t arena = std::strtoull(
      files->header.c_str() + at + std::strlen("_ARENA_BYTES "), nullptr, 10);
  std::string path = fmt::format("{}/{}", folder, how.name);
  RUNE_TRY(writeFileAtomically(
      path + ".s", asBytes(caseText(graph, how.name, arena, inputs, results))));
  return writeFileAtomically(path + ".o", files->code);
}

} // namespace rune::device
