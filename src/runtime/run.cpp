// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The sequential driver: stages in the order of the file, each tensor checked
// where it leaves its stage and freed after its last reader.
#include "runtime/deadline.h"
#include "runtime/rune.h"

namespace rune::runtime {

namespace {

class Driver {
public:
  Driver(const container::RuneFile &file,
         std::span<const std::unique_ptr<Stage>> stages,
         const RuneLimits &limits)
      : file_(file), stages_(stages), deadline_(deadlineIn(limits.runTime)),
        left_(limits.tensorBytes), tensors_(file.stages.size()),
        readers_(file.stages.size()) {
    for (size_t i = 0; i < file.stages.size(); ++i)
      readers_[i].resize(file.stages[i].outputs.size());
    for (const container::Stage &stage : file.stages)
      for (const container::Edge &edge : stage.inputs)
        ++readers_[edge.stage][edge.port];
  }

  Result<RunResult> run() {
    for (size_t i = 0; i < file_.stages.size(); ++i) {
      if (file_.stages[i].kind == container::StageKind::Out)
        collect(file_.stages[i]);
      else
        RUNE_TRY(step(i));
      release(file_.stages[i]);
    }
    return std::move(result_);
  }

private:
  Result<> step(size_t index) {
    const container::Stage &stage = file_.stages[index];
    if (deadline_ && engine::Clock::now() > *deadline_)
      return error("runtime.deadline",
                   "the time was over before stage `{}` could run", stage.name);
    std::vector<TensorView> inputs;
    for (const container::Edge &edge : stage.inputs)
      inputs.push_back(tensors_[edge.stage][edge.port]->view());
    auto outputs = RUNE_TRY(stages_[index]->run(inputs, {deadline_, left_}));
    RUNE_TRY(check(stage, index, outputs));
    RUNE_TRY(account(stage, outputs));
    tensors_[index] = std::move(outputs);
    for (size_t port = 0; port < tensors_[index].size(); ++port)
      if (readers_[index][port] == 0)
        drop(index, port);
    return {};
  }

  /// What a stage made must be what the Rune says it makes.
  Result<> check(const container::Stage &stage, size_t index,
                 const std::vector<SharedTensor> &outputs) const {
    if (outputs.size() != stage.outputs.size())
      return error("runtime.edge-mismatch",
                   "stage `{}` made {} tensors, the Rune says {}", stage.name,
                   outputs.size(), stage.outputs.size());
    for (size_t port = 0; port < outputs.size(); ++port)
      if (!mayFlow(outputs[port]->type(), stage.outputs[port]))
        return mismatch(stage, index, port, outputs[port]->type());
    return {};
  }

  Diagnostic mismatch(const container::Stage &stage, size_t index, size_t port,
                      const TensorType &made) const {
    Diagnostic why = error(
        "runtime.edge-mismatch", "stage `{}` made {}, expected {}{}",
        stage.name, made.str(), stage.outputs[port].str(),
        stage.outputs.size() > 1 ? fmt::format(" (output {})", port) : "");
    for (const container::Stage &reader : file_.stages)
      for (const container::Edge &edge : reader.inputs)
        if (edge.stage == index && edge.port == port)
          why.note({}, fmt::format("stage `{}` reads it", reader.name));
    return why;
  }

  Result<> account(const container::Stage &stage,
                   const std::vector<SharedTensor> &outputs) {
    for (const SharedTensor &tensor : outputs) {
      if (tensor->bytes().size() > left_)
        return error("runtime.memory-limit",
                     "stage `{}`: the tensors of this run need more memory "
                     "than the limit allows",
                     stage.name);
      left_ -= tensor->bytes().size();
    }
    return {};
  }

  void collect(const container::Stage &stage) {
    OutResult out{stage.name, stage.capability, stage.channel, {}};
    for (const container::Edge &edge : stage.inputs)
      out.tensors.push_back(tensors_[edge.stage][edge.port]);
    result_.outs.push_back(std::move(out));
  }

  void release(const container::Stage &stage) {
    for (const container::Edge &edge : stage.inputs)
      if (--readers_[edge.stage][edge.port] == 0)
        drop(edge.stage, edge.port);
  }

  /// A tensor that an out or its capability still holds takes its bytes on.
  void drop(size_t stage, size_t port) {
    SharedTensor tensor = std::move(tensors_[stage][port]);
    if (tensor.use_count() == 1)
      left_ += tensor->bytes().size();
  }

  const container::RuneFile &file_;
  std::span<const std::unique_ptr<Stage>> stages_;
  engine::Deadline deadline_;
  uint64_t left_;
  std::vector<std::vector<SharedTensor>> tensors_;
  std::vector<std::vector<uint32_t>> readers_;
  RunResult result_;
};

} // namespace

Result<RunResult> Rune::run() { return Driver(file_, stages_, limits_).run(); }

} // namespace rune::runtime
