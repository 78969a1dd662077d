// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "device/cpu/cpu_model.h"

#include "device/cpu/alarm.h"
#include "graph/ops.h"
#include "graph/specialise.h"

#include <algorithm>

namespace rune::device {

Result<Sizes> CpuModel::sizesOf(const graph::Items &inputs) const {
  if (inputs.size() != graph_.inputs.size())
    return error("evaluate.input-mismatch", "needs {} inputs, got {}",
                 graph_.inputs.size(), inputs.size());
  Sizes sizes(inputs.size());
  for (size_t i = 0; i < inputs.size(); ++i) {
    const graph::Value &value = graph_.values[graph_.inputs[i]];
    if (inputs[i].form != value.type.form ||
        inputs[i].dtype != value.type.dtype)
      return error("evaluate.input-mismatch", "input `{}` needs {}, got {}",
                   value.name, value.type.str(), inputs[i].str());
    if (inputs[i].tensor)
      sizes[i].assign(inputs[i].view().sizes.begin(),
                      inputs[i].view().sizes.end());
  }
  return sizes;
}

Result<compile::Program>
CpuModel::compiledFor(const Sizes &sizes,
                      const graph::EvaluateLimits &limits) const {
  graph::Graph graph = RUNE_TRY(graph::specialise(graph_, sizes));
  if (!limits.deadline)
    return compile::compile(std::move(graph), options_);
  Alarm alarm(limits.deadline);
  compile::Options options = options_;
  options.stop = alarm.stop();
  auto program = compile::compile(std::move(graph), options);
  if (!program && program.error().code == "compile.stopped")
    return error("evaluate.deadline",
                 "the deadline passed while the model was compiled");
  return program;
}

Result<compile::Program>
CpuModel::programFor(const Sizes &sizes,
                     const graph::EvaluateLimits &limits) const {
  Sha256 key;
  if (keeping_.cache) {
    key = keeping_.cache->keyOf(keeping_.model, sizes, options_);
    if (auto found = keeping_.cache->find(key, constants_))
      return std::move(*found);
  }
  auto program = RUNE_TRY(compiledFor(sizes, limits));
  if (keeping_.cache) {
    auto kept = keeping_.cache->keep(key, program, constants_);
    if (!kept && keeping_.note)
      keeping_.note(kept.error());
  }
  return program;
}

/// Says how many layers run in integers that the model has in floats.
void CpuModel::noteIntegers(const graph::Graph &compiled) const {
  auto products = [](const graph::Graph &graph) {
    return std::ranges::count_if(graph.nodes, [](const graph::Node &node) {
      return node.op == graph::Op::ConvInteger ||
             node.op == graph::Op::MatMulInteger;
    });
  };
  auto made = products(compiled) - products(graph_);
  if (made <= 0 || !keeping_.note)
    return;
  Diagnostic what =
      error("compile.in-integers",
            "{} quantised {} in integers, which may differ from the model's "
            "floats by one step each",
            made, made == 1 ? "layer runs" : "layers run")
          .withHelp("`--exact` keeps the floats");
  what.severity = Severity::Note;
  keeping_.note(what);
}

Result<CpuRun *> CpuModel::prepare(const Sizes &sizes,
                                   const graph::EvaluateLimits &limits) {
  if (auto found = runs_.find(sizes); found != runs_.end())
    return found->second.get();
  auto program = RUNE_TRY(programFor(sizes, limits));
  RUNE_TRY(checkMemory(program, limits));
  noteIntegers(program.graph);
  auto run = RUNE_TRY(CpuRun::of(std::move(program), pool_));
  return (runs_[sizes] = std::move(run)).get();
}

Result<> CpuModel::give(compile::Program program) {
  Sizes sizes;
  for (graph::ValueId id : program.graph.inputs)
    sizes.push_back(program.graph.values[id].type.sizes());
  runs_[sizes] = RUNE_TRY(CpuRun::of(std::move(program), pool_));
  return {};
}

Result<graph::Items> CpuModel::run(graph::Items inputs,
                                   const graph::EvaluateLimits &limits) {
  CpuRun *run = RUNE_TRY(prepare(RUNE_TRY(sizesOf(inputs)), limits));
  return run->run(std::move(inputs), limits, state_);
}

} // namespace rune::device
