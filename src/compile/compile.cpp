// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compile/compile.h"

#include "compile/arena.h"
#include "compile/calls.h"
#include "compile/emit.h"
#include "compile/merge_alike.h"
#include "compile/module.h"
#include "compile/passes/pipeline.h"
#include "compile/pieces.h"
#include "compile/prepack.h"
#include "machine/llvm/link_blob.h"

#include <llvm/IR/DiagnosticInfo.h>

#include <algorithm>

namespace rune::compile {

namespace {

constexpr uint64_t mostArena = uint64_t{1} << 40;

using graph::noValue;
using graph::ValueId;

std::vector<Step> stepsOf(const graph::Graph &graph,
                          const std::set<std::string> &kernels) {
  std::vector<Step> steps;
  for (uint32_t i = 0; i < graph.nodes.size(); ++i) {
    bool compiled = isCompiled(graph, graph.nodes[i], kernels);
    if (steps.empty() || steps.back().entry.has_value() != compiled)
      steps.push_back(
          {i, i, compiled ? std::optional<uint32_t>(0) : std::nullopt});
    steps.back().lastNode = i + 1;
  }
  return steps;
}

/// Where all values stand, and the arena.
class Places {
public:
  Places(const Groups &groups, const Parts &parts, uint64_t scratch,
         Program &program)
      : graph_(program.graph), groups_(groups), parts_(parts),
        scratch_(scratch), program_(program) {
    program.places.resize(graph_.values.size());
    for (size_t i = 0; i < graph_.inputs.size(); ++i)
      program.places[graph_.inputs[i]] = {Place::Input, i};
    for (size_t i = 0; i < graph_.variables.size(); ++i)
      program.places[graph_.variables[i].input] = {Place::State, i};
    for (size_t i = 0; i < graph_.values.size(); ++i)
      if (graph_.values[i].constant)
        program.places[i] = {Place::Constant, *graph_.values[i].constant};
  }

  Result<> plan() {
    std::vector<ValueId> values;
    std::vector<Lifetime> lifetimes;
    auto end = static_cast<uint32_t>(graph_.nodes.size());
    std::vector<uint32_t> first(graph_.values.size(), end);
    std::vector<uint32_t> last(graph_.values.size(), 0);
    // what lies in a value lives with it
    auto extend = [&](ValueId id, uint32_t at) {
      if (id == noValue)
        return;
      id = parts_.of(id).whole;
      first[id] = std::min(first[id], at);
      last[id] = std::max(last[id], at);
    };
    for (uint32_t i = 0; i < end; ++i)
      for (const auto *ids :
           {&graph_.nodes[i].inputs, &graph_.nodes[i].outputs})
        for (ValueId id : *ids)
          extend(id, runsAt(i));
    for (ValueId id : graph_.outputs)
      last[id] = end;
    for (const graph::Variable &variable : graph_.variables)
      last[variable.output] = end;
    for (const Step &step : program_.steps) {
      if (!step.entry)
        continue;
      for (uint32_t i = step.firstNode; i < step.lastNode; ++i) {
        if (groups_.isInside(i))
          continue;
        for (ValueId id : graph_.nodes[i].outputs) {
          if (id == noValue || parts_.isInside(id))
            continue;
          values.push_back(id);
          lifetimes.push_back(
              {valueBytes(graph_.values[id]), first[id], last[id]});
        }
      }
    }
    values.push_back(noValue);
    lifetimes.push_back({scratch_, 0, end});
    ArenaPlan plan = planArena(lifetimes);
    if (plan.bytes > mostArena)
      return error("compile.too-large", "the graph needs {} bytes of memory",
                   plan.bytes);
    program_.arenaBytes = plan.bytes;
    for (size_t i = 0; i + 1 < values.size(); ++i)
      program_.places[values[i]] = {Place::Arena, plan.offsets[i]};
    program_.scratchAt = plan.offsets.back();
    return {};
  }

private:
  /// The node at whose place another one runs.
  uint32_t runsAt(uint32_t node) const {
    uint32_t group = groups_.of[node];
    return group == Groups::none ? node : groups_.all[group].last();
  }

  const graph::Graph &graph_;
  const Groups &groups_;
  const Parts &parts_;
  uint64_t scratch_;
  Program &program_;
};

} // namespace

Packed Packed::of(ByteSpan bytes) {
  auto tensor =
      Tensor::zeros(DType::U8, {static_cast<int64_t>(bytes.size())}, mostArena);
  RUNE_CHECK(tensor.ok(), "weights have less bytes than arenas may have");
  std::ranges::copy(bytes, tensor->bytes().begin());
  auto owner = std::make_shared<Tensor>(std::move(tensor).value());
  return {owner->bytes(), owner};
}

std::string regionName(size_t step) {
  return fmt::format("rune_region_{}", step);
}

Result<> checkStopped(const Options &options) {
  if (options.stop && options.stop->load(std::memory_order_relaxed))
    return error("compile.stopped", "compiling was stopped");
  return {};
}

/// Passes, and what placing values costs, which grows with the square of their
/// number.
static Result<> checkCount(const graph::Graph &graph) {
  constexpr size_t mostNodes = size_t{1} << 16;
  if (graph.nodes.size() <= mostNodes)
    return {};
  return error("compile.too-large",
               "the graph has {} nodes, at most {} are compiled",
               graph.nodes.size(), mostNodes);
}

/// Requantisation in floats, whose tables stand behind the weights.
static void addSteps(const graph::Graph &graph, machine::Target target,
                     Group &group, Bytes &weights) {
  group.steps = floatStepsOf(graph, group, target);
  group.byteSteps = byteStepsOf(graph, group, target);
  if (!group.steps)
    return;
  weights.resize(alignTo(weights.size(), 64));
  group.steps->at = weights.size();
  std::ranges::copy(group.steps->bytes(), std::back_inserter(weights));
}

Result<ProgramModule> makeModule(graph::Graph taken, const Options &options) {
  ProgramModule made;
  made.context = std::make_unique<llvm::LLVMContext>();
  // what passes think of loops is not for stderr
  made.context->setDiagnosticHandlerCallBack(
      [](const llvm::DiagnosticInfo *, void *) {});
  Library library = RUNE_TRY(Library::open(*made.context));
  Program &program = made.program;
  RUNE_TRY(checkCount(taken));
  PassOptions passes;
  passes.exact = options.exact;
  passes.stop = options.stop;
  program.graph = RUNE_TRY(runPasses(std::move(taken), passes));
  RUNE_TRY(checkCount(program.graph));
  const graph::Graph &graph = program.graph;
  program.target = options.target;
  program.steps = stepsOf(graph, library.functions());
  const std::set<std::string> fast =
      options.fast ? library.functions() : std::set<std::string>{};
  Groups groups = findGroups(graph, fast, options.target);
  Parts parts = findParts(graph, groups, fast);
  if (options.stepForEachCall)
    program.steps = splitSteps(program.steps, groups);
  uint64_t scratch = 0;
  std::vector<std::optional<uint32_t>> packed(groups.all.size());
  for (size_t i = 0; i < groups.all.size(); ++i) {
    Group &group = groups.all[i];
    Scratch needed = scratchOf(graph, group, options.target);
    scratch =
        std::max(scratch, needed.shared + needed.worker * options.workers);
    if (!isPacked(group.kind)) {
      group.byteSteps = byteStepsOf(graph, group, options.target);
      continue;
    }
    RUNE_TRY(checkStopped(options));
    packed[i] = static_cast<uint32_t>(program.packed.size());
    Bytes weights = packWeights(graph, group, options.target);
    addSteps(graph, options.target, group, weights);
    program.packed.push_back(Packed::of(weights));
  }
  for (const Step &step : program.steps)
    for (uint32_t i = step.firstNode; step.entry && i < step.lastNode; ++i)
      if (groups.of[i] == Groups::none && !parts.isMoved(i))
        scratch = std::max(scratch, kernelScratch(graph, graph.nodes[i]));
  RUNE_TRY(Places(groups, parts, scratch, program).plan());
  program.calls = callsOf(program.steps, groups, parts, packed);
  auto isRegion = [](const Step &step) { return step.entry.has_value(); };
  if (std::ranges::none_of(program.steps, isRegion))
    return made;

  made.machine = RUNE_TRY(machine::makeTargetMachine(
      options.target, llvm::CodeGenOptLevel::Default));
  made.module = std::make_unique<llvm::Module>("model", *made.context);
  // narrow_pointers.h takes it from there
  made.module->setDataLayout(options.target.family == machine::Family::Wasm32
                                 ? library.layout()
                                 : made.machine->createDataLayout());
  made.module->setTargetTriple(made.machine->getTargetTriple());
  RegionEmitter emitter(graph, groups, parts, packed, options.target,
                        *made.module);
  for (size_t i = 0; i < program.steps.size(); ++i)
    if (const Step &step = program.steps[i]; step.entry)
      emitter.emit(regionName(i), step.firstNode, step.lastNode);
  for (const Call &call : program.calls)
    made.functions.push_back(emitter.functionsOf(call.nodes.back()));
  std::map<std::string, std::string> instead = mergeAlike(*made.module);
  for (std::vector<std::string> &names : made.functions)
    for (std::string &name : names)
      if (auto other = instead.find(name); other != instead.end())
        name = other->second;
  RUNE_TRY(checkStopped(options));
  RUNE_TRY(library.linkInto(*made.module));
  // else vectors of AVX-512 are cut in two
  for (llvm::Function &function : *made.module)
    if (!function.isDeclaration())
      function.addFnAttr("prefer-vector-width",
                         std::to_string(8 * vectorBytes(options.target)));
  return made;
}

Result<Program> compile(graph::Graph graph, const Options &options) {
  if (options.target.family == machine::Family::Wasm32)
    return error("compile.only-ahead", "code for wasm32 is made ahead of time, "
                                       "as an object or a module");
  ProgramModule made = RUNE_TRY(makeModule(std::move(graph), options));
  Program &program = made.program;
  if (!made.module)
    return std::move(program);
  findCode(made);
  std::vector<machine::ObjectBytes> objects =
      RUNE_TRY(makeObjects(made, options));
  forgetUnread(made);
  machine::Blob blob =
      RUNE_TRY(machine::linkBlob(objects, options.target.family));
  for (size_t i = 0; i < program.steps.size(); ++i)
    if (program.steps[i].entry)
      program.steps[i].entry = blob.symbols.at(regionName(i));
  for (Call &call : program.calls) {
    std::map<std::string, uint32_t> reached;
    reached.swap(call.code);
    // others were inlined
    for (const auto &[name, none] : reached)
      if (auto size = blob.sizes.find(name); size != blob.sizes.end())
        call.code.insert(*size);
  }
  program.code = std::move(blob.code);
  program.symbols = std::move(blob.symbols);
  return std::move(program);
}

} // namespace rune::compile
