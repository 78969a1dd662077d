// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// From a Rune file, grants and inputs to stages that are ready to run.
#include "runtime/rune.h"

#include "container/encodings.h"
#include "runtime/deadline.h"
#include "wasm/decode.h"

#include <set>

namespace rune::runtime {

namespace {

class Loader {
public:
  Loader(const container::RuneFile &file, const LoadOptions &options)
      : file_(file), options_(options),
        deadline_(deadlineIn(options.limits.loadTime)),
        guestBytesLeft_(options.limits.guestBytes) {}

  Result<std::vector<std::unique_ptr<Stage>>> load() {
    for (const container::Stage &stage : file_.stages)
      RUNE_TRY(admit(stage));
    RUNE_TRY(openResources());
    std::vector<std::unique_ptr<Stage>> stages;
    for (const container::Stage &stage : file_.stages)
      stages.push_back(RUNE_TRY(make(stage)));
    return stages;
  }

private:
  /// Whether a stage may be there at all: before any guest runs.
  Result<> admit(const container::Stage &stage) {
    if (stage.kind == container::StageKind::Capability)
      return admitCapability(stage);
    if (stage.kind == container::StageKind::Out)
      return admitOut(stage);
    if (stage.kind == container::StageKind::Model)
      return admitModel(stage);
    return {};
  }

  /// The caller puts the models that it was given in their places before.
  Result<> admitModel(const container::Stage &stage) const {
    const container::Model &model = file_.models[stage.artifact];
    if (model.encoding != container::resourceEncoding)
      return {};
    auto argument = std::ranges::find(stage.arguments, container::modelArgument,
                                      &container::Argument::name);
    if (argument == stage.arguments.end())
      return error("runtime.missing-resource",
                   "stage `{}`: the Rune holds no model and names no resource",
                   stage.name);
    auto *to = std::get_if<container::ResourceReference>(&argument->value);
    return noData(to ? file_.resources[to->resource].name : stage.name);
  }

  Result<> admitCapability(const container::Stage &stage) {
    const CapabilityKind *kind = findCapability(stage.capability);
    if (!kind)
      return withWanted(error("runtime.unknown-capability",
                              "stage `{}`: this host cannot give `{}`",
                              stage.name, stage.capability));
    if (stage.outputs.size() != 1)
      return error("runtime.edge-mismatch",
                   "stage `{}`: `{}` has one output, the Rune says {}",
                   stage.name, stage.capability, stage.outputs.size());
    if (kind->needsInput && !RUNE_TRY(inputOf(stage, *kind)))
      return withWanted(error("runtime.missing-input",
                              "Unable to load the \"{}\" input",
                              stage.capability));
    return granted(stage);
  }

  Result<> admitOut(const container::Stage &stage) {
    if (stage.capability != "SERIAL")
      return error("runtime.unknown-out",
                   "stage `{}`: this host has no out `{}`", stage.name,
                   stage.capability);
    if (!channels_.insert(stage.channel).second)
      return error("runtime.duplicate-channel",
                   "stage `{}`: another out has the number {} too", stage.name,
                   stage.channel);
    return granted(stage);
  }

  Result<> granted(const container::Stage &stage) {
    if (options_.grants.allows(stage.name, stage.capability))
      return {};
    return withWanted(error("runtime.capability-not-granted",
                            "stage `{}` wants `{}`, which was not granted",
                            stage.name, stage.capability));
  }

  Diagnostic withWanted(Diagnostic why) const {
    for (const WantedInput &wanted : wantedInputs(file_))
      why.note({}, "this Rune wants " + wanted.str());
    return why;
  }

  /// What the user gave for a stage, or null.
  Result<const Input *> inputOf(const container::Stage &stage,
                                const CapabilityKind &kind) {
    auto source = RUNE_TRY(
        StageArguments(stage, emptyTexts()).integer("source", 0, UINT32_MAX));
    auto given = options_.inputs.find(kind.flag);
    auto index = static_cast<size_t>(source.value_or(0));
    if (given == options_.inputs.end() || index >= given->second.size())
      return static_cast<const Input *>(nullptr);
    return &given->second[index];
  }

  /// `source` never comes from a resource.
  const ResourceTexts &emptyTexts() {
    texts_.resize(file_.resources.size());
    return texts_;
  }

  /// Only what an argument refers to must be there.
  Result<> openResources() {
    texts_.resize(file_.resources.size());
    std::set<uint32_t> used;
    for (const container::Stage &stage : file_.stages) {
      if (stage.kind == container::StageKind::Model)
        continue; // `admitModel` has seen to it
      for (const container::Argument &argument : stage.arguments)
        if (auto *reference =
                std::get_if<container::ResourceReference>(&argument.value))
          used.insert(reference->resource);
    }
    for (uint32_t index : used)
      RUNE_TRY(openResource(index));
    return {};
  }

  static Diagnostic noData(const std::string &resource) {
    return error("runtime.missing-resource",
                 "resource `{}` has no data, it must be given", resource);
  }

  Result<> openResource(uint32_t index) {
    const container::Resource &resource = file_.resources[index];
    auto given = options_.resources.find(resource.name);
    std::optional<ByteSpan> data = resource.data;
    if (given != options_.resources.end())
      data = given->second;
    if (!data)
      return noData(resource.name);
    if (!isUtf8(*data))
      return error("runtime.bad-argument",
                   "resource `{}` is used as a text and is not UTF-8",
                   resource.name);
    texts_[index] = std::string(asText(*data));
    return {};
  }

  Result<std::unique_ptr<Stage>> make(const container::Stage &stage) {
    switch (stage.kind) {
    case container::StageKind::Capability:
      return makeCapability(stage);
    case container::StageKind::ProcBlock:
      return makeBlock(stage);
    case container::StageKind::Model:
      return makeModelStage(options_.device, stage,
                            file_.models[stage.artifact], inputTypes(stage));
    case container::StageKind::Out:
      break;
    }
    return std::unique_ptr<Stage>();
  }

  Result<std::unique_ptr<Stage>> makeCapability(const container::Stage &stage) {
    const CapabilityKind *kind = findCapability(stage.capability);
    CapabilityRequest request{StageArguments(stage, texts_), stage.outputs[0],
                              RUNE_TRY(inputOf(stage, *kind)),
                              options_.limits.tensorBytes, options_.notes};
    return makeCapabilityStage(RUNE_TRY(kind->open(request)));
  }

  Result<std::unique_ptr<Stage>> makeBlock(const container::Stage &stage) {
    const container::Block &block = file_.blocks[stage.artifact];
    BlockLimits limits{options_.limits.guest, options_.limits.tensorBytes};
    auto module = RUNE_TRY(moduleOf(stage.artifact));
    RUNE_TRY(reserve(stage, *module));
    auto instance = RUNE_TRY(
        BlockInstance::load(options_.engine, std::move(module),
                            {stage.name, block.name}, limits, deadline_));
    auto metadata = RUNE_TRY(instance.metadata(deadline_));
    auto arguments =
        RUNE_TRY(bindArguments(stage.name, metadata, stage.arguments, texts_));
    RUNE_TRY(instance.create(arguments, deadline_));
    return makeBlockStage(std::move(instance));
  }

  /// Takes what the stage's memory may grow to out of the budget.
  Result<> reserve(const container::Stage &stage, const wasm::Module &module) {
    uint64_t most = 0;
    for (const wasm::MemoryType &memory : module.memories) {
      uint64_t pages = memory.pages.maximum.value_or(UINT64_MAX);
      uint64_t bytes = pages > UINT64_MAX >> memory.pageSizeLog2
                           ? UINT64_MAX
                           : pages << memory.pageSizeLog2;
      most = bytes > UINT64_MAX - most ? UINT64_MAX : most + bytes;
    }
    most = std::min(most, options_.limits.guest.memoryBytes);
    if (most > guestBytesLeft_)
      return error("runtime.memory-limit",
                   "stage `{}`: its block may take {} bytes of memory, {} are "
                   "left for all blocks",
                   stage.name, most, guestBytesLeft_);
    guestBytesLeft_ -= most;
    return {};
  }

  /// A block that several stages use is decoded once.
  Result<std::shared_ptr<const wasm::Module>> moduleOf(uint32_t artifact) {
    auto &module = modules_[artifact];
    const container::Block &block = file_.blocks[artifact];
    if (!module)
      module = RUNE_TRY(wasm::load(block.wasm, Source::binary(block.name)));
    return module;
  }

  std::vector<TensorType> inputTypes(const container::Stage &stage) const {
    std::vector<TensorType> types;
    for (const container::Edge &edge : stage.inputs)
      types.push_back(file_.stages[edge.stage].outputs[edge.port]);
    return types;
  }

  const container::RuneFile &file_;
  const LoadOptions &options_;
  engine::Deadline deadline_;
  uint64_t guestBytesLeft_;
  ResourceTexts texts_;
  std::set<uint32_t> channels_;
  std::map<uint32_t, std::shared_ptr<const wasm::Module>> modules_;
};

} // namespace

Result<std::unique_ptr<Rune>> Rune::load(container::RuneFile file,
                                         std::shared_ptr<const void> owner,
                                         const LoadOptions &options) {
  std::unique_ptr<Rune> rune(
      new Rune(std::move(file), std::move(owner), options.limits));
  rune->stages_ = RUNE_TRY(Loader(rune->file_, options).load());
  return rune;
}

} // namespace rune::runtime
