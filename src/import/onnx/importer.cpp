// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "import/onnx/importer.h"

#include "import/onnx/graph_importer.h"
#include "import/onnx/model_adapter.h"
#include "import/onnx/operators.h"
#include "import/onnx/value_type.h"

#include <algorithm>

namespace rune::import {
namespace {

class Importer {
public:
  Importer(ParsedModel parsed, const SourcePtr &source, Report &report,
           const ImportOptions &options)
      : state_{parsed.proto, std::move(parsed.nodes),  source,
               report,       Functions(*parsed.proto), {}},
        model_(*state_.proto), graph_(model_.graph()), report_(report),
        frame_(graph_.name()), shapes_(options.shapes) {
    state_.raw = std::move(parsed.raw);
    state_.outside = OutsideFiles(options.folder);
  }
  /// Keeps the bytes of the file, which constants may point into.
  void keep(std::shared_ptr<const void> bytes) {
    state_.bytes = std::move(bytes);
  }

  Result<ImportedModel> run();

private:
  bool checkModel();
  bool checkNames();
  void checkName(const std::string &name, std::string_view what);
  void checkInfo(const onnx::ValueInfoProto &info);
  void checkNodes(const Nodes &nodes);
  void readOpsets();
  void checkOpset(std::string_view domain, int64_t version);
  void describe();
  void bindShapes(const Scope &scope);
  void addInputs(Scope &scope);
  void addOutputs(Scope &scope);
  void addOutput(const onnx::ValueInfoProto &info, ValueId value);
  Result<ImportedModel> finish();

  template <class... Args>
  void fault(std::string_view code, Location where,
             fmt::format_string<Args...> text, Args &&...args) {
    report_.error(code, std::move(where), text, std::forward<Args>(args)...);
  }
  Location file() const { return state_.file(); }

  ImportState state_;
  const onnx::ModelProto &model_;
  const onnx::GraphProto &graph_;
  Report &report_;
  Frame frame_;
  ModelInfo info_;
  GivenShapes shapes_;
};

/// Nodes of a list and of the graphs they hold.
uint64_t countNodes(const Nodes &nodes,
                    std::map<std::string, uint64_t> &counts) {
  uint64_t sum = 0;
  for (const auto &node : nodes) {
    ++sum;
    ++counts[plainDomain(node.domain()).empty()
                 ? node.op_type()
                 : node.domain() + "." + node.op_type()];
    eachGraph(node, [&](const onnx::GraphProto &graph, const std::string &) {
      sum += countNodes(graph.node(), counts);
    });
  }
  return sum;
}

bool Importer::checkModel() {
  if (model_.ir_version() < 1)
    fault("import.malformed", file(), "the model states no `ir_version`");
  if (!model_.has_graph())
    fault("import.malformed", file(), "the model has no graph");
  std::map<std::string, uint64_t> counts;
  uint64_t nodes = countNodes(graph_.node(), counts);
  for (const auto &function : model_.functions())
    nodes += countNodes(function.node(), counts);
  if (nodes > graph::maxNodes)
    fault("import.limit", file(), "{} nodes, at most {} are allowed", nodes,
          graph::maxNodes);
  state_.mostVisited = nodes + maxAddedNodes;
  info_.operators.assign(counts.begin(), counts.end());
  for (int count : {graph_.input_size(), graph_.output_size()})
    if (static_cast<size_t>(count) > maxEnds)
      fault("import.limit", file(),
            "{} inputs or outputs, at most {} are allowed", count, maxEnds);
  return !report_.failed();
}

/// Names stand in messages and in what we store: UTF-8, and of a length that
/// can be read.
void Importer::checkName(const std::string &name, std::string_view what) {
  if (name.size() > maxNameBytes)
    fault("import.limit", file(), "{} of {} bytes, at most {} are allowed",
          what, name.size(), maxNameBytes);
  else if (!isUtf8(asBytes(name)))
    fault("import.malformed", file(), "{} is not UTF-8", what);
}

void Importer::checkInfo(const onnx::ValueInfoProto &info) {
  checkName(info.name(), "the name of an input or output");
  const onnx::TypeProto *type = &info.type();
  while (type->has_sequence_type() || type->has_optional_type())
    type = type->has_sequence_type() ? &type->sequence_type().elem_type()
                                     : &type->optional_type().elem_type();
  for (const auto &dim : type->tensor_type().shape().dim())
    checkName(dim.dim_param(), "the name of a dimension");
}

void Importer::checkNodes(const Nodes &nodes) {
  for (const auto &node : nodes) {
    checkName(node.name(), "the name of a node");
    checkName(node.op_type(), "the name of an operator");
    checkName(node.domain(), "the name of an operator domain");
    for (const std::string &name : node.input())
      checkName(name, "the name of a value");
    for (const std::string &name : node.output())
      checkName(name, "the name of a value");
    for (const auto &attribute : node.attribute()) {
      checkName(attribute.name(), "the name of an attribute");
      checkName(attribute.ref_attr_name(), "the name of an attribute");
    }
    eachGraph(node, [&](const onnx::GraphProto &graph, const std::string &) {
      checkName(graph.name(), "the name of a graph");
      for (const auto &tensor : graph.initializer())
        checkName(tensor.name(), "the name of an initializer");
      for (const auto &info : graph.input())
        checkInfo(info);
      for (const auto &info : graph.output())
        checkInfo(info);
      checkNodes(graph.node());
    });
  }
}

bool Importer::checkNames() {
  checkName(graph_.name(), "the name of the graph");
  checkName(model_.producer_name(), "the name of the producer");
  checkName(model_.producer_version(), "the version of the producer");
  for (const auto &import : model_.opset_import())
    checkName(import.domain(), "the name of an operator domain");
  for (const auto &tensor : graph_.initializer())
    checkName(tensor.name(), "the name of an initializer");
  for (const auto &tensor : graph_.sparse_initializer())
    checkName(tensor.values().name(), "the name of an initializer");
  for (const auto &info : graph_.input())
    checkInfo(info);
  for (const auto &info : graph_.output())
    checkInfo(info);
  checkNodes(graph_.node());
  for (const auto &function : model_.functions()) {
    checkName(function.name(), "the name of a function");
    checkName(function.domain(), "the name of an operator domain");
    for (const auto &name : function.input())
      checkName(name, "the name of a value");
    for (const auto &name : function.output())
      checkName(name, "the name of a value");
    checkNodes(function.node());
  }
  return !report_.failed();
}

void Importer::checkOpset(std::string_view domain, int64_t version) {
  const OnnxDomain *known = findDomain(domain);
  if (known && version > known->newest)
    fault("import.unsupported", file(),
          "the model uses version {} of the {} operators, the newest known "
          "here is {}",
          version, domain.empty() ? "standard" : domain, known->newest);
}

void Importer::readOpsets() {
  for (const auto &import : model_.opset_import()) {
    std::string domain(plainDomain(import.domain()));
    if (import.version() < 1)
      fault("import.malformed", file(), "version {} of operator domain `{}`",
            import.version(), import.domain());
    auto [at, isNew] = state_.opsets.emplace(domain, import.version());
    if (!isNew && at->second != import.version())
      fault("import.malformed", file(),
            "versions {} and {} of operator domain `{}`", at->second,
            import.version(), import.domain());
    checkOpset(domain, import.version());
  }
  for (const auto &function : model_.functions())
    for (const auto &import : function.opset_import())
      checkOpset(plainDomain(import.domain()), import.version());
  if (model_.ir_version() >= 3 && model_.opset_import_size() == 0)
    fault("import.malformed", file(),
          "the model does not state which version of the operators it uses "
          "(`opset_import`)");
}

void Importer::describe() {
  info_.format = "onnx";
  info_.producer = model_.producer_name();
  if (!model_.producer_version().empty())
    info_.producer +=
        (info_.producer.empty() ? "" : " ") + model_.producer_version();
  info_.opsets.assign(state_.opsets.begin(), state_.opsets.end());
}

/// What the user says of the sizes, before any input is there.
void Importer::bindShapes(const Scope &scope) {
  auto bound = [&]() -> Result<> {
    for (const auto &info : graph_.input()) {
      auto type = valueTypeOf(info);
      if (type && type->isTensor() && !scope.values.contains(info.name()))
        RUNE_TRY(shapes_.bind(info.name(), *type));
    }
    return shapes_.check();
  }();
  if (!bound)
    report_.add(std::move(bound).error().at(file()));
}

/// An input that an initializer gives a value too is a constant for us: nobody
/// can leave an input away, and before format version 4 all were listed.
void Importer::addInputs(Scope &scope) {
  bindShapes(scope);
  std::unordered_set<std::string_view> seen;
  for (const auto &info : graph_.input()) {
    if (info.name().empty())
      fault("import.malformed", file(), "an input has no name");
    else if (!seen.insert(info.name()).second)
      fault("import.malformed", file(), "two inputs are called `{}`",
            info.name());
    auto [at, isNew] = scope.values.try_emplace(info.name(), std::nullopt);
    if (!isNew)
      continue;
    auto type = valueTypeOf(info);
    if (type && type->isTensor())
      *type = shapes_.applied(info.name(), *type);
    if (type)
      at->second = frame_.builder.input(info.name(), *std::move(type));
    else
      report_.add(std::move(type).error().at(file()));
  }
}

/// What the file says of an output must not contradict what we found; sizes are
/// often left over from another export, so they only warn.
void Importer::addOutput(const onnx::ValueInfoProto &info, ValueId value) {
  graph::ValueType found = frame_.builder.type(value);
  frame_.builder.output(value, info.name());
  auto stated = valueTypeOf(info);
  if (!stated)
    return;
  bool flows = !stated->ranked || !found.ranked ||
               found.form != graph::Form::Tensor || mayFlow(found, *stated);
  if (stated->dtype != found.dtype || stated->form != found.form)
    fault("import.malformed", file(),
          "output `{}` is said to be `{}`, but is `{}`", info.name(),
          stated->str(), found.str());
  else if (!flows)
    report_.warning("import.shape-mismatch", file(),
                    "output `{}` is said to be `{}`, but is `{}`", info.name(),
                    stated->str(), found.str());
}

void Importer::addOutputs(Scope &scope) {
  std::unordered_set<std::string_view> seen;
  for (const auto &info : graph_.output()) {
    auto found = scope.values.find(info.name());
    if (info.name().empty() || found == scope.values.end())
      fault("import.malformed", file(), "nothing makes the output `{}`",
            info.name());
    else if (!seen.insert(info.name()).second)
      fault("import.malformed", file(), "two outputs are called `{}`",
            info.name());
    else if (found->second)
      addOutput(info, *found->second);
  }
  if (graph_.output_size() == 0)
    fault("import.malformed", file(), "the graph has no outputs");
}

Result<ImportedModel> Importer::finish() {
  if (report_.failed())
    return report_.failure();
  auto graph = std::move(frame_.builder).finish();
  if (!graph) {
    report_.add(std::move(graph).error().at(file()));
    return report_.failure();
  }
  return ImportedModel{*std::move(graph), std::move(info_)};
}

Result<ImportedModel> Importer::run() {
  if (!checkModel() || !checkNames())
    return report_.failure();
  readOpsets();
  describe();
  reportUnsupported(state_, graph_.node());
  Scope scope(frame_, graph_.node(), state_.opsets, state_.proto);
  for (const auto &info : graph_.value_info())
    scope.infos.push_back(&info);
  for (const auto &info : graph_.output()) {
    scope.infos.push_back(&info);
    scope.read.insert(info.name());
  }
  scope.collect();
  addInitializers(state_, scope, graph_);
  addInputs(scope);
  // From here on a name is known or has failed, whatever the nodes do.
  importNodes(state_, scope);
  if (!state_.isExhausted())
    addOutputs(scope);
  return finish();
}

} // namespace

Result<ImportedModel> importOnnx(ByteSpan bytes,
                                 std::shared_ptr<const void> owner,
                                 const SourcePtr &source, Report &report,
                                 const ImportOptions &options) {
  auto parsed = parseModel(bytes, source, owner != nullptr);
  if (!parsed) {
    report.add(std::move(parsed).error());
    return report.failure();
  }
  Importer importer(*std::move(parsed), source, report, options);
  importer.keep(std::move(owner));
  return importer.run();
}

} // namespace rune::import
