// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "runtime/stage.h"

namespace rune::runtime {

namespace {

std::vector<SharedTensor> shared(std::vector<Tensor> tensors) {
  std::vector<SharedTensor> result;
  for (Tensor &tensor : tensors)
    result.push_back(std::make_shared<const Tensor>(std::move(tensor)));
  return result;
}

class CapabilityStage : public Stage {
public:
  explicit CapabilityStage(std::unique_ptr<Capability> source)
      : source_(std::move(source)) {}
  Result<std::vector<SharedTensor>> run(std::span<const TensorView>,
                                        const StepLimits &) override {
    return std::vector{RUNE_TRY(source_->next())};
  }

private:
  std::unique_ptr<Capability> source_;
};

class BlockStage : public Stage {
public:
  explicit BlockStage(BlockInstance block) : block_(std::move(block)) {}
  Result<std::vector<SharedTensor>> run(std::span<const TensorView> inputs,
                                        const StepLimits &limits) override {
    return shared(RUNE_TRY(block_.compute(inputs, limits.deadline)));
  }

private:
  BlockInstance block_;
};

class ModelStage : public Stage {
public:
  ModelStage(std::string name, std::unique_ptr<Program> program)
      : name_(std::move(name)), program_(std::move(program)) {}
  Result<std::vector<SharedTensor>> run(std::span<const TensorView> inputs,
                                        const StepLimits &limits) override {
    auto outputs = program_->run(inputs, {limits.deadline, limits.tensorBytes});
    if (outputs)
      return shared(std::move(*outputs));
    Diagnostic why = std::move(outputs).error();
    why.message = fmt::format("stage `{}`: {}", name_, why.message);
    return why;
  }

private:
  std::string name_;
  std::unique_ptr<Program> program_;
};

std::string typeList(std::span<const TensorType> types) {
  std::string text;
  for (const TensorType &type : types)
    text += (text.empty() ? "" : ", ") + type.str();
  return text;
}

/// The Rune and the model must agree on the number of tensors, and each must be
/// able to flow.
Result<> agree(std::string_view side, const std::string &stage,
               std::span<const TensorType> said,
               std::span<const NamedType> real, bool intoModel) {
  std::vector<TensorType> types;
  for (const NamedType &type : real)
    types.push_back(type.type);
  bool agrees = std::ranges::equal(
      said, types, [&](const TensorType &rune, const TensorType &model) {
        return intoModel ? mayFlow(rune, model) : mayFlow(model, rune);
      });
  if (agrees)
    return {};
  return error("runtime.model-mismatch",
               "stage `{}`: the Rune says the {}s are [{}], but the model says "
               "they are [{}]",
               stage, side, typeList(said), typeList(types));
}

} // namespace

std::unique_ptr<Stage> makeCapabilityStage(std::unique_ptr<Capability> source) {
  return std::make_unique<CapabilityStage>(std::move(source));
}

std::unique_ptr<Stage> makeBlockStage(BlockInstance block) {
  return std::make_unique<BlockStage>(std::move(block));
}

Result<std::unique_ptr<Stage>>
makeModelStage(Device &device, const container::Stage &stage,
               const container::Model &model,
               std::span<const TensorType> inputs) {
  auto program = device.load(model);
  if (!program) {
    Diagnostic why = std::move(program).error();
    why.message = fmt::format("stage `{}`, model `{}`: {}", stage.name,
                              model.name, why.message);
    return why;
  }
  RUNE_TRY(agree("input", stage.name, inputs, (*program)->inputs(), true));
  RUNE_TRY(
      agree("output", stage.name, stage.outputs, (*program)->outputs(), false));
  return std::unique_ptr<Stage>(
      std::make_unique<ModelStage>(stage.name, std::move(*program)));
}

} // namespace rune::runtime
