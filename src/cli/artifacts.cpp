// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cli/artifacts.h"

#include "graph/plan.h"

#include "cli/block_signature.h"
#include "cli/paths.h"
#include "link/stored_arguments.h"
#include "link/zip.h"
#include "wasm/decode.h"

#include <algorithm>

namespace rune::cli {

namespace {

/// Time a block gets to say what it is. A block that needs longer is at fault.
engine::Deadline patience() {
  return engine::Clock::now() + std::chrono::seconds(5);
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

/// What a stage's arguments refer to.
std::vector<size_t> resourcesOf(const check::Stage &stage) {
  std::vector<size_t> used;
  for (const check::Argument &argument : stage.arguments)
    if (auto *to = std::get_if<check::ResourceReference>(&argument.value))
      used.push_back(to->resource);
  return used;
}

} // namespace

Artifacts::Artifacts(std::string folder, Report &report, Shapes shapes,
                     Signatures signatures)
    : folder_(std::move(folder)), report_(report), shapes_(std::move(shapes)),
      signatures_(std::move(signatures)), engine_(engine::makeInterpreter()) {}

Result<BlockFile *> Artifacts::blockOf(const check::Stage &stage) {
  auto found = blocks_.find(stage.what);
  if (found != blocks_.end())
    return &found->second;
  auto block = openBlock(stage.what, folder_);
  if (!block && block.error().code.starts_with("file."))
    return unableToRead(block.error(), resolvePath(stage.what, folder_),
                        stage.what, stage.name);
  if (!block)
    return std::move(block).error();
  return &blocks_.emplace(stage.what, std::move(*block)).first->second;
}

Result<runtime::BlockInstance> Artifacts::start(const check::Stage &stage) {
  BlockFile *block = RUNE_TRY(blockOf(stage));
  if (!block->module)
    block->module = RUNE_TRY(wasm::load(
        block->wasm, Source::binary(block->file ? stage.what : block->name),
        block->file));
  return runtime::BlockInstance::load(
      *engine_, block->module, {stage.name, block->name}, {}, patience());
}

Result<runtime::BlockInstance>
Artifacts::instanceFor(const check::Stage &stage) {
  auto started = started_.find(stage.name);
  if (started == started_.end())
    return start(stage);
  runtime::BlockInstance instance = std::move(started->second);
  started_.erase(started);
  return instance;
}

Result<const runtime::block::Metadata *>
Artifacts::metadataOf(const check::Stage &stage) {
  auto found = metadata_.find(stage.what);
  if (found == metadata_.end()) {
    runtime::BlockInstance instance = RUNE_TRY(start(stage));
    found =
        metadata_.emplace(stage.what, RUNE_TRY(instance.metadata(patience())))
            .first;
    started_.emplace(stage.name, std::move(instance));
  }
  return &found->second;
}

Result<check::BlockSignature> Artifacts::block(const check::Stage &stage) {
  return cli::signatureOf(*RUNE_TRY(metadataOf(stage)));
}

Result<Artifacts::Data>
Artifacts::readResource(const check::Resource &resource) const {
  Data data;
  if (resource.inlineText) {
    ByteSpan text = asBytes(*resource.inlineText);
    data.own.assign(text.begin(), text.end());
    data.bytes = data.own;
    return data;
  }
  std::string path = resolvePath(*resource.path, folder_);
  if (isFolder(path)) {
    data.own = RUNE_TRY(link::zipFolder(path, maxResourceBytes));
    data.bytes = data.own;
    return data;
  }
  data.file = std::make_shared<FileBytes>(
      RUNE_TRY(FileBytes::open(path, maxResourceBytes)));
  data.bytes = data.file->bytes();
  return data;
}

Result<std::optional<ByteSpan>>
Artifacts::dataOf(const check::Resource &resource) {
  if (!resource.path && !resource.inlineText)
    return std::optional<ByteSpan>();
  auto found = resources_.find(resource.name);
  if (found == resources_.end()) {
    auto data = readResource(resource);
    if (!data)
      return unableToRead(data.error(), resolvePath(*resource.path, folder_),
                          *resource.path, resource.name)
          .at(resource.where);
    found = resources_.emplace(resource.name, std::move(*data)).first;
  }
  return std::optional(found->second.bytes);
}

Result<runtime::ResourceTexts>
Artifacts::textsFor(const check::Stage &stage,
                    const std::vector<check::Resource> &resources) {
  runtime::ResourceTexts texts(resources.size());
  for (size_t used : resourcesOf(stage))
    if (auto data = RUNE_TRY(dataOf(resources[used])))
      texts[used] = asText(*data);
  return texts;
}

Result<std::vector<TensorType>>
Artifacts::blockOutputs(const check::Stage &stage,
                        const std::vector<TensorType> &inputs,
                        const std::vector<check::Resource> &resources) {
  for (size_t used : resourcesOf(stage))
    if (!resources[used].path && !resources[used].inlineText)
      return error("check.no-signature",
                   "an argument of `{}` is given at run time", stage.name);
  const runtime::block::Metadata *metadata = RUNE_TRY(metadataOf(stage));
  runtime::BlockInstance instance = RUNE_TRY(instanceFor(stage));
  auto arguments = RUNE_TRY(runtime::bindArguments(
      stage.name, *metadata, link::storedArguments(stage),
      RUNE_TRY(textsFor(stage, resources))));
  RUNE_TRY(instance.create(arguments, patience()));
  auto outputs = instance.graph(inputs, patience());
  if (!outputs && outputs.error().code == "runtime.block-refused")
    outputs.error().code = "check.block-refused";
  return outputs;
}

/// Where the model of a stage is; none where it comes at run time.
static std::optional<ModelPlace>
placeOf(const check::Stage &stage,
        const std::vector<check::Resource> &resources,
        const std::string &folder) {
  if (!stage.modelResource)
    return ModelPlace{stage.what, resolvePath(stage.what, folder)};
  const check::Resource &resource = resources[*stage.modelResource];
  if (resource.path)
    return ModelPlace{*resource.path, resolvePath(*resource.path, folder)};
  if (resource.inlineText)
    return ModelPlace{stage.what, {}, *resource.inlineText};
  return std::nullopt;
}

std::vector<std::string> Artifacts::shapesOf(const check::Stage &stage) const {
  std::vector<std::string> shapes = stage.shapes;
  for (const std::string &name : {std::string(), stage.name})
    if (auto given = shapes_.find(name); given != shapes_.end())
      shapes.insert(shapes.end(), given->second.begin(), given->second.end());
  return shapes;
}

std::string Artifacts::signatureOf(const check::Stage &stage) const {
  for (const std::string &name : {stage.name, std::string()})
    if (auto given = signatures_.find(name); given != signatures_.end())
      return given->second;
  return stage.signature;
}

Result<const ModelFile *>
Artifacts::modelOf(const check::Stage &stage,
                   const std::vector<check::Resource> &resources) {
  auto place = placeOf(stage, resources, folder_);
  if (!place)
    return static_cast<const ModelFile *>(nullptr);
  std::vector<std::string> texts = shapesOf(stage);
  std::string signature = signatureOf(stage);
  std::string key =
      fmt::format("{}\n{}\n{}", place->name, signature, fmt::join(texts, "\n"));
  auto found = models_.find(key);
  if (found == models_.end()) {
    auto shapes = import::GivenShapes::parse(texts);
    if (!shapes)
      return std::move(shapes).error().at(stage.shapesWhere);
    auto model =
        readModelFile(*place, stage.format, report_, *shapes, signature);
    if (!model && model.error().code.starts_with("file."))
      return unableToRead(model.error(), place->path, place->name, stage.name);
    if (!model)
      return std::move(model).error();
    found = models_.emplace(std::move(key), std::move(*model)).first;
  }
  return &found->second;
}

Result<check::ModelSignature>
Artifacts::model(const check::Stage &stage,
                 const std::vector<check::Resource> &resources) {
  const ModelFile *model = RUNE_TRY(modelOf(stage, resources));
  RUNE_CHECK(model, "only a model that is here is asked what it is");
  check::ModelSignature signature;
  signature.format = model->format;
  signature.opaque = model->isOpaque();
  if (model->isOpaque())
    return signature;
  const graph::Graph &graph = model->imported->graph;
  RUNE_TRY(graph::checkInterface(graph));
  listTypes(graph, graph.inputs, signature.inputNames, signature.inputs);
  listTypes(graph, graph.outputs, signature.outputNames, signature.outputs);
  return signature;
}

} // namespace rune::cli
