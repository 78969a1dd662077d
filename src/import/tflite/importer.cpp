// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "import/tflite/importer.h"

#include "import/tflite/operators.h"

#include <algorithm>
#include <map>
#include <unordered_map>

namespace rune::import {
namespace {

/// Other layers of one unsupported operator that are named.
constexpr size_t maxLayersListed = 200;

template <class List> size_t countOf(const List *list) {
  return list ? list->size() : 0;
}

/// What became of a tensor of the file.
struct Known {
  enum class State : uint8_t { Nowhere, Failed, There } state = State::Nowhere;
  ValueId value = noValue;
};

class Importer {
public:
  Importer(TfliteFile file, const SourcePtr &source, Report &report,
           uint64_t fileBytes)
      : file_(std::move(file)), source_(source), report_(report),
        builder_(nameOfGraph()),
        model_{file_, builder_, maxDerivedTimes * fileBytes + maxDerivedBytes,
               {},    {},       {}},
        known_(file_.tensors()) {}

  Result<ImportedModel> run();

private:
  std::string nameOfGraph() const;
  void describe();
  void collectMakers();
  void addInputs();
  void reportUnsupported();
  void addNode(size_t index);
  void addOutputs();
  void addOutput(size_t tensor);

  const TfliteOperator *operatorOf(size_t node) const;
  Result<std::optional<graph::Constant>> contentsOf(size_t tensor) const;
  Result<ValueId> addVariable(size_t tensor);
  Result<std::optional<graph::Constant>> zeroOf(size_t tensor,
                                                const TensorType &type);
  Known &givenOf(size_t tensor);
  bool readInputs(size_t node, std::vector<ValueId> &inputs);
  Imported translate(size_t node, std::vector<ValueId> inputs);
  Result<> checkResult(size_t node, size_t output, ValueId value) const;
  void define(size_t node, const std::vector<ValueId> *results);
  std::string layerName(size_t node) const;
  Location placeOf(size_t node) const { return {source_, file_.placeOf(node)}; }
  Location wholeFile() const { return {source_, {}}; }

  TfliteFile file_;
  SourcePtr source_;
  Report &report_;
  graph::GraphBuilder builder_;
  TfliteImport model_;
  ModelInfo info_;
  /// A limit was reached: more layers would only take more time.
  bool exhausted_ = false;
  /// By the number of the tensor.
  std::vector<Known> known_;
  std::unordered_map<int32_t, size_t> makers_;
};

std::string Importer::nameOfGraph() const {
  const flatbuffers::String *name = file_.graph().name();
  return name && name->size() <= maxTfliteNameBytes
             ? std::string(name->c_str(), name->size())
             : std::string();
}

std::string Importer::layerName(size_t node) const {
  const auto *outputs = file_.node(node).outputs();
  return countOf(outputs) == 0
             ? fmt::format("operator {}", node)
             : file_.nameOf(static_cast<size_t>(outputs->Get(0)));
}

const TfliteOperator *Importer::operatorOf(size_t node) const {
  const TfliteOperatorCode &code = file_.codeOf(node);
  const TfliteOperator *found = findOperator(code);
  return found && code.version <= found->newest ? found : nullptr;
}

void Importer::describe() {
  info_.format = "tensorflow-lite";
  const flatbuffers::String *description = file_.model().description();
  if (description && description->size() <= maxTfliteNameBytes)
    info_.producer = std::string(description->c_str(), description->size());
  std::map<std::string, uint64_t> counts;
  for (size_t i = 0; i < file_.nodes(); ++i)
    ++counts[file_.codeOf(i).name()];
  info_.operators.assign(counts.begin(), counts.end());
}

void Importer::collectMakers() {
  for (size_t i = 0; i < file_.nodes(); ++i)
    if (const auto *outputs = file_.node(i).outputs())
      for (int32_t output : *outputs)
        makers_.emplace(output, i);
}

void Importer::addInputs() {
  if (const auto *inputs = file_.graph().inputs())
    for (int32_t input : *inputs) {
      size_t tensor = static_cast<size_t>(input);
      Known &known = known_[tensor];
      if (known.state != Known::State::Nowhere) {
        report_.error("import.malformed", wholeFile(), "`{}` is an input twice",
                      file_.nameOf(tensor));
        continue;
      }
      known.state = Known::State::Failed;
      auto type = file_.typeOf(tensor);
      if (!type) {
        report_.add(std::move(type).error().at(wholeFile()));
        continue;
      }
      known = {Known::State::There,
               builder_.input(file_.nameOf(tensor), *std::move(type))};
    }
}

/// One message for each operator, so that a hundred layers of one kind do not
/// hide the next kind; its other layers are notes.
void Importer::reportUnsupported() {
  std::vector<std::string> order;
  std::unordered_map<std::string, std::vector<size_t>> layers;
  for (size_t i = 0; i < file_.nodes(); ++i) {
    if (operatorOf(i))
      continue;
    const TfliteOperatorCode &code = file_.codeOf(i);
    std::string kind =
        fmt::format("`{}` version {}", code.name(), code.version);
    std::vector<size_t> &same = layers[kind];
    if (same.empty())
      order.push_back(kind);
    same.push_back(i);
  }
  if (order.size() > Report::maxKept)
    order.resize(Report::maxKept);
  for (const std::string &kind : order) {
    const std::vector<size_t> &same = layers[kind];
    Diagnostic &why = report_.error("import.unsupported", placeOf(same[0]),
                                    "layer `{}`: operator {} is not supported",
                                    layerName(same[0]), kind);
    if (const TfliteOperator *known = findOperator(file_.codeOf(same[0])))
      why.withHelp(fmt::format("versions up to {} are", known->newest));
    for (size_t i = 1; i < same.size() && i <= maxLayersListed; ++i)
      why.note(placeOf(same[i]),
               fmt::format("layer `{}` too", layerName(same[i])));
    if (same.size() > maxLayersListed + 1)
      why.note(wholeFile(), fmt::format("and {} more layers",
                                        same.size() - maxLayersListed - 1));
  }
}

/// What a tensor that no operator makes holds: elements from the file, or none
/// where its sizes say so.
Result<std::optional<graph::Constant>>
Importer::contentsOf(size_t tensor) const {
  auto constant = RUNE_TRY(file_.constantOf(tensor));
  if (constant || file_.tensor(tensor).is_variable())
    return constant;
  auto type = file_.typeOf(tensor);
  if (!type || !type->isStatic() || type->dtype == DType::Utf8 ||
      std::ranges::count(type->dims, Dim(0)) == 0)
    return constant;
  return std::optional(
      graph::Constant::of(RUNE_TRY(Tensor::zeros(type->dtype, type->sizes()))));
}

/// State that a layer keeps from run to run; the layer says what becomes of it.
Result<ValueId> Importer::addVariable(size_t tensor) {
  TensorType type = RUNE_TRY(file_.typeOf(tensor));
  if (!type.isStatic())
    return error("import.unsupported",
                 "variable `{}` is `{}`, needs known sizes",
                 file_.nameOf(tensor), type.str());
  auto initial = RUNE_TRY(file_.constantOf(tensor));
  if (!initial && type.dtype == DType::I8)
    initial = RUNE_TRY(zeroOf(tensor, type));
  return builder_.variable(file_.nameOf(tensor), std::move(type),
                           std::move(initial));
}

/// At first a variable of int8 is what stands for 0; other types are all bits
/// zero.
///
/// source  TensorFlow Lite, ResetVariableTensors
Result<std::optional<graph::Constant>>
Importer::zeroOf(size_t tensor, const TensorType &type) {
  Quantization quantization = RUNE_TRY(file_.quantizationOf(tensor));
  if (!quantization || quantization.zeroPoint() == 0)
    return std::optional<graph::Constant>();
  if (quantization.zeroPoint() < INT8_MIN ||
      quantization.zeroPoint() > INT8_MAX)
    return error("import.malformed",
                 "variable `{}`: a zero point of {} is no i8",
                 file_.nameOf(tensor), quantization.zeroPoint());
  Tensor zeros =
      RUNE_TRY(Tensor::zeros(type.dtype, type.sizes(), model_.derivedBytes));
  model_.derivedBytes -= zeros.bytes().size();
  std::ranges::fill(zeros.as<int8_t>(),
                    static_cast<int8_t>(quantization.zeroPoint()));
  return std::optional(graph::Constant::of(std::move(zeros)));
}

/// A tensor that no operator makes and that is no input: a constant or a
/// variable.
Known &Importer::givenOf(size_t tensor) {
  Known &known = known_[tensor];
  if (known.state != Known::State::Nowhere ||
      makers_.contains(static_cast<int32_t>(tensor)))
    return known;
  auto value = [&]() -> Result<ValueId> {
    if (file_.tensor(tensor).is_variable())
      return addVariable(tensor);
    auto contents = RUNE_TRY(contentsOf(tensor));
    return contents ? model_.add(file_.nameOf(tensor), *std::move(contents))
                    : noValue;
  }();
  if (!value) {
    known.state = Known::State::Failed;
    report_.add(std::move(value).error().at(wholeFile()));
  } else if (*value != noValue) {
    known = {Known::State::There, *value};
  }
  return known;
}

/// False if an input is not there or its maker failed.
bool Importer::readInputs(size_t node, std::vector<ValueId> &inputs) {
  bool complete = true;
  const auto *list = file_.node(node).inputs();
  for (size_t i = 0; i < countOf(list); ++i) {
    int32_t tensor = list->Get(static_cast<uint32_t>(i));
    if (tensor < 0) {
      inputs.push_back(noValue);
      continue;
    }
    const Known &known = givenOf(static_cast<size_t>(tensor));
    inputs.push_back(known.value);
    complete &= known.state == Known::State::There;
    if (known.state != Known::State::Nowhere)
      continue;
    std::string name = file_.nameOf(static_cast<size_t>(tensor));
    auto maker = makers_.find(tensor);
    if (maker == makers_.end())
      report_.error("import.malformed", placeOf(node),
                    "layer `{}` reads `{}`, which nothing makes",
                    layerName(node), name);
    else
      report_.error("import.malformed", placeOf(node),
                    "layer `{}` reads `{}`, which layer `{}` makes later: "
                    "operators must stand in the order in which they run",
                    layerName(node), name, layerName(maker->second));
  }
  return complete;
}

/// The element type is what the file says; sizes that an older export left
/// behind do no harm, they follow from the operators.
Result<> Importer::checkResult(size_t node, size_t output,
                               ValueId value) const {
  size_t tensor = static_cast<size_t>(
      file_.node(node).outputs()->Get(static_cast<uint32_t>(output)));
  TensorType stated = RUNE_TRY(file_.typeOf(tensor));
  const TensorType &found = builder_.type(value);
  if (stated.dtype != found.dtype)
    return error("import.malformed",
                 "layer `{}`: `{}` version {}: `{}` is said to be `{}`, but is "
                 "`{}`",
                 layerName(node), file_.codeOf(node).name(),
                 file_.codeOf(node).version, file_.nameOf(tensor), stated.str(),
                 found.str());
  return {};
}

/// What SHAPE makes of an open size is no number that arithmetic could use.
static Result<> checkSizes(const TfliteNode &node, const TfliteOperator &op) {
  constexpr std::string_view understand[] = {
      "CAST", "CONCATENATION", "PACK", "RESHAPE", "SHAPE", "STRIDED_SLICE"};
  if (std::ranges::count(understand, op.name) > 0)
    return {};
  for (size_t i = 0; i < node.inputs(); ++i)
    if (ValueId input = node.optionalInput(i);
        input != noValue && node.isSizes(input))
      return node.unsupported("input {} is a size that is not known before "
                              "the run",
                              i);
  return {};
}

/// In our graph a variable has one value for the whole run.
static Result<> checkVariables(const TfliteNode &node,
                               const TfliteImport &model) {
  for (size_t i = 0; i < node.inputs(); ++i)
    if (ValueId input = node.optionalInput(i);
        input != noValue && model.updated.contains(input))
      return node.unsupported("input {} is a variable that an earlier layer "
                              "has changed",
                              i);
  return {};
}

Imported Importer::translate(size_t index, std::vector<ValueId> inputs) {
  const TfliteOperator &op = *operatorOf(index);
  TfliteNode node(model_, index, std::move(inputs), layerName(index));
  if (node.outputs() == 0 || node.outputs() > op.outputs)
    return node.fail("{} outputs, it has 1 to {}", node.outputs(), op.outputs);
  RUNE_TRY(checkSizes(node, op));
  RUNE_TRY(checkVariables(node, model_));
  std::vector<ValueId> results = RUNE_TRY(op.import(node));
  if (results.size() != node.outputs())
    return node.fail("{} outputs, needs {}", node.outputs(), results.size());
  for (size_t i = 0; i < results.size(); ++i)
    RUNE_TRY(checkResult(index, i, results[i]));
  return results;
}

/// Without results the outputs are known as failed.
void Importer::define(size_t node, const std::vector<ValueId> *results) {
  const auto *outputs = file_.node(node).outputs();
  for (size_t i = 0; i < countOf(outputs); ++i) {
    size_t tensor = static_cast<size_t>(outputs->Get(static_cast<uint32_t>(i)));
    Known &known = known_[tensor];
    if (known.state != Known::State::Nowhere)
      report_.error("import.malformed", placeOf(node),
                    "layer `{}` makes `{}`, which is there already",
                    layerName(node), file_.nameOf(tensor));
    else if (results)
      known = {Known::State::There, (*results)[i]};
    else
      known.state = Known::State::Failed;
  }
}

void Importer::addNode(size_t index) {
  std::vector<ValueId> inputs;
  bool complete = readInputs(index, inputs);
  if (!complete || !operatorOf(index))
    return define(index, nullptr);
  auto results = translate(index, std::move(inputs));
  if (!results) {
    Diagnostic &why =
        report_.add(std::move(results).error().at(placeOf(index)));
    exhausted_ |= why.code == "import.limit";
    if (why.code == "graph.invalid")
      why.note(placeOf(index),
               fmt::format("imported from layer `{}`: `{}` version {}",
                           layerName(index), file_.codeOf(index).name(),
                           file_.codeOf(index).version));
  }
  define(index, results ? &*results : nullptr);
}

/// Sizes that the file states of an output and that cannot be only warn.
void Importer::addOutput(size_t tensor) {
  std::string name = file_.nameOf(tensor);
  const Known &known = givenOf(tensor);
  if (known.state == Known::State::Nowhere)
    report_.error("import.malformed", wholeFile(),
                  "nothing makes the output `{}`", name);
  if (known.state != Known::State::There)
    return;
  if (model_.sizes.contains(known.value)) {
    report_.error("import.unsupported", wholeFile(),
                  "output `{}` is a size that is not known before the run",
                  name);
    return;
  }
  if (model_.updated.contains(known.value)) {
    report_.error("import.unsupported", wholeFile(),
                  "output `{}` is a variable that a layer has changed", name);
    return;
  }
  TensorType found = builder_.type(known.value);
  builder_.output(known.value, name);
  auto stated = file_.typeOf(tensor);
  if (stated && !mayFlow(found, *stated))
    report_.warning("import.shape-mismatch", wholeFile(),
                    "output `{}` is said to be `{}`, but is `{}`", name,
                    stated->str(), found.str());
}

void Importer::addOutputs() {
  const auto *outputs = file_.graph().outputs();
  if (countOf(outputs) == 0)
    report_.error("import.malformed", wholeFile(), "the graph has no outputs");
  for (size_t i = 0; i < countOf(outputs); ++i)
    addOutput(static_cast<size_t>(outputs->Get(static_cast<uint32_t>(i))));
}

Result<ImportedModel> Importer::run() {
  describe();
  reportUnsupported();
  collectMakers();
  addInputs();
  // From here on a tensor is there, has failed, or is made by a later operator.
  for (size_t i = 0; i < file_.nodes() && !exhausted_; ++i)
    addNode(i);
  if (!exhausted_)
    addOutputs();
  if (report_.failed())
    return report_.failure();
  auto graph = std::move(builder_).finish();
  if (!graph) {
    report_.add(std::move(graph).error().at(wholeFile()));
    return report_.failure();
  }
  return ImportedModel{*std::move(graph), std::move(info_)};
}

} // namespace

Result<ImportedModel> importTflite(ByteSpan bytes,
                                   std::shared_ptr<const void> owner,
                                   const SourcePtr &source, Report &report) {
  auto file = TfliteFile::open(bytes, std::move(owner));
  if (!file) {
    report.add(std::move(file).error().at({source, {}}));
    return report.failure();
  }
  return Importer(*std::move(file), source, report, bytes.size()).run();
}

} // namespace rune::import
