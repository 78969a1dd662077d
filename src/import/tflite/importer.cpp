// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "import/tflite/importer.h"

#include "graph/ops.h"
#include "import/tflite/metadata.h"
#include "import/tflite/signatures.h"
#include "import/tflite/subgraph_importer.h"

#include <algorithm>

namespace rune::import {

using graph::noValue;
using graph::ValueId;

namespace {

template <class List> size_t countOf(const List *list) {
  return list ? list->size() : 0;
}

std::string nameOfGraph(const TfliteFile &file) {
  const flatbuffers::String *name = file.graph().name();
  return name && name->size() <= maxTfliteNameBytes
             ? std::string(name->c_str(), name->size())
             : std::string();
}

class Importer {
public:
  /// in  `file` is seen from the graph that is imported
  Importer(const TfliteFile &file, const SourcePtr &source, Report &report,
           const TfliteSignature *signature, GivenShapes shapes)
      : file_(file), report_(report), signature_(signature),
        shapes_(std::move(shapes)),
        model_{file_, source, report,
               maxDerivedTimes * file.bytes().size() + maxDerivedBytes},
        frame_(nameOfGraph(file), model_.cells),
        reached_(reachedFrom(file, file.index())) {
    for (size_t subgraph : reached_)
      model_.mostVisited += file.at(subgraph).nodes();
    model_.mostVisited += maxAddedOperators;
  }

  Result<graph::Graph> run();
  std::vector<std::pair<std::string, uint64_t>> operators() const;
  /// Of inputs and outputs, by the names that they have in the graph.
  std::map<std::string, ModelQuantization> quantization() const;

private:
  std::string outputName(size_t tensor) const;
  void bindShapes();
  std::vector<ValueId> addInputs();
  void addOutput(size_t tensor, ValueId value);
  Result<ValueId> heldOutput(const std::string &name, ValueId value);
  Location wholeFile() const { return {model_.source, {}}; }

  const TfliteFile &file_;
  Report &report_;
  const TfliteSignature *signature_;
  GivenShapes shapes_;
  TfliteModel model_;
  TfliteFrame frame_;
  /// The graphs that are run.
  std::vector<size_t> reached_;
};

std::vector<std::pair<std::string, uint64_t>> Importer::operators() const {
  std::map<std::string, uint64_t> counts;
  for (size_t subgraph : reached_) {
    TfliteFile file = file_.at(subgraph);
    for (size_t i = 0; i < file.nodes(); ++i)
      ++counts[file.codeOf(i).name()];
  }
  return {counts.begin(), counts.end()};
}

/// What cannot be read is reported where a layer needs it.
std::map<std::string, ModelQuantization> Importer::quantization() const {
  std::map<std::string, ModelQuantization> all;
  auto add = [&](size_t tensor, const std::string &name) {
    auto found = file_.quantizationOf(tensor);
    if (found && *found)
      all[name] = {{found->scales.begin(), found->scales.end()},
                   found->zeroPoints,
                   found->axis};
  };
  if (const auto *inputs = file_.graph().inputs())
    for (int32_t input : *inputs)
      add(static_cast<size_t>(input), file_.nameOf(static_cast<size_t>(input)));
  if (const auto *outputs = file_.graph().outputs())
    for (int32_t output : *outputs)
      add(static_cast<size_t>(output), outputName(static_cast<size_t>(output)));
  return all;
}

std::string Importer::outputName(size_t tensor) const {
  if (signature_)
    if (auto given = signature_->outputs.find(tensor);
        given != signature_->outputs.end())
      return given->second;
  return file_.nameOf(tensor);
}

/// What is given for an input may settle names that others have too.
void Importer::bindShapes() {
  auto bound = [&]() -> Result<> {
    if (const auto *inputs = file_.graph().inputs())
      for (int32_t input : *inputs)
        if (auto type = file_.typeOf(static_cast<size_t>(input)))
          RUNE_TRY(
              shapes_.bind(file_.nameOf(static_cast<size_t>(input)), *type));
    return shapes_.check();
  }();
  if (!bound)
    report_.add(std::move(bound).error().at(wholeFile()));
}

std::vector<ValueId> Importer::addInputs() {
  std::vector<ValueId> values;
  if (const auto *inputs = file_.graph().inputs())
    for (int32_t input : *inputs) {
      size_t tensor = static_cast<size_t>(input);
      std::string name = file_.nameOf(tensor);
      auto type = file_.typeOf(tensor);
      if (!type)
        report_.add(std::move(type).error().at(wholeFile()));
      values.push_back(
          type ? frame_.builder.input(name, shapes_.applied(name, *type))
               : noValue);
    }
  return values;
}

/// An output behind a layer that ends some runs: in those it is what it was,
/// zeros at first.
Result<ValueId> Importer::heldOutput(const std::string &name, ValueId value) {
  ValueId gate = frame_.gateOf(value);
  if (gate == noValue)
    return value;
  auto type = frame_.builder.type(value);
  if (!type.isTensor() || !type.isStatic())
    return error("import.unsupported",
                 "output `{}` is `{}`; runs that end before it keep what it "
                 "was, which needs known sizes",
                 name, type.str());
  std::string cell = fmt::format("{}/last", name);
  ValueId last = frame_.builder.variable(cell, type);
  ValueId held = RUNE_TRY(frame_.builder.one(
      graph::Op::Where, fmt::format("{}/held", name), {gate, value, last}));
  frame_.builder.update(last, held);
  return held;
}

/// Sizes that the file states of an output and that cannot be only warn. No
/// sizes at all are how files say that they do not know.
void Importer::addOutput(size_t tensor, ValueId value) {
  std::string name = outputName(tensor);
  if (frame_.resourceOf(value)) {
    report_.error("import.unsupported", wholeFile(),
                  "output `{}` is a variable, not its value", name);
    return;
  }
  auto found = frame_.builder.type(value);
  auto held = heldOutput(name, value);
  if (!held) {
    report_.add(std::move(held).error().at(wholeFile()));
    return;
  }
  frame_.builder.output(*held, name);
  auto stated = file_.typeOf(tensor);
  if (stated && !stated->dims.empty() && found.isTensor() &&
      !mayFlow(found, *stated))
    report_.warning("import.shape-mismatch", wholeFile(),
                    "output `{}` is said to be `{}`, but is `{}`", name,
                    stated->str(), found.str());
}

Result<graph::Graph> Importer::run() {
  reportUnsupported(model_, reached_);
  const auto *outputs = file_.graph().outputs();
  if (countOf(outputs) == 0)
    report_.error("import.malformed", wholeFile(), "the graph has no outputs");
  bindShapes();
  std::vector<ValueId> inputs = addInputs();
  auto results = importSubgraph(model_, frame_, file_,
                                {.subgraph = file_.index()}, inputs);
  for (size_t i = 0; results && i < results->size(); ++i)
    addOutput(static_cast<size_t>(outputs->Get(static_cast<uint32_t>(i))),
              (*results)[i]);
  if (results)
    if (auto kept = frame_.finishState(); !kept)
      report_.add(std::move(kept).error().at(wholeFile()));
  if (report_.failed())
    return report_.failure();
  auto graph = std::move(frame_.builder).finish();
  if (!graph) {
    report_.add(std::move(graph).error().at(wholeFile()));
    return report_.failure();
  }
  return graph;
}

void describe(const TfliteFile &file,
              const std::vector<TfliteSignature> &signatures,
              const TfliteEntry &entry, ModelInfo &info) {
  info.format = "tensorflow-lite";
  const flatbuffers::String *description = file.model().description();
  if (description && description->size() <= maxTfliteNameBytes)
    info.producer = std::string(description->c_str(), description->size());
  for (const TfliteSignature &signature : signatures) {
    ModelSignature &listed = info.signatures.emplace_back();
    listed.name = signature.name;
    listed.isImported = &signature == entry.signature;
    for (const auto &[tensor, name] : signature.inputs)
      listed.inputs.push_back(name);
    for (const auto &[tensor, name] : signature.outputs)
      listed.outputs.push_back(name);
  }
}

/// Which one is imported is no secret where several might have been meant.
void tellChoice(const std::vector<TfliteSignature> &signatures,
                const TfliteEntry &entry, const ImportOptions &options,
                const SourcePtr &source, Report &report) {
  bool isClear =
      !options.signature.empty() || signatures.size() < 2 ||
      (entry.signature && entry.signature->name == "serving_default");
  if (isClear)
    return;
  std::vector<std::string> names;
  for (const TfliteSignature &signature : signatures)
    names.push_back(fmt::format("`{}`", signature.name));
  report.warning("import.several-signatures", {source, {}},
                 "the model has {} signatures, {}; `{}` is taken", names.size(),
                 fmt::join(names, ", "),
                 entry.signature ? entry.signature->name : "the first graph");
}

} // namespace

Result<ImportedModel> importTflite(ByteSpan bytes,
                                   std::shared_ptr<const void> owner,
                                   const SourcePtr &source, Report &report,
                                   const ImportOptions &options) {
  auto fail = [&](Diagnostic why) {
    report.add(std::move(why).at({source, {}}));
    return report.failure();
  };
  auto file = TfliteFile::open(bytes, std::move(owner));
  if (!file)
    return fail(std::move(file).error());
  auto signatures = signaturesOf(*file);
  if (!signatures)
    return fail(std::move(signatures).error());
  auto entry = entryOf(*signatures, options.signature);
  if (!entry)
    return fail(std::move(entry).error());
  TfliteFile graph = file->at(entry->subgraph);
  if (entry->signature)
    graph.rename(entry->signature->inputs);
  ImportedModel model;
  describe(graph, *signatures, *entry, model.info);
  tellChoice(*signatures, *entry, options, source, report);
  readMetadata(graph, source, report, model.info);
  Importer importer(graph, source, report, entry->signature, options.shapes);
  model.info.operators = importer.operators();
  model.info.quantization = importer.quantization();
  model.graph = RUNE_TRY(importer.run());
  return model;
}

} // namespace rune::import
