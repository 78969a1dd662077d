// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "import/onnx/graph_importer.h"

#include "import/onnx/importer.h"
#include "import/onnx/open_ranks.h"
#include "import/onnx/operators.h"
#include "import/onnx/tensor_proto.h"
#include "import/onnx/value_type.h"

#include <algorithm>

namespace rune::import {

Location ImportState::placeOf(int index) const {
  size_t at = static_cast<size_t>(index);
  return at < nodeSpans.size() ? Location{source, nodeSpans[at]} : file();
}

std::optional<std::optional<ValueId>> lookUp(Scope &scope,
                                             std::string_view name) {
  for (Scope *at = &scope; at; at = at->outer) {
    auto found = at->values.find(name);
    if (found == at->values.end())
      continue;
    if (!found->second)
      return std::optional<ValueId>();
    return scope.frame.reach(at->frame, *found->second, std::string(name));
  }
  return std::nullopt;
}

/// Elements stand in the message, in the file around it, or in another file.
static Result<graph::Constant> initializer(ImportState &state,
                                           const Scope &scope,
                                           const onnx::GraphProto &graph,
                                           size_t index) {
  const onnx::TensorProto &tensor = graph.initializer(static_cast<int>(index));
  std::optional<OutsideData> outside;
  if (isOutside(tensor))
    outside = RUNE_TRY(state.outside.read(tensor));
  else if (&graph == &state.proto->graph() && index < state.raw.size() &&
           state.raw[index])
    outside = OutsideData{*state.raw[index], state.bytes};
  return decodeTensor(tensor, scope.owner, outside ? &*outside : nullptr);
}

void addInitializers(ImportState &state, Scope &scope,
                     const onnx::GraphProto &graph) {
  Report &report = state.report;
  for (int i = 0; i < graph.initializer_size(); ++i) {
    const auto &tensor = graph.initializer(i);
    if (tensor.name().empty())
      report.error("import.malformed", state.file(),
                   "an initializer has no name");
    auto [at, isNew] = scope.values.try_emplace(tensor.name(), std::nullopt);
    if (!isNew)
      report.error("import.malformed", state.file(),
                   "two initializers are called `{}`", tensor.name());
    if (!isNew || !scope.read.contains(tensor.name()))
      continue;
    auto constant = initializer(state, scope, graph, static_cast<size_t>(i));
    if (constant)
      at->second =
          scope.frame.builder.constant(tensor.name(), *std::move(constant));
    else
      report.add(std::move(constant).error().at(state.file()));
  }
  for (const auto &tensor : graph.sparse_initializer()) {
    scope.values.try_emplace(tensor.values().name(), std::nullopt);
    report.error("import.unsupported", state.file(),
                 "initializer `{}`: sparse tensors are not supported",
                 tensor.values().name());
  }
}

namespace {

/// The graphs of one node. In a body it is that of the body's frame.
class NodeBodies : public Bodies {
public:
  NodeBodies(ImportState &state, Scope &scope, Frame &frame, std::string layer,
             int place, std::shared_ptr<const onnx::NodeProto> owner)
      : state_(state), scope_(scope), frame_(frame), layer_(std::move(layer)),
        place_(place), owner_(std::move(owner)) {}

  Result<Values> inlined(const onnx::GraphProto &graph, Values inputs,
                         std::string_view part) override {
    auto results = put(graph, std::move(inputs), part);
    if (results || results.error().code == "import.reported")
      return results;
    // here, so that the next branch can say what is wrong with it too
    state_.report.add(std::move(results).error().at(state_.placeOf(place_)));
    return reported();
  }
  Result<Body> build(std::string_view part, const Make &make) override;
  ValueId reach(ValueId value) override {
    return frame_.reach(*frame_.outer, value, fmt::format("outer{}", value));
  }
  Result<ValueId> runs() override { return frame_.runs(); }
  std::optional<ValueId> named(std::string_view name) override {
    auto found = &frame_ == &scope_.frame ? lookUp(scope_, name) : std::nullopt;
    return found ? *found : std::nullopt;
  }

private:
  Result<Values> put(const onnx::GraphProto &graph, Values inputs,
                     std::string_view part);
  std::string pathOf(std::string_view part) const {
    return part.empty() ? layer_ : fmt::format("{}/{}", layer_, part);
  }

  ImportState &state_;
  Scope &scope_;
  Frame &frame_;
  std::string layer_;
  int place_;
  /// Keeps the node that holds the graphs.
  std::shared_ptr<const onnx::NodeProto> owner_;
};

class NodesImporter {
public:
  NodesImporter(ImportState &state, Scope &scope)
      : state_(state), scope_(scope) {}

  void run() {
    for (int i = 0; i < scope_.nodes.size(); ++i) {
      if (state_.isExhausted())
        return;
      ++state_.visited;
      addNode(i);
      if (state_.isExhausted() && !std::exchange(state_.saidSo, true))
        fault("import.limit", i,
              "functions, branches and loops make more than {} layers of the "
              "file's",
              state_.mostVisited);
    }
  }

private:
  void addNode(int index);
  std::optional<std::vector<ValueId>>
  importOne(int index, std::shared_ptr<const onnx::NodeProto> proto,
            std::vector<ValueId> inputs);
  std::optional<std::vector<ValueId>>
  call(int index, const onnx::FunctionProto &function,
       std::shared_ptr<const onnx::NodeProto> proto,
       std::vector<ValueId> inputs);
  bool mayCall(int index, const onnx::FunctionProto &function);
  bool readInputs(int index, std::vector<ValueId> &inputs);
  void define(int index, const std::vector<ValueId> *results);
  void refine(std::string_view name, ValueId value);

  int place(int index) const { return scope_.place < 0 ? index : scope_.place; }
  Location placeOf(int index) const { return state_.placeOf(place(index)); }
  template <class... Args>
  void fault(std::string_view code, int index, fmt::format_string<Args...> text,
             Args &&...args) {
    state_.report.error(code, placeOf(index), text,
                        std::forward<Args>(args)...);
  }

  ImportState &state_;
  Scope &scope_;
};

/// False if an input is not there or its maker failed.
bool NodesImporter::readInputs(int index, std::vector<ValueId> &inputs) {
  bool complete = true;
  for (const std::string &name : scope_.nodes[index].input()) {
    if (name.empty()) {
      inputs.push_back(noValue);
      continue;
    }
    if (auto found = lookUp(scope_, name)) {
      complete &= found->has_value();
      inputs.push_back(found->value_or(noValue));
      continue;
    }
    complete = false;
    auto maker = scope_.makers.find(name);
    if (maker == scope_.makers.end())
      fault("import.malformed", index,
            "layer `{}` reads `{}`, which nothing makes",
            scope_.layerName(index), name);
    else
      fault("import.malformed", index,
            "layer `{}` reads `{}`, which layer `{}` makes later: nodes "
            "must stand in topological order, without cycles",
            scope_.layerName(index), name, scope_.layerName(maker->second));
  }
  return complete;
}

/// Where not even the number of dimensions follows, the file may know it.
void NodesImporter::refine(std::string_view name, ValueId value) {
  graph::GraphBuilder &builder = scope_.frame.builder;
  if (builder.type(value).ranked || scope_.infos.empty())
    return;
  for (const onnx::ValueInfoProto *info : scope_.infos) {
    if (info->name() != name)
      continue;
    auto type = valueTypeOf(*info);
    if (type && type->isTensor())
      builder.refine(value,
                     {type->dtype, Dims(type->dims.size(), Dim::unknown())});
    return;
  }
}

/// Gives the outputs their names; without results they are known as failed.
void NodesImporter::define(int index, const std::vector<ValueId> *results) {
  const onnx::NodeProto &node = scope_.nodes[index];
  for (int i = 0; i < node.output_size(); ++i) {
    const std::string &name = node.output(i);
    if (name.empty())
      continue;
    size_t at = static_cast<size_t>(i);
    bool made = results && at < results->size() && (*results)[at] != noValue;
    if (!made && results && !scope_.read.contains(name))
      continue;
    auto [place, isNew] = scope_.values.try_emplace(
        name, made ? std::optional((*results)[at]) : std::nullopt);
    if (!isNew)
      fault("import.malformed", index,
            "layer `{}` makes `{}`, which is there already",
            scope_.layerName(index), name);
    else if (!made && results)
      fault("import.unsupported", index,
            "layer `{}`: output {} (`{}`) of `{}` of opset {} is not "
            "supported",
            scope_.layerName(index), i, name, node.op_type(),
            scope_.opset(node.domain()).value_or(0));
    else if (made)
      refine(name, (*results)[at]);
  }
}

void NodesImporter::addNode(int index) {
  const onnx::NodeProto &node = scope_.nodes[index];
  std::vector<ValueId> inputs;
  if (!readInputs(index, inputs))
    return define(index, nullptr);
  auto proto = resolved({scope_.owner, &node}, scope_.arguments);
  if (proto.get() != &node)
    eachGraph(*proto, [&](const onnx::GraphProto &graph, const std::string &) {
      state_.searched += countNodes(graph.node());
    });
  std::optional<std::vector<ValueId>> results;
  if (scope_.opset(node.domain()) &&
      findOperator(node.domain(), node.op_type()))
    results = importOne(index, std::move(proto), std::move(inputs));
  else if (const auto *function = state_.functions.find(node))
    results = call(index, *function, std::move(proto), std::move(inputs));
  define(index, results ? &*results : nullptr);
}

/// What the operator's importer says, and that it looked at all of the node.
static Imported importWith(const OnnxOperator &op, OnnxNode &node) {
  RUNE_TRY(node.checkAttributes());
  if (node.outputs() > op.outputs)
    return node.fail("{} outputs, it has at most {}", node.outputs(),
                     op.outputs);
  auto made = op.import(node);
  if (made)
    RUNE_TRY(node.checkAllRead());
  return made;
}

std::optional<std::vector<ValueId>>
NodesImporter::importOne(int index,
                         std::shared_ptr<const onnx::NodeProto> proto,
                         std::vector<ValueId> inputs) {
  std::vector<bool> read;
  for (const std::string &name : proto->output())
    read.push_back(!name.empty() && scope_.read.contains(name));
  const OnnxOperator &op = *findOperator(proto->domain(), proto->op_type());
  NodeBodies bodies(state_, scope_, scope_.frame, scope_.layerName(index),
                    place(index), proto);
  bool holdsGraphs = false;
  eachGraph(*proto, [&](const onnx::GraphProto &, const std::string &) {
    holdsGraphs = true;
  });
  ImportLayer layer = [&](Bodies &inside, graph::GraphBuilder &builder,
                          Bodies::Values values) -> Imported {
    if (state_.isExhausted())
      return error("import.limit", "layer `{}`: too many ranks to try",
                   scope_.layerName(index));
    if (&inside != &bodies)
      state_.visited += visitsPerRank;
    OnnxNode node({*proto, scope_.layerName(index),
                   *scope_.opset(proto->domain()), proto, values, read, builder,
                   &inside});
    auto made = importWith(op, node);
    if (!node.askedOpen())
      return made;
    auto open = std::ranges::find_if(values, [&](ValueId value) {
      return value != noValue && !builder.type(value).ranked;
    });
    if (holdsGraphs || open == values.end())
      return node.unsupported("the number of dimensions of an input is not "
                              "known before the run");
    return importByRank(inside, builder, scope_.layerName(index), values,
                        static_cast<size_t>(open - values.begin()), layer);
  };
  auto results = layer(bodies, scope_.frame.builder, std::move(inputs));
  if (results)
    return *std::move(results);
  if (results.error().code == "import.reported")
    return std::nullopt;
  Diagnostic &why =
      state_.report.add(std::move(results).error().at(placeOf(index)));
  if (why.code == "graph.invalid")
    why.note(placeOf(index),
             fmt::format("imported from layer `{}`: `{}` of opset {}",
                         scope_.layerName(index), proto->op_type(),
                         scope_.opset(proto->domain()).value_or(0)));
  return std::nullopt;
}

/// Functions that call themselves, or one another without end, are none.
bool NodesImporter::mayCall(int index, const onnx::FunctionProto &function) {
  for (const Scope *at = &scope_; at; at = at->caller)
    if (at->function == &function) {
      fault("import.malformed", index, "layer `{}`: function `{}` calls itself",
            scope_.layerName(index), function.name());
      return false;
    }
  if (scope_.depth < maxCallDepth)
    return true;
  fault("import.limit", index,
        "layer `{}`: functions and graphs more than {} deep",
        scope_.layerName(index), maxCallDepth);
  return false;
}

std::optional<std::vector<ValueId>>
NodesImporter::call(int index, const onnx::FunctionProto &function,
                    std::shared_ptr<const onnx::NodeProto> proto,
                    std::vector<ValueId> inputs) {
  if (!mayCall(index, function))
    return std::nullopt;
  if (static_cast<int>(inputs.size()) > function.input_size() ||
      proto->output_size() > function.output_size()) {
    fault("import.malformed", index,
          "layer `{}`: {} inputs and {} outputs, function `{}` has {} and {}",
          scope_.layerName(index), inputs.size(), proto->output_size(),
          function.name(), function.input_size(), function.output_size());
    return std::nullopt;
  }
  Opsets opsets = opsetsOf(function, state_.opsets);
  Arguments arguments(function, std::move(proto));
  Scope inside(scope_.frame, function.node(), opsets, state_.proto);
  inside.arguments = &arguments;
  inside.function = &function;
  inside.caller = &scope_;
  inside.depth = scope_.depth + 1;
  inside.path = scope_.layerName(index) + "/";
  inside.place = place(index);
  for (const auto &info : function.value_info())
    inside.infos.push_back(&info);
  state_.searched += inside.collect();
  for (const std::string &name : function.output())
    inside.read.insert(name);
  for (int i = 0; i < function.input_size(); ++i)
    inside.values.try_emplace(function.input(i),
                              static_cast<size_t>(i) < inputs.size()
                                  ? inputs[static_cast<size_t>(i)]
                                  : noValue);
  importNodes(state_, inside);
  if (state_.isExhausted())
    return std::nullopt;
  std::vector<ValueId> results;
  for (int i = 0; i < scope_.nodes[index].output_size(); ++i) {
    auto found = lookUp(inside, function.output(i));
    if (!found)
      fault("import.malformed", index,
            "layer `{}`: nothing makes the output `{}` of function `{}`",
            scope_.layerName(index), function.output(i), function.name());
    if (!found || !*found)
      return std::nullopt;
    results.push_back(**found);
  }
  return results;
}

Result<Bodies::Values> NodeBodies::put(const onnx::GraphProto &graph,
                                       Values inputs, std::string_view part) {
  if (static_cast<size_t>(graph.input_size()) != inputs.size())
    return error("import.malformed",
                 "`{}`: graph `{}` takes {} inputs, gets {}", layer_,
                 graph.name(), graph.input_size(), inputs.size());
  if (scope_.depth >= maxCallDepth)
    return error("import.limit", "`{}`: functions and graphs more than {} deep",
                 layer_, maxCallDepth);
  Scope inside(frame_, graph.node(), scope_.opsets, owner_);
  inside.outer = &scope_;
  inside.arguments = scope_.arguments;
  inside.function = scope_.function;
  inside.caller = &scope_;
  inside.depth = scope_.depth + 1;
  inside.path = pathOf(part) + "/";
  inside.place = place_;
  for (const auto &info : graph.value_info())
    inside.infos.push_back(&info);
  for (const auto &info : graph.output())
    inside.infos.push_back(&info);
  state_.searched += inside.collect();
  for (const auto &info : graph.output())
    inside.read.insert(info.name());
  for (int i = 0; i < graph.input_size(); ++i)
    if (!inside.values
             .try_emplace(graph.input(i).name(), inputs[static_cast<size_t>(i)])
             .second)
      return error("import.malformed", "`{}`: two inputs are called `{}`",
                   layer_, graph.input(i).name());
  addInitializers(state_, inside, graph);
  importNodes(state_, inside);
  if (state_.isExhausted())
    return reported();
  Values results;
  for (const auto &info : graph.output()) {
    auto found = lookUp(inside, info.name());
    if (!found || info.name().empty())
      return error("import.malformed", "`{}`: nothing makes the output `{}`",
                   layer_, info.name());
    if (!*found)
      return reported();
    results.push_back(**found);
  }
  return results;
}

Result<Body> NodeBodies::build(std::string_view part, const Make &make) {
  Frame frame(pathOf(part), &frame_);
  NodeBodies inside(state_, scope_, frame, pathOf(part), place_, owner_);
  Values outputs = RUNE_TRY(make(inside, frame.builder));
  for (size_t i = 0; i < outputs.size(); ++i)
    frame.builder.output(outputs[i], fmt::format("result{}", i));
  return Body{RUNE_TRY(std::move(frame.builder).finish()),
              std::move(frame.captures)};
}

} // namespace

void importNodes(ImportState &state, Scope &scope) {
  NodesImporter(state, scope).run();
}

} // namespace rune::import
