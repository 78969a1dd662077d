// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compile/c_header.h"

#include "compile/arena.h"
#include "compile/regions.h"
#include "compile/run_function.h"

namespace rune::compile {

namespace {

std::string inCapitals(std::string_view name) {
  std::string text;
  for (char c : name)
    text += c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  return text;
}

/// A name of the model's, within a comment.
std::string commented(std::string_view name) {
  std::string text;
  for (char c : name)
    text += c < ' ' || c == '*' || c == '/' || c == '\\' ? '_' : c;
  return text;
}

std::string listOf(const graph::Graph &graph,
                   std::span<const graph::ValueId> ids,
                   const std::string &prefix) {
  std::string text = fmt::format("#define {}_COUNT {}\n", prefix, ids.size());
  for (size_t i = 0; i < ids.size(); ++i) {
    const graph::Value &value = graph.values[ids[i]];
    text += fmt::format("/* {}: {} */\n#define {}_{}_BYTES {}\n",
                        commented(value.name), value.type.str(), prefix, i,
                        valueBytes(value));
  }
  return text;
}

} // namespace

std::string cHeader(const Program &program, const std::string &name) {
  const graph::Graph &graph = program.graph;
  std::string capitals = inCapitals(name);
  std::string text =
      fmt::format(R"(/* Made by `rune compile` of {0}, for {1}. */
#ifndef {2}_H
#define {2}_H

#ifdef __cplusplus
extern "C" {{
#endif

/* Of all pointers that are given. */
#define {2}_ALIGNMENT {3}
#define {2}_ARENA_BYTES {4}
)",
                  commented(graph.name), program.target.str(), capitals,
                  arenaAlignment, arenaLayoutOf(program).bytes);
  text += listOf(graph, graph.inputs, capitals + "_INPUT");
  text += listOf(graph, graph.outputs, capitals + "_OUTPUT");
  text += fmt::format(R"(
/* Runs the model once. Row-major, little endian. Calls nothing; any number of
   threads may run, each with an arena of its own.
   Returns 0; {1} if a pointer is not aligned; {2} if an operator refuses its
   values. */
int {0}_run(const void *const *inputs, void *const *outputs, void *arena);
)",
                      name, runMisaligned, runRefused);
  if (!graph.variables.empty())
    text += fmt::format(R"(
/* Puts the state, which the arena keeps from run to run, to what it is at
   first. Call it before the first run. */
void {}_reset(void *arena);
)",
                        name);
  return text + "\n#ifdef __cplusplus\n}\n#endif\n#endif\n";
}

} // namespace rune::compile
