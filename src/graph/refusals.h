// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What tests of constraints share: nodes that are refused, by the number in the
// message.
#pragma once

#include "graph/evaluate.h"
#include "graph/one_node.h"

#include <gtest/gtest.h>

namespace rune::graph::test {

/// A node that breaks one constraint.
struct Refusal {
  std::string rule;
  Op op;
  std::vector<std::string> inputs;
  std::vector<Attribute> attributes = {};
  size_t outputs = 1;
};

/// Each is refused while its graph is built.
inline void expectRefusals(const std::vector<Refusal> &refusals) {
  for (const Refusal &refusal : refusals) {
    SCOPED_TRACE(
        fmt::format("{} ({})", refusal.rule, fmt::join(refusal.inputs, " ")));
    auto graph = oneNode(refusal.op, refusal.inputs, refusal.attributes,
                         refusal.outputs);
    ASSERT_FALSE(graph.ok());
    EXPECT_EQ(graph.error().code, "graph.invalid");
    EXPECT_TRUE(
        graph.error().message.ends_with(fmt::format("({})", refusal.rule)))
        << graph.error().message;
    EXPECT_TRUE(graph.error().message.starts_with("`node`"))
        << graph.error().message;
  }
}

/// The node is sound, and refuses these values when it is computed.
inline void expectFailure(Op op, const std::vector<std::string> &constants,
                          std::vector<Attribute> attributes,
                          std::string_view rule) {
  SCOPED_TRACE(rule);
  auto graph = oneNode(op, constants, std::move(attributes));
  ASSERT_TRUE(graph.ok()) << graph.error().message;
  auto result = evaluate(*graph, {});
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code, "evaluate.failed");
  EXPECT_TRUE(result.error().message.ends_with(fmt::format("({})", rule)))
      << result.error().message;
}

} // namespace rune::graph::test
