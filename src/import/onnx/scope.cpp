// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "import/onnx/scope.h"

#include "import/onnx/operators.h"

namespace rune::import {

ValueId Frame::reach(const Frame &frame, ValueId value,
                     const std::string &name) {
  if (&frame == this || value == noValue)
    return value;
  auto known = reached_.find({&frame, value});
  if (known != reached_.end())
    return known->second;
  RUNE_CHECK(outer, "the frame stands around this one");
  ValueId near = outer->reach(frame, value, name);
  ValueId here = noValue;
  if (const graph::Constant *constant = outer->builder.constantAt(near)) {
    here = builder.constant(name, *constant);
  } else {
    here = builder.input(name, outer->builder.type(near));
    captures.push_back(near);
  }
  reached_[{&frame, value}] = here;
  return here;
}

std::string localName(const onnx::NodeProto &node, int index) {
  if (!node.name().empty())
    return node.name();
  for (const std::string &output : node.output())
    if (!output.empty())
      return output;
  return fmt::format("{}#{}", node.op_type(), index);
}

std::string Scope::layerName(int index) const {
  return path + localName(nodes[index], index);
}

std::optional<int64_t> Scope::opset(std::string_view domain) const {
  auto found = opsets.find(plainDomain(domain));
  if (found != opsets.end())
    return found->second;
  // files of the first format versions state none
  return plainDomain(domain).empty() ? std::optional<int64_t>(1) : std::nullopt;
}

static void collectReads(const Nodes &nodes,
                         std::unordered_set<std::string_view> &read) {
  for (const auto &node : nodes) {
    for (const std::string &name : node.input())
      read.insert(name);
    eachGraph(node, [&](const onnx::GraphProto &graph, const std::string &) {
      collectReads(graph.node(), read);
      for (const auto &output : graph.output())
        read.insert(output.name());
    });
  }
}

void Scope::collect() {
  collectReads(nodes, read);
  for (int i = 0; i < nodes.size(); ++i)
    for (const std::string &name : nodes[i].output())
      makers.emplace(name, i);
}

} // namespace rune::import
