// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "import/onnx/scope.h"

#include "graph/ops.h"
#include "import/onnx/operators.h"
#include "import/onnx/scalar.h"

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

Result<ValueId> Frame::runs() {
  Frame *model = this;
  while (model->outer)
    model = model->outer;
  if (!model->runs_) {
    graph::GraphBuilder &builder = model->builder;
    ValueId count = builder.variable("runs", TensorType{DType::I64, {}});
    ValueId one = builder.constant(
        "runs/one", graph::Constant::of(scalarOf(DType::I64, 1)));
    builder.update(count, RUNE_TRY(builder.one(graph::Op::Add, "runs/next",
                                               {count, one})));
    model->runs_ = count;
  }
  return reach(*model, *model->runs_, "runs");
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

uint64_t countNodes(const Nodes &nodes) {
  auto sum = static_cast<uint64_t>(nodes.size());
  for (const auto &node : nodes)
    eachGraph(node, [&](const onnx::GraphProto &graph, const std::string &) {
      sum += countNodes(graph.node());
    });
  return sum;
}

static uint64_t collectReads(const Nodes &nodes,
                             std::unordered_set<std::string_view> &read) {
  auto sum = static_cast<uint64_t>(nodes.size());
  for (const auto &node : nodes) {
    for (const std::string &name : node.input())
      read.insert(name);
    eachGraph(node, [&](const onnx::GraphProto &graph, const std::string &) {
      sum += collectReads(graph.node(), read);
      for (const auto &output : graph.output())
        read.insert(output.name());
    });
  }
  return sum;
}

uint64_t Scope::collect() {
  for (int i = 0; i < nodes.size(); ++i)
    for (const std::string &name : nodes[i].output())
      makers.emplace(name, i);
  return collectReads(nodes, read);
}

} // namespace rune::import
