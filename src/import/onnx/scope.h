// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Where names mean something while a model is read. A *frame* is a graph of
// ours that is being built: the model's, or a body's. A *scope* is a list of
// nodes of the file with its names: the model's graph, a subgraph, which also
// sees the names around it, or a function, which sees none but its inputs.
// Several scopes may build one frame: functions and branches that are known
// beforehand are put in place.
#pragma once

#include "graph/builder.h"
#include "import/onnx/functions.h"

#include <unordered_map>
#include <unordered_set>

namespace rune::import {

struct Frame {
  explicit Frame(const std::string &name, Frame *outer = nullptr)
      : outer(outer), builder(name) {
    builder.foldConstants(outer ? graph::Refused::Kept : graph::Refused::Error);
  }

  /// The value here that is `value` of `frame`, which is this one or stands
  /// around it. A constant is taken along, anything else becomes an input.
  graph::ValueId reach(const Frame &frame, graph::ValueId value,
                       const std::string &name);
  /// How often the model has run, a single i64: a variable of the model's
  /// frame, made when it is first asked for.
  Result<graph::ValueId> runs();

  Frame *outer;
  graph::GraphBuilder builder;
  /// Values of the frame around, one for each input behind the formal ones.
  std::vector<graph::ValueId> captures;

private:
  std::map<std::pair<const Frame *, graph::ValueId>, graph::ValueId> reached_;
  std::optional<graph::ValueId> runs_;
};

/// Nodes of a graph or of a function.
using Nodes = google::protobuf::RepeatedPtrField<onnx::NodeProto>;

struct Scope {
  Scope(Frame &frame, const Nodes &nodes, const Opsets &opsets,
        std::shared_ptr<const void> owner)
      : frame(frame), nodes(nodes), opsets(opsets), owner(std::move(owner)) {}

  std::string layerName(int index) const;
  /// Version of a domain's operators here, if it is stated.
  std::optional<int64_t> opset(std::string_view domain) const;

  /// Notes what the nodes make and read, in their subgraphs too; how many
  /// nodes it looked at.
  uint64_t collect();

  Frame &frame;
  const Nodes &nodes;
  const Opsets &opsets;
  /// Keeps the nodes: the model, or a copy of a node that holds their graph.
  std::shared_ptr<const void> owner;
  /// Whose names are seen here too.
  Scope *outer = nullptr;
  /// In a function: what it was called with.
  const Arguments *arguments = nullptr;
  /// The function whose nodes these are, and the scope of its call.
  const onnx::FunctionProto *function = nullptr;
  const Scope *caller = nullptr;
  /// Calls and subgraphs around this.
  size_t depth = 0;
  /// Before the names of layers: "loop1/body/".
  std::string path;
  /// The node of the model's graph within which this is; -1 for that graph.
  int place = -1;
  /// Of the graph, where it has any: what the file says of its values.
  std::vector<const onnx::ValueInfoProto *> infos;

  /// Every name somebody reads.
  std::unordered_set<std::string_view> read;
  /// Which node makes a value.
  std::unordered_map<std::string_view, int> makers;
  /// What is defined so far; nothing for a value whose maker failed.
  std::unordered_map<std::string_view, std::optional<graph::ValueId>> values;
};

/// The name of a node, of its first output, or its operator and place.
std::string localName(const onnx::NodeProto &node, int index);

/// The nodes of a list and of all graphs inside.
uint64_t countNodes(const Nodes &nodes);

/// Calls `each` for every graph that a node holds, with the attribute's name.
template <class F> void eachGraph(const onnx::NodeProto &node, F &&each) {
  for (const auto &attribute : node.attribute()) {
    if (attribute.has_g())
      each(attribute.g(), attribute.name());
    for (const auto &graph : attribute.graphs())
      each(graph, attribute.name());
  }
}

} // namespace rune::import
