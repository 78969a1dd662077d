// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "import/tflite/subgraph_importer.h"

#include "import/tflite/operators.h"

#include <algorithm>
#include <unordered_map>

namespace rune::import {
namespace {

/// Longer paths of calls are cut in the names of layers.
constexpr size_t maxPathBytes = 1024;

template <class List> size_t countOf(const List *list) {
  return list ? list->size() : 0;
}

/// What became of a tensor of the file.
struct Known {
  enum class State : uint8_t { Nowhere, Failed, There } state = State::Nowhere;
  ValueId value = noValue;
};

const TfliteOperator *operatorOf(const TfliteFile &file, size_t node) {
  const TfliteOperatorCode &code = file.codeOf(node);
  const TfliteOperator *found = findOperator(code);
  return found && code.version <= found->newest ? found : nullptr;
}

class Walk {
public:
  Walk(TfliteModel &model, TfliteFrame &frame, const TfliteFile &file,
       const TfliteCall &call)
      : model_(model), file_(file), scope_{file, model, frame, call},
        known_(file.tensors()) {}

  Result<std::vector<ValueId>> run(const std::vector<ValueId> &inputs);

private:
  void collectMakers();
  void addInputs(const std::vector<ValueId> &inputs);
  void addNode(size_t index);
  ValueId outputOf(size_t tensor);

  Result<std::optional<graph::Constant>> contentsOf(size_t tensor) const;
  Known givenOf(size_t tensor);
  bool readInputs(size_t node, std::vector<ValueId> &inputs);
  Imported translate(size_t node, std::vector<ValueId> inputs);
  Result<> checkOutputs(const TfliteNode &node, const TfliteOperator &op) const;
  Result<> checkResult(size_t node, size_t output, ValueId value) const;
  Result<> checkResources(const TfliteNode &node,
                          const TfliteOperator &op) const;
  void define(size_t node, const std::vector<ValueId> *results);
  template <class... Args>
  Diagnostic &fault(std::string_view code, Location where,
                    fmt::format_string<Args...> text, Args &&...args) {
    ++faults_;
    return model_.report.error(code, std::move(where), text,
                               std::forward<Args>(args)...);
  }
  Diagnostic &add(Diagnostic why) {
    ++faults_;
    return model_.report.add(std::move(why));
  }
  graph::GraphBuilder &builder() const { return scope_.frame.builder; }
  std::string layerName(size_t node) const {
    return scope_.call.path + layerNameOf(file_, node);
  }
  Location placeOf(size_t node) const {
    return {model_.source, file_.placeOf(node)};
  }
  Location wholeFile() const { return {model_.source, {}}; }

  TfliteModel &model_;
  const TfliteFile &file_;
  TfliteImport scope_;
  /// By the number of the tensor.
  std::vector<Known> known_;
  std::unordered_map<int32_t, size_t> makers_;
  size_t faults_ = 0;
};

void Walk::collectMakers() {
  for (size_t i = 0; i < file_.nodes(); ++i)
    if (const auto *outputs = file_.node(i).outputs())
      for (int32_t output : *outputs)
        makers_.emplace(output, i);
}

void Walk::addInputs(const std::vector<ValueId> &inputs) {
  for (size_t i = 0; i < inputs.size(); ++i) {
    size_t tensor = static_cast<size_t>(
        file_.graph().inputs()->Get(static_cast<uint32_t>(i)));
    Known &known = known_[tensor];
    if (known.state != Known::State::Nowhere)
      fault("import.malformed", wholeFile(), "`{}` is an input twice",
            file_.nameOf(tensor));
    known = {inputs[i] == noValue ? Known::State::Failed : Known::State::There,
             inputs[i]};
  }
}

/// What a tensor that no operator makes holds: elements from the file, or none
/// where its sizes say so.
Result<std::optional<graph::Constant>> Walk::contentsOf(size_t tensor) const {
  auto constant = RUNE_TRY(file_.constantOf(tensor));
  if (constant)
    return constant;
  auto type = file_.typeOf(tensor);
  if (!type || !type->isStatic() || type->dtype == DType::Utf8 ||
      std::ranges::count(type->dims, Dim(0)) == 0)
    return constant;
  return std::optional(
      graph::Constant::of(RUNE_TRY(Tensor::zeros(type->dtype, type->sizes()))));
}

/// A tensor that no operator makes and that is no input: a constant, or a
/// variable, which is what the last layer made of it.
Known Walk::givenOf(size_t tensor) {
  Known &known = known_[tensor];
  if (known.state != Known::State::Nowhere ||
      makers_.contains(static_cast<int32_t>(tensor)))
    return known;
  bool isVariable = file_.tensor(tensor).is_variable();
  auto value = [&]() -> Result<ValueId> {
    if (isVariable)
      return scope_.frame.read(RUNE_TRY(variableCell(scope_, tensor)));
    auto contents = RUNE_TRY(contentsOf(tensor));
    return contents
               ? builder().constant(file_.nameOf(tensor), *std::move(contents))
               : noValue;
  }();
  if (!value) {
    known.state = Known::State::Failed;
    add(std::move(value).error().at(wholeFile()));
  } else if (isVariable) {
    return {Known::State::There, *value};
  } else if (*value != noValue) {
    known = {Known::State::There, *value};
  }
  return known;
}

/// False if an input is not there or its maker failed.
bool Walk::readInputs(size_t node, std::vector<ValueId> &inputs) {
  bool complete = true;
  const auto *list = file_.node(node).inputs();
  for (size_t i = 0; i < countOf(list); ++i) {
    int32_t tensor = list->Get(static_cast<uint32_t>(i));
    if (tensor < 0) {
      inputs.push_back(noValue);
      continue;
    }
    const Known known = givenOf(static_cast<size_t>(tensor));
    inputs.push_back(known.value);
    complete &= known.state == Known::State::There;
    if (known.state != Known::State::Nowhere)
      continue;
    std::string name = file_.nameOf(static_cast<size_t>(tensor));
    auto maker = makers_.find(tensor);
    if (maker == makers_.end())
      fault("import.malformed", placeOf(node),
            "layer `{}` reads `{}`, which nothing makes", layerName(node),
            name);
    else
      fault("import.malformed", placeOf(node),
            "layer `{}` reads `{}`, which layer `{}` makes later: operators "
            "must stand in the order in which they run",
            layerName(node), name, layerName(maker->second));
  }
  return complete;
}

/// The element type is what the file says; sizes that an older export left
/// behind do no harm, they follow from the operators.
Result<> Walk::checkResult(size_t node, size_t output, ValueId value) const {
  size_t tensor = static_cast<size_t>(
      file_.node(node).outputs()->Get(static_cast<uint32_t>(output)));
  if (file_.isResource(tensor) && scope_.frame.resourceOf(value))
    return {};
  TensorType stated = RUNE_TRY(file_.typeOf(tensor));
  // where not even the number of dimensions follows, the file knows it
  if (!builder().type(value).ranked)
    builder().refine(value,
                     {stated.dtype, Dims(stated.dims.size(), Dim::unknown())});
  const auto &found = builder().type(value);
  if (stated.dtype != found.dtype || scope_.frame.resourceOf(value))
    return error("import.malformed",
                 "layer `{}`: `{}` version {}: `{}` is said to be `{}`, but is "
                 "`{}`",
                 layerName(node), file_.codeOf(node).name(),
                 file_.codeOf(node).version, file_.nameOf(tensor), stated.str(),
                 found.str());
  return {};
}

/// Variables by name go to those who know what they are.
Result<> Walk::checkResources(const TfliteNode &node,
                              const TfliteOperator &op) const {
  if (op.callsGraphs() || op.name == "READ_VARIABLE" ||
      op.name == "ASSIGN_VARIABLE")
    return {};
  for (size_t i = 0; i < node.inputs(); ++i)
    if (scope_.frame.resourceOf(node.optionalInput(i)))
      return node.fail("input {} is a variable, not its value", i);
  return {};
}

Result<> Walk::checkOutputs(const TfliteNode &node,
                            const TfliteOperator &op) const {
  size_t least = op.callsGraphs() || op.outputs == 0 ? 0 : 1;
  if (node.outputs() >= least && node.outputs() <= op.outputs)
    return {};
  if (op.outputs == 0)
    return node.fail("{} outputs, it has none", node.outputs());
  return node.fail("{} outputs, it has {} to {}", node.outputs(), least,
                   op.outputs);
}

Imported Walk::translate(size_t index, std::vector<ValueId> inputs) {
  const TfliteOperator &op = *operatorOf(file_, index);
  TfliteNode node(scope_, index, std::move(inputs), layerName(index));
  RUNE_TRY(checkOutputs(node, op));
  RUNE_TRY(checkResources(node, op));
  std::vector<ValueId> results = RUNE_TRY(op.import(node));
  if (results.size() != node.outputs())
    return node.fail("{} outputs, needs {}", node.outputs(), results.size());
  for (size_t i = 0; i < results.size(); ++i)
    RUNE_TRY(checkResult(index, i, results[i]));
  return results;
}

/// Without results the outputs are known as failed.
void Walk::define(size_t node, const std::vector<ValueId> *results) {
  const auto *outputs = file_.node(node).outputs();
  for (size_t i = 0; i < countOf(outputs); ++i) {
    size_t tensor = static_cast<size_t>(outputs->Get(static_cast<uint32_t>(i)));
    Known &known = known_[tensor];
    if (known.state != Known::State::Nowhere)
      fault("import.malformed", placeOf(node),
            "layer `{}` makes `{}`, which is there already", layerName(node),
            file_.nameOf(tensor));
    else if (results)
      known = {Known::State::There, (*results)[i]};
    else
      known.state = Known::State::Failed;
  }
}

void Walk::addNode(size_t index) {
  if (++model_.visited > model_.mostVisited) {
    model_.exhausted = true;
    fault("import.limit", placeOf(index),
          "calls, branches and loops make more than {} layers of the file's",
          model_.mostVisited);
    return;
  }
  std::vector<ValueId> inputs;
  bool complete = readInputs(index, inputs);
  if (!operatorOf(file_, index))
    ++faults_; // reported with all of its kind
  if (!complete || !operatorOf(file_, index))
    return define(index, nullptr);
  auto results = translate(index, std::move(inputs));
  if (!results && results.error().code == inReport().code) {
    ++faults_;
  } else if (!results) {
    Diagnostic &why = add(std::move(results).error().at(placeOf(index)));
    model_.exhausted |= why.code == "import.limit";
    if (why.code == "graph.invalid")
      why.note(placeOf(index),
               fmt::format("imported from layer `{}`: `{}` version {}",
                           layerName(index), file_.codeOf(index).name(),
                           file_.codeOf(index).version));
  }
  define(index, results ? &*results : nullptr);
}

ValueId Walk::outputOf(size_t tensor) {
  const Known known = givenOf(tensor);
  if (known.state == Known::State::Nowhere)
    fault("import.malformed", wholeFile(), "nothing makes the output `{}`",
          file_.nameOf(tensor));
  return known.value;
}

Result<std::vector<ValueId>> Walk::run(const std::vector<ValueId> &inputs) {
  collectMakers();
  addInputs(inputs);
  // From here on a tensor is there, has failed, or is made by a later operator.
  for (size_t i = 0; i < file_.nodes() && !model_.exhausted; ++i)
    addNode(i);
  std::vector<ValueId> results;
  const auto *outputs = file_.graph().outputs();
  for (size_t i = 0; i < countOf(outputs) && !model_.exhausted; ++i)
    results.push_back(
        outputOf(static_cast<size_t>(outputs->Get(static_cast<uint32_t>(i)))));
  // an input that could not be read may be an output, or that of an operator
  bool complete = std::ranges::count(results, noValue) == 0;
  if (faults_ > 0 || model_.exhausted || !complete)
    return inReport();
  return results;
}

} // namespace

Result<CellId> TfliteModel::cell(const std::string &key, StateCell facts) {
  auto [at, isNew] = cellNames.try_emplace(key, cells.size());
  if (isNew)
    cells.push_back(std::move(facts));
  else if (cells[at->second].type != facts.type)
    return error("import.unsupported",
                 "variable `{}` is `{}` in one place, `{}` in another",
                 facts.name, cells[at->second].type.str(), facts.type.str());
  return at->second;
}

Diagnostic inReport() {
  return error("import.reported", "the reasons are in the report");
}

std::string layerNameOf(const TfliteFile &file, size_t node) {
  const auto *outputs = file.node(node).outputs();
  return countOf(outputs) == 0
             ? fmt::format("operator {}", node)
             : file.nameOf(static_cast<size_t>(outputs->Get(0)));
}

Result<std::vector<ValueId>>
importSubgraph(TfliteModel &model, TfliteFrame &frame, const TfliteFile &file,
               const TfliteCall &call, std::vector<ValueId> inputs) {
  return Walk(model, frame, file, call).run(inputs);
}

Result<std::vector<ValueId>>
callSubgraph(TfliteModel &model, TfliteFrame &frame, const TfliteCall &caller,
             int64_t subgraph, std::vector<ValueId> inputs,
             const std::string &layer, std::string_view part) {
  if (subgraph < 0 || static_cast<size_t>(subgraph) >= model.file.subgraphs())
    return error("import.malformed",
                 "layer `{}`: calls graph {}, the file has {}", layer, subgraph,
                 model.file.subgraphs());
  size_t index = static_cast<size_t>(subgraph);
  for (const TfliteCall *at = &caller; at; at = at->caller)
    if (at->subgraph == index)
      return error("import.malformed", "layer `{}`: graph {} calls itself",
                   layer, subgraph);
  if (caller.depth >= maxTfliteCallDepth)
    return error("import.limit", "layer `{}`: calls more than {} deep", layer,
                 maxTfliteCallDepth);
  TfliteFile file = model.file.at(index);
  if (countOf(file.graph().inputs()) != inputs.size())
    return error("import.malformed",
                 "layer `{}`: graph {} takes {} values, gets {}", layer,
                 subgraph, countOf(file.graph().inputs()), inputs.size());
  std::string path =
      fmt::format("{}/{}{}", layer, part, part.empty() ? "" : "/");
  if (path.size() > maxPathBytes)
    path = "…/";
  TfliteCall call{index, std::move(path), &caller, caller.depth + 1};
  return importSubgraph(model, frame, file, call, std::move(inputs));
}

std::vector<int64_t> calledBy(const TfliteFile &file, size_t node) {
  const tflite::Operator &facts = file.node(node);
  if (const auto *call = facts.options_as_CallOptions())
    return {call->subgraph()};
  if (const auto *both = facts.options_as_IfOptions())
    return {both->then_subgraph(), both->else_subgraph()};
  if (const auto *loop = facts.options_as_WhileOptions())
    return {loop->cond_subgraph(), loop->body_subgraph()};
  if (const auto *once = facts.options_as_CallOnceOptions())
    return {once->init_subgraph()};
  if (const auto *whole = facts.late_options_as_CompositeOptions())
    return {whole->graph()};
  return {};
}

std::vector<size_t> reachedFrom(const TfliteFile &file, size_t subgraph) {
  std::vector<size_t> reached = {subgraph};
  std::set<size_t> seen = {subgraph};
  for (size_t i = 0; i < reached.size(); ++i) {
    TfliteFile graph = file.at(reached[i]);
    for (size_t node = 0; node < graph.nodes(); ++node)
      for (int64_t called : calledBy(graph, node))
        if (called >= 0 && static_cast<size_t>(called) < file.subgraphs() &&
            seen.insert(static_cast<size_t>(called)).second)
          reached.push_back(static_cast<size_t>(called));
  }
  return reached;
}

namespace {

/// Other layers of one unsupported operator that are named.
constexpr size_t maxLayersListed = 200;

/// A kind of operator that cannot be imported.
struct Unsupported {
  std::string kind;
  const TfliteOperator *known;
  struct Layer {
    std::string name;
    Location place;
  };
  std::vector<Layer> layers;
};

std::vector<Unsupported> findUnsupported(const TfliteModel &model,
                                         const std::vector<size_t> &subgraphs) {
  std::vector<Unsupported> found;
  std::unordered_map<std::string, size_t> places;
  for (size_t subgraph : subgraphs) {
    TfliteFile file =
        model.file.index() == subgraph ? model.file : model.file.at(subgraph);
    for (size_t i = 0; i < file.nodes(); ++i) {
      if (operatorOf(file, i))
        continue;
      const TfliteOperatorCode &code = file.codeOf(i);
      std::string kind =
          fmt::format("`{}` version {}", code.name(), code.version);
      auto [at, isNew] = places.try_emplace(kind, found.size());
      if (isNew)
        found.push_back({kind, findOperator(code), {}});
      found[at->second].layers.push_back(
          {layerNameOf(file, i), {model.source, file.placeOf(i)}});
    }
  }
  return found;
}

} // namespace

/// One message for each operator, so that a hundred layers of one kind do not
/// hide the next kind; its other layers are notes.
void reportUnsupported(const TfliteModel &model,
                       const std::vector<size_t> &subgraphs) {
  std::vector<Unsupported> found = findUnsupported(model, subgraphs);
  if (found.size() > Report::maxKept)
    found.resize(Report::maxKept);
  for (const Unsupported &each : found) {
    const auto &layers = each.layers;
    Diagnostic &why = model.report.error(
        "import.unsupported", layers[0].place,
        "layer `{}`: operator {} is not supported", layers[0].name, each.kind);
    if (each.known)
      why.withHelp(fmt::format("versions up to {} are", each.known->newest));
    for (size_t i = 1; i < layers.size() && i <= maxLayersListed; ++i)
      why.note(layers[i].place, fmt::format("layer `{}` too", layers[i].name));
    if (layers.size() > maxLayersListed + 1)
      why.note({model.source, {}},
               fmt::format("and {} more layers",
                           layers.size() - maxLayersListed - 1));
  }
}

} // namespace rune::import
