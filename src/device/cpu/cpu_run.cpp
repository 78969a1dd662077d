// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "device/cpu/cpu_run.h"

#include "device/cpu/alarm.h"

#include <algorithm>
#include <cstring>

namespace rune::device {

namespace {

using compile::Place;
using compile::Step;
using graph::Graph;
using graph::noValue;
using graph::ValueId;

constexpr uint64_t alignment = 64;

bool isAligned(const void *data) {
  return reinterpret_cast<uintptr_t>(data) % alignment == 0;
}

/// Bytes at a multiple of the alignment within a buffer that is large enough.
uint8_t *alignedIn(std::vector<uint8_t> &buffer) {
  auto at = reinterpret_cast<uintptr_t>(buffer.data());
  return buffer.data() + (alignTo(at, alignment) - at);
}

/// What compiled code polls, and whom it gives tasks to.
struct PoolControl : compile::Control {
  Pool *pool;

  PoolControl(const int32_t *flag, Pool *threads)
      : Control{.stop = flag}, pool(threads) {
    if (!pool)
      return;
    workers = pool->workers();
    share = [](const compile::Control *control, int64_t tasks, Pool::Task task,
               void *context) {
      static_cast<const PoolControl *>(control)->pool->share(tasks, task,
                                                             context);
    };
  }
};

/// Nodes [first, last) as a graph of their own.
class Cutter {
public:
  Cutter(const Graph &graph, const Step &step) : graph_(graph), step_(step) {}

  Graph cut(std::vector<ValueId> &inputs, std::vector<ValueId> &outputs) {
    std::vector<bool> needed = neededElsewhere();
    for (uint32_t i = step_.firstNode; i < step_.lastNode; ++i) {
      graph::Node node = graph_.nodes[i];
      for (ValueId &id : node.inputs)
        if (id != noValue)
          id = valueOf(id, &inputs);
      for (ValueId &id : node.outputs)
        if (id != noValue) {
          ValueId old = id;
          id = valueOf(old, nullptr);
          if (needed[old]) {
            outputs.push_back(old);
            piece_.outputs.push_back(id);
          }
        }
      for (uint32_t &body : node.bodies) {
        piece_.bodies.push_back(graph_.bodies[body]);
        body = static_cast<uint32_t>(piece_.bodies.size() - 1);
      }
      piece_.nodes.push_back(std::move(node));
    }
    return std::move(piece_);
  }

private:
  std::vector<bool> neededElsewhere() const {
    std::vector<bool> needed(graph_.values.size());
    for (ValueId id : graph_.outputs)
      needed[id] = true;
    for (const graph::Variable &variable : graph_.variables)
      needed[variable.output] = true;
    for (uint32_t i = step_.lastNode; i < graph_.nodes.size(); ++i)
      for (ValueId id : graph_.nodes[i].inputs)
        if (id != noValue)
          needed[id] = true;
    return needed;
  }

  /// The value's id in the piece; what was not made there comes in.
  ValueId valueOf(ValueId id, std::vector<ValueId> *inputs) {
    auto [place, isNew] =
        ids_.try_emplace(id, static_cast<ValueId>(piece_.values.size()));
    if (!isNew)
      return place->second;
    graph::Value value = graph_.values[id];
    if (value.constant) {
      piece_.constants.push_back(graph_.constants[*value.constant]);
      value.constant = static_cast<uint32_t>(piece_.constants.size() - 1);
    } else if (inputs) {
      inputs->push_back(id);
      piece_.inputs.push_back(place->second);
    }
    piece_.values.push_back(std::move(value));
    return place->second;
  }

  const Graph &graph_;
  const Step &step_;
  std::map<ValueId, ValueId> ids_;
  Graph piece_;
};

} // namespace

Result<> checkMemory(const compile::Program &program,
                     const graph::EvaluateLimits &limits) {
  if (program.arenaBytes <= limits.memoryBytes)
    return {};
  return error("evaluate.memory-limit",
               "the graph needs {} bytes of memory, {} are allowed",
               program.arenaBytes, limits.memoryBytes);
}

Result<std::unique_ptr<CpuRun>> CpuRun::prepare(Graph graph,
                                                compile::Options options,
                                                std::shared_ptr<Pool> pool) {
  options.workers = pool ? pool->workers() : 1;
  return of(RUNE_TRY(compile::compile(std::move(graph), options)),
            std::move(pool));
}

Result<std::unique_ptr<CpuRun>> CpuRun::of(compile::Program program,
                                           std::shared_ptr<Pool> pool) {
  std::unique_ptr<CpuRun> run(new CpuRun(std::move(program), std::move(pool)));
  run->code_ = RUNE_TRY(machine::MappedCode::map(run->program_.code));
  RUNE_TRY(run->place());
  return run;
}

/// What stays where it is from run to run.
Result<> CpuRun::place() {
  // a place even for values of no bytes: no pointer means that there is no
  // value
  arena_ =
      RUNE_TRY(ArenaMemory::of(std::max<uint64_t>(program_.arenaBytes, 1)));
  uint8_t *arena = arena_.data();
  size_t values = graph().values.size();
  table_.assign(values + 1 + program_.packed.size(), nullptr);
  table_[values] = arena + program_.scratchAt;
  for (size_t i = 0; i < program_.packed.size(); ++i)
    table_[values + 1 + i] =
        const_cast<uint8_t *>(program_.packed[i].data.data());
  aligned_.resize(graph().values.size());
  sizes_.resize(graph().values.size());
  for (ValueId id = 0; id < graph().values.size(); ++id) {
    const Place &place = program_.places[id];
    if (place.kind != Place::Elsewhere && graph().values[id].type.isTensor())
      sizes_[id] = graph().values[id].type.sizes();
    if (place.kind == Place::Arena)
      table_[id] = arena + place.at;
    if (place.kind != Place::Constant)
      continue;
    const graph::Constant &constant = graph().constants[place.at];
    // kernels never write to their inputs
    table_[id] = const_cast<uint8_t *>(constant.data.data());
    if (!isAligned(table_[id]) && constant.dtype != DType::Utf8) {
      aligned_[id].resize(constant.data.size() + alignment);
      table_[id] = alignedIn(aligned_[id]);
      std::ranges::copy(constant.data, static_cast<uint8_t *>(table_[id]));
    }
  }
  pieces_.resize(program_.steps.size());
  for (size_t i = 0; i < pieces_.size(); ++i)
    if (!program_.steps[i].entry)
      pieces_[i].graph = Cutter(graph(), program_.steps[i])
                             .cut(pieces_[i].inputs, pieces_[i].outputs);
  return {};
}

Result<> CpuRun::bind(graph::Items inputs, graph::State &state) {
  auto take = [&](ValueId id, graph::Item item) {
    items_[id] = std::move(item);
    if (!items_[id].tensor || items_[id].dtype == DType::Utf8)
      return;
    ByteSpan data = items_[id].view().data;
    table_[id] = const_cast<uint8_t *>(data.data());
    if (isAligned(table_[id]))
      return;
    ++copies_;
    aligned_[id].resize(data.size() + alignment);
    table_[id] = alignedIn(aligned_[id]);
    std::ranges::copy(data, static_cast<uint8_t *>(table_[id]));
  };
  for (size_t i = 0; i < inputs.size(); ++i)
    take(graph().inputs[i], std::move(inputs[i]));
  if (state.empty())
    for (const graph::Variable &variable : graph().variables) {
      const graph::ValueType &type = graph().values[variable.input].type;
      state.push_back(RUNE_TRY(
          variable.initial
              ? Tensor::copyOf(graph().constants[*variable.initial].view())
              : Tensor::zeros(type.dtype, type.sizes())));
    }
  for (size_t i = 0; i < graph().variables.size(); ++i)
    take(graph().variables[i].input, graph::Item::borrowed(state[i].view()));
  return {};
}

TensorView CpuRun::viewOf(ValueId id) const {
  const graph::Value &value = graph().values[id];
  if (items_[id].isThere())
    return items_[id].view();
  if (value.constant)
    return graph().constants[*value.constant].view();
  uint64_t bytes = dtypeBytes(value.type.dtype);
  for (int64_t size : sizes_[id])
    bytes *= static_cast<uint64_t>(size);
  return {value.type.dtype,
          sizes_[id],
          {static_cast<const uint8_t *>(table_[id]), bytes}};
}

/// Compiled code has no hash of its type before it, as the sanitizer expects.
__attribute__((no_sanitize("function"))) static uint64_t
call(const uint8_t *entry, void *const *table,
     const compile::Control *control) {
  using Entry = uint64_t (*)(void *const *, const compile::Control *);
  return reinterpret_cast<Entry>(reinterpret_cast<uintptr_t>(entry))(table,
                                                                     control);
}

Result<> CpuRun::runRegion(const Step &step, const compile::Control &control) {
  uint64_t status = call(code_.data() + *step.entry, table_.data(), &control);
  if (status == 0)
    return {};
  auto code = static_cast<int32_t>(status);
  const graph::Node &node = graph().nodes[(status >> 32) - 1];
  if (code < 0)
    return error("evaluate.deadline", "the deadline passed in `{}`", node.name);
  std::string_view name = graph::opName(node.op);
  return error("evaluate.failed", "`{}`: {} refuses its values ({}.{})",
               node.name, name, name, code);
}

Result<> CpuRun::runPlan(size_t step, const graph::EvaluateLimits &limits) {
  const Piece &piece = pieces_[step];
  graph::Items inputs;
  for (ValueId id : piece.inputs)
    inputs.push_back(items_[id].isThere() || !graph().values[id].type.isTensor()
                         ? items_[id]
                         : graph::Item::borrowed(viewOf(id)));
  auto outputs =
      RUNE_TRY(graph::evaluateItems(piece.graph, std::move(inputs), limits));
  for (size_t i = 0; i < outputs.size(); ++i) {
    ValueId id = piece.outputs[i];
    items_[id] = std::move(outputs[i]);
    if (items_[id].tensor)
      table_[id] = const_cast<uint8_t *>(items_[id].view().data.data());
  }
  return {};
}

Result<> CpuRun::runStep(size_t index, const compile::Control &control,
                         const graph::EvaluateLimits &limits) {
  using Clock = std::chrono::steady_clock;
  const Step &step = program_.steps[index];
  Clock::time_point begin;
  if (stepTimes_)
    begin = Clock::now();
  RUNE_TRY(step.entry ? runRegion(step, control) : runPlan(index, limits));
  if (stepTimes_)
    (*stepTimes_)[index] =
        std::chrono::nanoseconds(Clock::now() - begin).count();
  return {};
}

Result<graph::Items> CpuRun::finish(graph::State &state) {
  graph::Items outputs;
  for (ValueId id : graph().outputs) {
    bool isItem = program_.places[id].kind == Place::Elsewhere;
    copies_ += !isItem;
    outputs.push_back(
        isItem ? items_[id]
               : graph::Item::of(RUNE_TRY(Tensor::copyOf(viewOf(id)))));
  }
  graph::State next;
  for (const graph::Variable &variable : graph().variables)
    next.push_back(RUNE_TRY(Tensor::copyOf(viewOf(variable.output))));
  state = std::move(next);
  return outputs;
}

Result<graph::Items> CpuRun::run(graph::Items inputs,
                                 const graph::EvaluateLimits &limits,
                                 graph::State &state) {
  RUNE_TRY(checkMemory(program_, limits));
  items_.assign(graph().values.size(), {});
  copies_ = 0;
  RUNE_TRY(bind(std::move(inputs), state));
  Alarm alarm(limits.deadline);
  PoolControl control(alarm.flag(), pool_.get());
  if (stepTimes_)
    stepTimes_->assign(program_.steps.size(), 0);
  for (size_t i = 0; i < program_.steps.size(); ++i)
    RUNE_TRY(runStep(i, control, limits));
  return finish(state);
}

} // namespace rune::device
