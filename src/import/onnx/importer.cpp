// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "import/onnx/importer.h"

#include "import/onnx/model_adapter.h"
#include "import/onnx/operators.h"
#include "import/onnx/tensor_proto.h"

#include <map>
#include <unordered_map>
#include <unordered_set>

namespace rune::import {
namespace {

bool isStandard(std::string_view domain) { return plainDomain(domain).empty(); }

std::string fullName(const onnx::NodeProto &node) {
  return isStandard(node.domain()) ? node.op_type()
                                   : node.domain() + "." + node.op_type();
}

/// Other layers of one unsupported operator that are named.
constexpr size_t maxLayersListed = 200;

class Importer {
public:
  Importer(ParsedModel parsed, const SourcePtr &source, Report &report)
      : proto_(std::move(parsed.proto)), nodeSpans_(std::move(parsed.nodes)),
        model_(*proto_), graph_(model_.graph()), source_(source),
        report_(report), builder_(graph_.name()) {
    builder_.foldConstants();
  }

  Result<ImportedModel> run();

private:
  bool checkModel();
  bool checkNames();
  void readOpsets();
  void describe();
  void collectReads();
  void addInitializers();
  void addInputs();
  void reportUnsupported();
  void addNode(int index);
  void addOutputs();
  void addOutput(const onnx::ValueInfoProto &info, ValueId value);

  std::optional<int64_t> opsetOf(std::string_view domain) const;
  bool isOurs(const onnx::NodeProto &node) const;
  std::string versionOf(const onnx::NodeProto &node) const;
  std::string natureOf(const onnx::NodeProto &node) const;
  bool readInputs(const onnx::NodeProto &node, int index,
                  std::vector<ValueId> &inputs);
  void define(const onnx::NodeProto &node, int index,
              const std::vector<ValueId> *results);
  Result<TensorType> typeOf(const onnx::ValueInfoProto &info) const;
  std::string layerName(const onnx::NodeProto &node, int index) const;
  Location placeOf(int index) const;

  template <class... Args>
  void fault(std::string_view code, Location where,
             fmt::format_string<Args...> text, Args &&...args) {
    report_.error(code, std::move(where), text, std::forward<Args>(args)...);
  }
  Location file() const { return {source_, {}}; }

  std::shared_ptr<const onnx::ModelProto> proto_;
  std::vector<Span> nodeSpans_;
  const onnx::ModelProto &model_;
  const onnx::GraphProto &graph_;
  SourcePtr source_;
  Report &report_;
  graph::GraphBuilder builder_;
  ModelInfo info_;
  std::map<std::string, int64_t, std::less<>> opsets_;
  int64_t opset_ = 1;
  /// Every name somebody reads.
  std::unordered_set<std::string_view> read_;
  /// Which node makes a value.
  std::unordered_map<std::string_view, int> makers_;
  /// What is defined so far; nothing for a value whose maker failed.
  std::unordered_map<std::string_view, std::optional<ValueId>> values_;
};

Location Importer::placeOf(int index) const {
  size_t at = static_cast<size_t>(index);
  return at < nodeSpans_.size() ? Location{source_, nodeSpans_[at]} : file();
}

std::string Importer::layerName(const onnx::NodeProto &node, int index) const {
  if (!node.name().empty())
    return node.name();
  for (const std::string &output : node.output())
    if (!output.empty())
      return output;
  return fmt::format("{}#{}", node.op_type(), index);
}

bool Importer::checkModel() {
  if (model_.ir_version() < 1)
    fault("import.malformed", file(), "the model states no `ir_version`");
  if (!model_.has_graph())
    fault("import.malformed", file(), "the model has no graph");
  if (static_cast<size_t>(graph_.node_size()) > graph::maxNodes)
    fault("import.limit", file(), "{} nodes, at most {} are allowed",
          graph_.node_size(), graph::maxNodes);
  for (int count : {graph_.input_size(), graph_.output_size()})
    if (static_cast<size_t>(count) > maxEnds)
      fault("import.limit", file(),
            "{} inputs or outputs, at most {} are allowed", count, maxEnds);
  return !report_.failed();
}

/// Names stand in messages and in what we store: UTF-8, and of a length that
/// can be read.
bool Importer::checkNames() {
  auto check = [&](const std::string &name, std::string_view what) {
    if (name.size() > maxNameBytes)
      fault("import.limit", file(), "{} of {} bytes, at most {} are allowed",
            what, name.size(), maxNameBytes);
    else if (!isUtf8(asBytes(name)))
      fault("import.malformed", file(), "{} is not UTF-8", what);
  };
  auto checkInfo = [&](const onnx::ValueInfoProto &info) {
    check(info.name(), "the name of an input or output");
    for (const auto &dim : info.type().tensor_type().shape().dim())
      check(dim.dim_param(), "the name of a dimension");
  };
  check(graph_.name(), "the name of the graph");
  check(model_.producer_name(), "the name of the producer");
  check(model_.producer_version(), "the version of the producer");
  for (const auto &import : model_.opset_import())
    check(import.domain(), "the name of an operator domain");
  for (const auto &tensor : graph_.initializer())
    check(tensor.name(), "the name of an initializer");
  for (const auto &tensor : graph_.sparse_initializer())
    check(tensor.values().name(), "the name of an initializer");
  for (const auto &info : graph_.input())
    checkInfo(info);
  for (const auto &info : graph_.output())
    checkInfo(info);
  for (const auto &node : graph_.node()) {
    check(node.name(), "the name of a node");
    check(node.op_type(), "the name of an operator");
    check(node.domain(), "the name of an operator domain");
    for (const std::string &name : node.input())
      check(name, "the name of a value");
    for (const std::string &name : node.output())
      check(name, "the name of a value");
    for (const auto &attribute : node.attribute()) {
      check(attribute.name(), "the name of an attribute");
      check(attribute.ref_attr_name(), "the name of an attribute");
    }
  }
  return !report_.failed();
}

void Importer::readOpsets() {
  bool standard = false;
  for (const auto &import : model_.opset_import()) {
    std::string domain(plainDomain(import.domain()));
    if (import.version() < 1)
      fault("import.malformed", file(), "version {} of operator domain `{}`",
            import.version(), import.domain());
    auto [at, isNew] = opsets_.emplace(domain, import.version());
    if (!isNew && at->second != import.version())
      fault("import.malformed", file(),
            "versions {} and {} of operator domain `{}`", at->second,
            import.version(), import.domain());
    standard |= domain.empty();
    const OnnxDomain *known = findDomain(domain);
    if (known && !domain.empty() && import.version() > known->newest)
      fault("import.unsupported", file(),
            "the model uses version {} of the operators of `{}`, the newest "
            "known here is {}",
            import.version(), domain, known->newest);
  }
  if (standard)
    opset_ = opsets_.find("")->second;
  else if (model_.ir_version() >= 3 && model_.opset_import_size() == 0)
    fault("import.malformed", file(),
          "the model does not state which version of the operators it uses "
          "(`opset_import`)");
  if (opset_ > newestOpset)
    fault("import.unsupported", file(),
          "the model uses version {} of the standard operators, the newest "
          "known here is {}",
          opset_, newestOpset);
}

void Importer::describe() {
  info_.format = "onnx";
  info_.producer = model_.producer_name();
  if (!model_.producer_version().empty())
    info_.producer +=
        (info_.producer.empty() ? "" : " ") + model_.producer_version();
  info_.opsets.assign(opsets_.begin(), opsets_.end());
  std::map<std::string, uint64_t> counts;
  for (const auto &node : graph_.node())
    ++counts[fullName(node)];
  info_.operators.assign(counts.begin(), counts.end());
}

void Importer::collectReads() {
  for (int i = 0; i < graph_.node_size(); ++i) {
    for (const std::string &name : graph_.node(i).input())
      read_.insert(name);
    for (const std::string &name : graph_.node(i).output())
      makers_.emplace(name, i);
  }
  for (const auto &output : graph_.output())
    read_.insert(output.name());
}

void Importer::addInitializers() {
  for (const auto &tensor : graph_.initializer()) {
    if (tensor.name().empty())
      fault("import.malformed", file(), "an initializer has no name");
    auto [at, isNew] = values_.try_emplace(tensor.name(), std::nullopt);
    if (!isNew)
      fault("import.malformed", file(), "two initializers are called `{}`",
            tensor.name());
    if (!isNew || !read_.contains(tensor.name()))
      continue;
    auto constant = decodeTensor(tensor, proto_);
    if (constant)
      at->second = builder_.constant(tensor.name(), *std::move(constant));
    else
      report_.add(std::move(constant).error().at(file()));
  }
  for (const auto &tensor : graph_.sparse_initializer()) {
    values_.try_emplace(tensor.values().name(), std::nullopt);
    fault("import.unsupported", file(),
          "initializer `{}`: sparse tensors are not supported",
          tensor.values().name());
  }
}

Dim dimOf(const onnx::TensorShapeProto::Dimension &dim) {
  if (dim.has_dim_value())
    return dim.dim_value() >= 0 ? Dim(dim.dim_value()) : Dim::unknown();
  return dim.dim_param().empty() ? Dim::unknown() : Dim::named(dim.dim_param());
}

std::string_view kindOf(const onnx::TypeProto &type) {
  switch (type.value_case()) {
  case onnx::TypeProto::kSequenceType:
    return "a sequence";
  case onnx::TypeProto::kMapType:
    return "a map";
  case onnx::TypeProto::kOptionalType:
    return "an optional value";
  case onnx::TypeProto::kSparseTensorType:
    return "a sparse tensor";
  default:
    return "of an opaque type";
  }
}

Result<TensorType> Importer::typeOf(const onnx::ValueInfoProto &info) const {
  const onnx::TypeProto &type = info.type();
  if (type.value_case() == onnx::TypeProto::VALUE_NOT_SET)
    return error("import.malformed", "`{}` has no type", info.name());
  if (!type.has_tensor_type())
    return error("import.unsupported", "`{}` is {}, only tensors are supported",
                 info.name(), kindOf(type));
  auto dtype = elementType(type.tensor_type().elem_type());
  if (!dtype)
    return error(dtype.error().code, "`{}`: {}", info.name(),
                 dtype.error().message);
  if (!type.tensor_type().has_shape())
    return error("import.unsupported",
                 "`{}` has no shape; at least the number of dimensions is "
                 "needed",
                 info.name())
        .withHelp("export the model with the shapes of its inputs");
  TensorType result{*dtype, {}};
  for (const auto &dim : type.tensor_type().shape().dim())
    result.dims.push_back(dimOf(dim));
  if (result.dims.size() > graph::maxRank)
    return error("import.limit",
                 "`{}` has {} dimensions, at most {} are allowed", info.name(),
                 result.dims.size(), graph::maxRank);
  if (result.isStatic())
    if (auto count = elementCount(result.sizes()); !count)
      return error("import.limit", "`{}`: {}", info.name(),
                   count.error().message);
  return result;
}

/// An input that an initializer gives a value too is a constant for us: nobody
/// can leave an input away, and before format version 4 all were listed.
void Importer::addInputs() {
  std::unordered_set<std::string_view> seen;
  for (const auto &info : graph_.input()) {
    if (info.name().empty())
      fault("import.malformed", file(), "an input has no name");
    else if (!seen.insert(info.name()).second)
      fault("import.malformed", file(), "two inputs are called `{}`",
            info.name());
    auto [at, isNew] = values_.try_emplace(info.name(), std::nullopt);
    if (!isNew)
      continue;
    auto type = typeOf(info);
    if (type)
      at->second = builder_.input(info.name(), *std::move(type));
    else
      report_.add(std::move(type).error().at(file()));
  }
}

/// The version of a domain's operators that the model uses, if it says.
std::optional<int64_t> Importer::opsetOf(std::string_view domain) const {
  if (isStandard(domain))
    return opset_;
  auto found = opsets_.find(domain);
  return found == opsets_.end() ? std::nullopt : std::optional(found->second);
}

bool Importer::isOurs(const onnx::NodeProto &node) const {
  return opsetOf(node.domain()) && findOperator(node.domain(), node.op_type());
}

std::string Importer::versionOf(const onnx::NodeProto &node) const {
  if (isStandard(node.domain()))
    return fmt::format("of opset {}", opset_);
  auto version = opsetOf(node.domain());
  return version ? fmt::format("of version {}", *version)
                 : "of a domain the model does not import";
}

/// What makes an operator one that we cannot read, besides its name.
std::string Importer::natureOf(const onnx::NodeProto &node) const {
  for (const auto &attribute : node.attribute())
    if (attribute.has_g() || attribute.graphs_size() > 0)
      return ", which holds graphs of its own,";
  for (const auto &function : model_.functions())
    if (function.domain() == node.domain() && function.name() == node.op_type())
      return ", a function of the model,";
  return "";
}

/// One message for each operator, so that a hundred layers of one kind do not
/// hide the next kind; its other layers are notes.
void Importer::reportUnsupported() {
  std::vector<std::string> order;
  std::unordered_map<std::string, std::vector<int>> layers;
  for (int i = 0; i < graph_.node_size(); ++i) {
    if (isOurs(graph_.node(i)))
      continue;
    std::vector<int> &same = layers[fullName(graph_.node(i))];
    if (same.empty())
      order.push_back(fullName(graph_.node(i)));
    same.push_back(i);
  }
  if (order.size() > Report::maxKept)
    order.resize(Report::maxKept);
  for (const std::string &name : order) {
    const std::vector<int> &same = layers[name];
    const onnx::NodeProto &node = graph_.node(same[0]);
    Diagnostic &why = report_.error(
        "import.unsupported", placeOf(same[0]),
        "layer `{}`: operator `{}` {}{} is not supported",
        layerName(node, same[0]), name, versionOf(node), natureOf(node));
    for (size_t i = 1; i < same.size() && i <= maxLayersListed; ++i)
      why.note(placeOf(same[i]),
               fmt::format("layer `{}` too",
                           layerName(graph_.node(same[i]), same[i])));
    if (same.size() > maxLayersListed + 1)
      why.note(file(), fmt::format("and {} more layers",
                                   same.size() - maxLayersListed - 1));
  }
}

/// False if an input is not there or its maker failed.
bool Importer::readInputs(const onnx::NodeProto &node, int index,
                          std::vector<ValueId> &inputs) {
  bool complete = true;
  for (const std::string &name : node.input()) {
    if (name.empty()) {
      inputs.push_back(noValue);
      continue;
    }
    auto found = values_.find(name);
    if (found != values_.end()) {
      complete &= found->second.has_value();
      inputs.push_back(found->second.value_or(noValue));
      continue;
    }
    complete = false;
    auto maker = makers_.find(name);
    if (maker == makers_.end())
      fault("import.malformed", placeOf(index),
            "layer `{}` reads `{}`, which nothing makes",
            layerName(node, index), name);
    else
      fault("import.malformed", placeOf(index),
            "layer `{}` reads `{}`, which layer `{}` makes later: nodes "
            "must stand in topological order, without cycles",
            layerName(node, index), name,
            layerName(graph_.node(maker->second), maker->second));
  }
  return complete;
}

/// Gives the outputs their names; without results they are known as failed.
void Importer::define(const onnx::NodeProto &node, int index,
                      const std::vector<ValueId> *results) {
  for (int i = 0; i < node.output_size(); ++i) {
    const std::string &name = node.output(i);
    if (name.empty())
      continue;
    bool made = results && static_cast<size_t>(i) < results->size();
    if (!made && results && !read_.contains(name))
      continue;
    auto [at, isNew] = values_.try_emplace(
        name, made ? std::optional((*results)[static_cast<size_t>(i)])
                   : std::nullopt);
    if (!isNew)
      fault("import.malformed", placeOf(index),
            "layer `{}` makes `{}`, which is there already",
            layerName(node, index), name);
    else if (!made && results)
      fault("import.unsupported", placeOf(index),
            "layer `{}`: output {} (`{}`) of `{}` of opset {} is not "
            "supported",
            layerName(node, index), i, name, node.op_type(), opset_);
  }
}

void Importer::addNode(int index) {
  const onnx::NodeProto &proto = graph_.node(index);
  std::vector<ValueId> inputs;
  bool complete = readInputs(proto, index, inputs);
  if (!isOurs(proto) || !complete)
    return define(proto, index, nullptr);

  std::vector<bool> read;
  for (const std::string &name : proto.output())
    read.push_back(!name.empty() && read_.contains(name));
  OnnxNode node({proto, layerName(proto, index), *opsetOf(proto.domain()),
                 proto_, std::move(inputs), std::move(read), builder_});
  const OnnxOperator &op = *findOperator(proto.domain(), proto.op_type());
  auto results = [&]() -> Imported {
    RUNE_TRY(node.checkAttributes());
    if (static_cast<size_t>(proto.output_size()) > op.outputs)
      return node.fail("{} outputs, it has at most {}", proto.output_size(),
                       op.outputs);
    std::vector<ValueId> made = RUNE_TRY(op.import(node));
    RUNE_TRY(node.checkAllRead());
    return made;
  }();
  auto *made = results ? &*results : nullptr;
  if (!made) {
    Diagnostic &why =
        report_.add(std::move(results).error().at(placeOf(index)));
    if (why.code == "graph.invalid")
      why.note(placeOf(index), "imported from " + node.layer());
  }
  define(proto, index, made);
}

/// What the file says of an output must not contradict what we found; sizes are
/// often left over from another export, so they only warn.
void Importer::addOutput(const onnx::ValueInfoProto &info, ValueId value) {
  TensorType found = builder_.type(value);
  builder_.output(value, info.name());
  auto stated = typeOf(info);
  if (!stated)
    return;
  if (stated->dtype != found.dtype)
    fault("import.malformed", file(),
          "output `{}` is said to be `{}`, but is `{}`", info.name(),
          stated->str(), found.str());
  else if (!mayFlow(found, *stated))
    report_.warning("import.shape-mismatch", file(),
                    "output `{}` is said to be `{}`, but is `{}`", info.name(),
                    stated->str(), found.str());
}

void Importer::addOutputs() {
  std::unordered_set<std::string_view> seen;
  for (const auto &info : graph_.output()) {
    auto found = values_.find(info.name());
    if (info.name().empty() || found == values_.end())
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

Result<ImportedModel> Importer::run() {
  if (!checkModel() || !checkNames())
    return report_.failure();
  readOpsets();
  describe();
  reportUnsupported();
  collectReads();
  addInitializers();
  addInputs();
  // From here on a name is known or has failed, whatever the nodes do.
  for (int i = 0; i < graph_.node_size(); ++i)
    addNode(i);
  addOutputs();
  if (report_.failed())
    return report_.failure();
  auto graph = std::move(builder_).finish();
  if (!graph) {
    report_.add(std::move(graph).error().at(file()));
    return report_.failure();
  }
  return ImportedModel{*std::move(graph), std::move(info_)};
}

} // namespace

Result<ImportedModel> importOnnx(ByteSpan bytes, const SourcePtr &source,
                                 Report &report) {
  auto parsed = parseModel(bytes, source);
  if (!parsed) {
    report.add(std::move(parsed).error());
    return report.failure();
  }
  return Importer(*std::move(parsed), source, report).run();
}

} // namespace rune::import
