// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cli/artifacts.h"

#include "base/did_you_mean.h"
#include "base/files.h"
#include "cli/block_signature.h"
#include "runefile/words.h"

#include <algorithm>
#include <filesystem>
#include <utility>

namespace rune::cli {

namespace {

/// Time a block gets to say what it is. A block that needs longer is at fault.
engine::Deadline patience() {
  return engine::Clock::now() + std::chrono::seconds(5);
}

/// `base[@version][#sub/path]` names the library's block by its last part.
std::string libraryName(const std::string &path) {
  auto parts = runefile::parseBlockPath(path);
  return parts ? std::string(parts->name()) : path;
}

bool isFile(const std::string &path) { return path.ends_with(".wasm"); }

Diagnostic unknownBlock(const std::string &name, const std::string &path) {
  std::vector<std::string> known;
  for (const blocks::LibraryBlock &block : blocks::all())
    known.emplace_back(block.name);
  Diagnostic why = error("check.unknown-block",
                         "there is no block `{}` in the library", name);
  if (path.starts_with("."))
    return why.withHelp(
        "to use a block of your own, give the path of its `.wasm` file");
  if (auto near = didYouMean(name, known))
    return why.withHelp(fmt::format("did you mean `{}`?", *near));
  return why.withHelp(
      fmt::format("the library has {}", fmt::join(known, ", ")));
}

Result<BlockArtifact> openBlock(const std::string &what,
                                const std::string &path) {
  if (!isFile(what)) {
    std::string name = libraryName(what);
    const blocks::LibraryBlock *found = blocks::find(name);
    if (!found)
      return unknownBlock(name, what);
    return BlockArtifact{std::string(found->name), found->wasm, nullptr};
  }
  auto file = std::make_shared<FileBytes>(
      RUNE_TRY(FileBytes::open(path, maxBlockBytes)));
  return BlockArtifact{std::filesystem::path(what).stem().string(),
                       file->bytes(), file};
}

/// The names of all tensors and their types.
void listTypes(const graph::Graph &graph,
               const std::vector<graph::ValueId> &ids,
               std::vector<std::string> &names,
               std::vector<TensorType> &types) {
  for (graph::ValueId id : ids) {
    names.push_back(graph.values[id].name);
    types.push_back(graph.values[id].type);
  }
}

} // namespace

Artifacts::Artifacts(std::string folder, Report &report)
    : folder_(std::move(folder)), report_(report),
      engine_(engine::makeInterpreter()) {}

std::string Artifacts::resolve(const std::string &path) const {
  std::filesystem::path asked(path);
  return (asked.is_absolute() ? asked : std::filesystem::path(folder_) / asked)
      .lexically_normal()
      .string();
}

Result<const BlockArtifact *> Artifacts::blockOf(const check::Stage &stage) {
  auto found = blocks_.find(stage.what);
  if (found == blocks_.end())
    found = blocks_
                .emplace(stage.what,
                         RUNE_TRY(openBlock(stage.what, resolve(stage.what))))
                .first;
  return &found->second;
}

Result<runtime::BlockInstance> Artifacts::start(const check::Stage &stage) {
  const BlockArtifact *block = RUNE_TRY(blockOf(stage));
  return runtime::BlockInstance::load(
      *engine_, block->wasm, {stage.name, block->name}, {}, patience());
}

Result<check::BlockSignature> Artifacts::block(const check::Stage &stage) {
  runtime::BlockInstance instance = RUNE_TRY(start(stage));
  return signatureOf(RUNE_TRY(instance.metadata(patience())));
}

Result<runtime::ResourceTexts>
Artifacts::texts(const std::vector<check::Resource> &resources) const {
  runtime::ResourceTexts texts;
  for (const check::Resource &resource : resources) {
    texts.push_back(resource.inlineText.value_or(""));
    if (resource.path)
      texts.back() = asText(
          RUNE_TRY(FileBytes::open(resolve(*resource.path), maxResourceBytes))
              .bytes());
  }
  return texts;
}

/// True if the stage has an argument whose text only the run will know.
static bool waitsForRun(const check::Stage &stage,
                        const std::vector<check::Resource> &resources) {
  return std::ranges::any_of(
      stage.arguments, [&](const check::Argument &argument) {
        auto *reference =
            std::get_if<check::ResourceReference>(&argument.value);
        return reference && !resources[reference->resource].path &&
               !resources[reference->resource].inlineText;
      });
}

Result<std::vector<TensorType>>
Artifacts::blockOutputs(const check::Stage &stage,
                        const std::vector<TensorType> &inputs,
                        const std::vector<check::Resource> &resources) {
  if (waitsForRun(stage, resources))
    return error("check.no-signature",
                 "an argument of `{}` is given at run time", stage.name);
  runtime::BlockInstance instance = RUNE_TRY(start(stage));
  runtime::block::Metadata metadata = RUNE_TRY(instance.metadata(patience()));
  std::vector<container::Argument> given = storedArguments(stage);
  auto arguments = RUNE_TRY(runtime::bindArguments(stage.name, metadata, given,
                                                   RUNE_TRY(texts(resources))));
  RUNE_TRY(instance.create(arguments, patience()));
  auto outputs = instance.graph(inputs, patience());
  if (!outputs && outputs.error().code == "runtime.block-refused")
    outputs.error().code = "check.block-refused";
  return outputs;
}

/// The file of a model stage as the Runefile writes it; none where it comes at
/// run time.
static std::optional<std::string>
modelPath(const check::Stage &stage,
          const std::vector<check::Resource> &resources) {
  return stage.modelResource ? resources[*stage.modelResource].path
                             : std::optional(stage.what);
}

/// Imports with a report of its own: errors found elsewhere are not this
/// model's. All that it says goes into `report`, but for the last error, which
/// is returned.
static Result<import::ImportedModel> importFor(const std::string &path,
                                               Report &report) {
  Report own;
  auto model = readModel(path, own);
  std::optional<Diagnostic> last;
  for (const Diagnostic &diagnostic : own.diagnostics()) {
    if (last)
      report.add(*std::exchange(last, std::nullopt));
    if (!model && diagnostic.severity == Severity::Error)
      last = diagnostic;
    else
      report.add(diagnostic);
  }
  if (last)
    return *last;
  return model;
}

Result<const ModelArtifact *>
Artifacts::modelOf(const check::Stage &stage,
                   const std::vector<check::Resource> &resources) {
  auto path = modelPath(stage, resources);
  if (!path)
    return error("check.no-signature", "the model of `{}` is given at run time",
                 stage.name);
  auto found = models_.find(*path);
  if (found == models_.end()) {
    ModelArtifact model{
        *path, RUNE_TRY(importFor(resolve(*path), report_)), {}};
    model.stored = RUNE_TRY(graph::store(model.imported.graph));
    found = models_.emplace(*path, std::move(model)).first;
  }
  return &found->second;
}

/// What the file is by its content, whatever the Runefile calls it.
static Result<std::string> contentFormat(const std::string &path) {
  FileBytes file = RUNE_TRY(FileBytes::open(path, maxModelBytes));
  return std::string(import::recognise(file.bytes()));
}

Result<check::ModelSignature>
Artifacts::model(const check::Stage &stage,
                 const std::vector<check::Resource> &resources) {
  if (auto path = modelPath(stage, resources)) {
    auto format = contentFormat(resolve(*path));
    if (!format)
      return error(format.error().code, "Unable to read \"{}\" for \"{}\": {}",
                   *path, stage.name, format.error().message);
    if (format->empty() && stage.format != "onnx" &&
        stage.format != "tensorflow-lite")
      return error("check.no-signature",
                   "models of format `{}` cannot be read yet", stage.format);
  }
  const ModelArtifact *model = RUNE_TRY(modelOf(stage, resources));
  check::ModelSignature signature;
  const graph::Graph &graph = model->imported.graph;
  listTypes(graph, graph.inputs, signature.inputNames, signature.inputs);
  listTypes(graph, graph.outputs, signature.outputNames, signature.outputs);
  return signature;
}

Result<import::ImportedModel> readModel(const std::string &path,
                                        Report &report) {
  auto file = std::make_shared<FileBytes>(
      RUNE_TRY(FileBytes::open(path, maxModelBytes)));
  return import::importModel(file->bytes(), file, Source::binary(path), report);
}

} // namespace rune::cli
