// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compile/passes/pipeline.h"

#include "graph/verify.h"

namespace rune::compile {

namespace {

constexpr Pass all[] = {
#define RUNE_PASS(function, name, text) {name, text, function},
#include "compile/passes/passes.def"
#undef RUNE_PASS
};

std::string names() {
  std::string text;
  for (const Pass &pass : all)
    text += fmt::format("{}`{}`", text.empty() ? "" : ", ", pass.name);
  return text;
}

Result<graph::Graph> runOne(const Pass &pass, graph::Graph graph) {
  auto made = pass.run(std::move(graph));
  auto good = made ? graph::verify(*made) : Result<>(made.error());
  if (!good)
    return error("compile.internal", "the pass `{}` broke the graph: {}",
                 pass.name, good.error().message);
  return made;
}

} // namespace

std::span<const Pass> passes() { return all; }

const Pass *passNamed(std::string_view name) {
  for (const Pass &pass : all)
    if (pass.name == name)
      return &pass;
  return nullptr;
}

Result<graph::Graph> runPasses(graph::Graph graph, const PassOptions &options) {
  for (const std::string &name : {options.stopAfter, options.only})
    if (!name.empty() && !passNamed(name))
      return error("compile.unknown-pass", "no pass is called `{}`", name)
          .withHelp("the passes are " + names());
  for (const Pass &pass : all) {
    if (!options.only.empty() && pass.name != options.only)
      continue;
    if (options.stop && options.stop->load(std::memory_order_relaxed))
      return error("compile.stopped", "compiling was stopped");
    if (!options.exact || pass.run != foldQuantisation)
      graph = RUNE_TRY(runOne(pass, std::move(graph)));
    if (options.after)
      options.after(pass, graph);
    if (pass.name == options.stopAfter)
      break;
  }
  return graph;
}

} // namespace rune::compile
