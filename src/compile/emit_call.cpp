// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compile/emit_call.h"

#include "compile/regions.h"

namespace rune::compile {

using graph::noValue;
using graph::ValueId;

llvm::Value *CallWriter::views(const graph::Graph &graph,
                               const std::vector<ValueId> &ids,
                               llvm::ArrayRef<llvm::Value *> operands) {
  llvm::Value *base = allocate(ids.size() * sizeof(library::View));
  for (size_t i = 0; i < ids.size(); ++i)
    view(base, i * sizeof(library::View),
         ids[i] == noValue ? nullptr : &graph.values[ids[i]], operands[i]);
  return base;
}

llvm::Value *CallWriter::attributes(const graph::Node &node) {
  llvm::Value *base =
      allocate(node.attributes.size() * sizeof(library::Attribute));
  for (size_t i = 0; i < node.attributes.size(); ++i)
    attribute(base, i * sizeof(library::Attribute), node.attributes[i].value);
  return base;
}

llvm::Value *CallWriter::call(const graph::Graph &graph,
                              const graph::Node &node,
                              llvm::ArrayRef<llvm::Value *> operands,
                              llvm::Value *scratch, llvm::Value *control) {
  llvm::Value *in = views(graph, node.inputs, operands);
  llvm::Value *out =
      views(graph, node.outputs, operands.drop_front(node.inputs.size()));
  llvm::Value *base = allocate(sizeof(library::Call));
  store(base, offsetof(library::Call, in), in);
  store(base, offsetof(library::Call, out), out);
  store(base, offsetof(library::Call, attributes), attributes(node));
  store(base, offsetof(library::Call, scratch), scratch);
  store(base, offsetof(library::Call, control), control);
  store(base, offsetof(library::Call, inputs),
        ir_.getInt32(static_cast<uint32_t>(node.inputs.size())));
  store(base, offsetof(library::Call, outputs),
        ir_.getInt32(static_cast<uint32_t>(node.outputs.size())));
  return base;
}

std::string signatureOf(const graph::Graph &graph, const graph::Node &node) {
  std::string text = kernelName(node.op);
  for (const auto *ids : {&node.inputs, &node.outputs}) {
    text += '|';
    for (ValueId id : *ids)
      text += (id == noValue ? "-" : graph.values[id].type.str()) + ";";
  }
  auto bytes = [&](const auto &numbers) {
    text.append(reinterpret_cast<const char *>(numbers.data()),
                numbers.size() * sizeof numbers[0]);
  };
  for (const graph::Attribute &attribute : node.attributes) {
    text += '|' + attribute.name + '=';
    if (auto *number = std::get_if<int64_t>(&attribute.value))
      bytes(std::span(number, 1));
    else if (auto *real = std::get_if<double>(&attribute.value))
      bytes(std::span(real, 1));
    else if (auto *words = std::get_if<std::string>(&attribute.value))
      text += *words;
    else if (auto *list = std::get_if<std::vector<int64_t>>(&attribute.value))
      bytes(*list);
    else
      bytes(std::get<std::vector<double>>(attribute.value));
  }
  return text;
}

} // namespace rune::compile
