// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Small graphs with bodies, for tests.
#pragma once

#include "graph/one_node.h"
#include "graph/ops.h"
#include "graph/plan.h"

#include <functional>

namespace rune::graph::test {

inline ValueType typeNamed(std::string_view text) {
  return *parseTensorType(text);
}
inline ValueType sequenceNamed(std::string_view text) {
  ValueType type = typeNamed(text);
  type.form = Form::Sequence;
  return type;
}
inline ValueType unranked(DType dtype, Form form = Form::Tensor) {
  return ValueType::of(form, dtype, std::nullopt);
}

template <class... T> Items items(T... list) {
  Items all;
  (all.push_back(std::move(list)), ...);
  return all;
}
template <class... T> std::vector<Graph> graphs(T... list) {
  std::vector<Graph> all;
  (all.push_back(std::move(list)), ...);
  return all;
}

/// A graph of inputs x0, x1, … whose outputs `make` gives.
using Make = std::function<std::vector<ValueId>(GraphBuilder &,
                                                const std::vector<ValueId> &)>;
inline Graph graphOf(const std::vector<ValueType> &inputs, const Make &make,
                     const std::string &name = "body") {
  GraphBuilder builder(name);
  std::vector<ValueId> ids;
  for (const ValueType &type : inputs)
    ids.push_back(builder.input(fmt::format("x{}", ids.size()), type));
  for (ValueId output : make(builder, ids))
    builder.output(output, fmt::format("y{}", output));
  auto graph = std::move(builder).finish();
  RUNE_CHECK(graph.ok(), "a graph of a test");
  return *std::move(graph);
}

/// One node of the plan, on inputs of these types.
inline Result<Graph> planNode(Op op, const std::vector<ValueType> &inputs,
                              std::vector<Attribute> attributes = {},
                              size_t outputs = 1,
                              std::vector<Graph> bodies = {}) {
  GraphBuilder builder("test");
  std::vector<ValueId> ids;
  for (const ValueType &type : inputs)
    ids.push_back(builder.input(fmt::format("x{}", ids.size()), type));
  auto results = RUNE_TRY(builder.node(op, "node", ids, std::move(attributes),
                                       outputs, std::move(bodies)));
  for (size_t i = 0; i < results.size(); ++i)
    builder.output(results[i], fmt::format("y{}", i));
  return std::move(builder).finish();
}

inline Tensor tensorOf(std::string_view type, std::string_view numbers) {
  TensorType parsed = *parseTensorType(type);
  if (parsed.dtype != DType::Bool)
    return *Tensor::copyOf(constantOf(parsed, numbers).view());
  auto tensor = *Tensor::zeros(DType::Bool, parsed.sizes());
  std::istringstream in{std::string(numbers)};
  for (uint8_t &byte : tensor.bytes()) {
    int bit = 0;
    in >> bit;
    byte = bit != 0;
  }
  return tensor;
}
inline Item itemOf(std::string_view type, std::string_view numbers) {
  return Item::of(tensorOf(type, numbers));
}

inline std::string shown(const TensorView &view) {
  std::string text = view.type().str() + " =";
  for (uint64_t i = 0; i < *elementCount(view.sizes); ++i) {
    DType dtype = view.dtype == DType::Bool ? DType::U8 : view.dtype;
    withNumeric(dtype, [&]<class T>(Type<T>) {
      text += fmt::format(
          " {}", widen(Elements<T>(view.data)[static_cast<int64_t>(i)]));
    });
  }
  return text;
}
/// `f32[2] = 1 2`, `(…; …)` for a sequence, `none`.
inline std::string shown(const Item &item) {
  if (item.tensor)
    return shown(item.view());
  if (!item.list)
    return "none";
  std::string text = "(";
  for (const SharedTensor &tensor : item.list->tensors)
    text += (text.size() > 1 ? "; " : "") + shown(tensor->view);
  return text + ")";
}

/// The results as text, or the refusal.
inline std::string run(const Result<Graph> &graph, Items inputs,
                       const EvaluateLimits &limits = {},
                       uint64_t turns = maxTurns) {
  if (!graph)
    return graph.error().code + ": " + graph.error().message;
  auto results =
      evaluateItems(*graph, std::move(inputs), limits, nullptr, turns);
  if (!results)
    return results.error().code + ": " + results.error().message;
  std::string text;
  for (const Item &item : *results)
    text += (text.empty() ? "" : ", ") + shown(item);
  return text;
}

} // namespace rune::graph::test
