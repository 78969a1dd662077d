// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Graphs of one node from short texts, for tests. `f32[N, 3]` is an input,
// `i64[2] = 4 5` a constant, an empty text an input that is not there.
#pragma once

#include "graph/builder.h"
#include "graph/numeric.h"

#include <sstream>

namespace rune::graph::test {

inline Constant constantOf(const TensorType &type, std::string_view numbers) {
  auto tensor = Tensor::zeros(type.dtype, type.sizes());
  std::istringstream in{std::string(numbers)};
  for (uint64_t i = 0; i < tensor->count(); ++i) {
    double number = 0;
    in >> number;
    withNumeric(type.dtype, [&]<class T>(Type<T>) {
      tensor->as<T>()[i] = narrow<T>(number);
    });
  }
  return Constant::of(std::move(*tensor));
}

inline ValueId addInput(GraphBuilder &builder, const std::string &text,
                        size_t index) {
  if (text.empty())
    return noValue;
  size_t equal = text.find('=');
  std::string typeText = text.substr(0, equal);
  while (typeText.back() == ' ')
    typeText.pop_back();
  auto type = parseTensorType(typeText);
  RUNE_CHECK(type.ok(), "a type in a test");
  std::string name = fmt::format("x{}", index);
  if (equal == text.npos)
    return builder.input(name, *type);
  return builder.constant(name, constantOf(*type, text.substr(equal + 1)));
}

inline Result<Graph> oneNode(Op op, const std::vector<std::string> &inputs,
                             std::vector<Attribute> attributes = {},
                             size_t outputs = 1) {
  GraphBuilder builder("test");
  std::vector<ValueId> ids;
  for (const std::string &text : inputs)
    ids.push_back(addInput(builder, text, ids.size()));
  auto results =
      RUNE_TRY(builder.node(op, "node", ids, std::move(attributes), outputs));
  for (size_t i = 0; i < results.size(); ++i)
    builder.output(results[i], fmt::format("y{}", i));
  return std::move(builder).finish();
}

/// The type of the first result, or the refusal.
inline std::string inferred(Op op, const std::vector<std::string> &inputs,
                            std::vector<Attribute> attributes = {},
                            size_t outputs = 1) {
  auto graph = oneNode(op, inputs, std::move(attributes), outputs);
  if (!graph)
    return graph.error().code + ": " + graph.error().message;
  return graph->values[graph->outputs[0]].type.str();
}

using List = std::vector<int64_t>;

} // namespace rune::graph::test
