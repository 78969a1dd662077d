// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "link/link.h"

#include "link/block_interface.h"
#include "link/stored_arguments.h"

#include <map>

namespace rune::link {

namespace {

using container::RuneFile;

container::StageKind toContainer(check::StageKind kind) {
  switch (kind) {
  case check::StageKind::Capability:
    return container::StageKind::Capability;
  case check::StageKind::ProcBlock:
    return container::StageKind::ProcBlock;
  case check::StageKind::Model:
    return container::StageKind::Model;
  case check::StageKind::Out:
    return container::StageKind::Out;
  }
  RUNE_CHECK(false, "a kind of stage that the linker does not know");
}

class Linker {
public:
  Linker(const LinkRequest &request, Report &report)
      : request_(request), pipeline_(request.pipeline), report_(report) {}

  Result<Bytes> run() {
    RUNE_CHECK(request_.artifacts.size() == pipeline_.stages.size(),
               "one artifact for each stage");
    RUNE_CHECK(request_.resources.size() == pipeline_.resources.size(),
               "one entry for each resource");
    file_.name = request_.name;
    file_.producer = request_.producer;
    file_.image = pipeline_.image;
    file_.runefileVersion = pipeline_.runefileVersion;
    addResources();
    for (size_t i = 0; i < pipeline_.stages.size(); ++i)
      addStage(pipeline_.stages[i], request_.artifacts[i]);
    if (report_.failed())
      return report_.failure();
    // From here on every block is a block and every stage has what it needs.
    auto bytes = container::write(file_);
    if (bytes)
      return bytes;
    report_.add(std::move(bytes).error());
    return report_.failure();
  }

private:
  void addResources() {
    for (size_t i = 0; i < pipeline_.resources.size(); ++i) {
      const check::Resource &resource = pipeline_.resources[i];
      const auto &data = request_.resources[i];
      if (data && resource.isText && !isUtf8(*data))
        report_
            .error("link.bad-resource", resource.where,
                   "resource `{}` is a text, but its bytes are not UTF-8",
                   resource.name)
            .withHelp("say `type: binary` if it is not meant to be a text");
      file_.resources.push_back({resource.name, resource.isText, data});
    }
  }

  void addStage(const check::Stage &from, const Artifact &artifact) {
    container::Stage stage;
    stage.name = from.name;
    stage.kind = toContainer(from.kind);
    stage.channel = from.channel;
    stage.outputs = from.outputs;
    stage.arguments = storedArguments(from);
    for (const check::Edge &edge : from.inputs)
      stage.inputs.push_back({static_cast<uint32_t>(edge.stage),
                              static_cast<uint32_t>(edge.port)});
    if (from.kind == check::StageKind::ProcBlock)
      stage.artifact = addBlock(from, std::get_if<BlockArtifact>(&artifact));
    else if (from.kind == check::StageKind::Model)
      stage.artifact = addModel(from, std::get_if<ModelArtifact>(&artifact));
    else
      stage.capability = from.what;
    file_.stages.push_back(std::move(stage));
  }

  /// The position of the block, which is checked when it is seen first.
  uint32_t addBlock(const check::Stage &stage, const BlockArtifact *block) {
    if (!block)
      return missing(stage, "block");
    auto next = static_cast<uint32_t>(file_.blocks.size());
    auto [at, isNew] = blocks_.emplace(sha256(block->wasm), next);
    if (isNew) {
      checkBlock(block->wasm, block->name, stage.name, stage.where, report_);
      file_.blocks.push_back({block->name, at->first, block->wasm});
    }
    return at->second;
  }

  uint32_t addModel(const check::Stage &stage, const ModelArtifact *model) {
    if (!model)
      return missing(stage, "model");
    container::Model entry{
        model->name, model->encoding, sha256(model->table), model->table, {}};
    std::vector<Sha256> hashes = {entry.hash};
    for (ByteSpan weight : model->weights) {
      entry.weights.push_back({sha256(weight), weight});
      hashes.push_back(entry.weights.back().hash);
    }
    auto next = static_cast<uint32_t>(file_.models.size());
    auto [at, isNew] =
        models_.emplace(std::pair(model->encoding, std::move(hashes)), next);
    if (isNew)
      file_.models.push_back(std::move(entry));
    return at->second;
  }

  uint32_t missing(const check::Stage &stage, std::string_view what) {
    report_.error("link.no-artifact", stage.where,
                  "stage `{}` has no {} to link", stage.name, what);
    return 0;
  }

  const LinkRequest &request_;
  const check::Pipeline &pipeline_;
  Report &report_;
  RuneFile file_;
  std::map<Sha256, uint32_t> blocks_;
  std::map<std::pair<std::string, std::vector<Sha256>>, uint32_t> models_;
};

} // namespace

Result<Bytes> link(const LinkRequest &request, Report &report) {
  return Linker(request, report).run();
}

} // namespace rune::link
