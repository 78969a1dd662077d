// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cli/diagram.h"

#include <gmock/gmock.h>

namespace rune::cli {
namespace {

using testing::HasSubstr;

Diagram twoBoxes() {
  return {"a \"name\"",
          {{"in", "RAW", BoxKind::Capability},
           {"x\"]; y [", "a\\b#<c>", BoxKind::Model}},
          {{0, 1, "u8[1, \"n\"]"}}};
}

// Names come from a Rune, which may be a stranger's: they must not become
// graph.
TEST(Diagram, DotQuotesWhatANameMayHold) {
  std::string dot = toDot(twoBoxes());
  EXPECT_THAT(dot, HasSubstr(R"(digraph "a \"name\"" {)"));
  EXPECT_THAT(dot, HasSubstr(R"(n1 [label="x\"]; y [\na\\b#<c>", fillcolor=)"));
  EXPECT_THAT(dot, HasSubstr(R"(n0 -> n1 [label="u8[1, \"n\"]"])"));
}

TEST(Diagram, MermaidWritesSpecialCharactersAsEntities) {
  std::string mermaid = toMermaid(twoBoxes());
  EXPECT_THAT(mermaid,
              HasSubstr(R"(n1["x#34;]; y [<br/>a\b#35;#60;c#62;"]:::model)"));
  EXPECT_THAT(mermaid, HasSubstr(R"(n0 -->|"u8[1, #34;n#34;]"| n1)"));
}

TEST(Diagram, FollowsTheEdgesOfARune) {
  container::RuneFile file;
  file.blocks.push_back({"label", {}, {}});
  file.stages = {{"raw",
                  container::StageKind::Capability,
                  "RAW",
                  0,
                  {},
                  {},
                  {{DType::U8, {Dim(4)}}},
                  1},
                 {"words",
                  container::StageKind::ProcBlock,
                  "",
                  0,
                  {},
                  {{0, 0}},
                  {{DType::Utf8, {Dim(4)}}},
                  0},
                 {"out",
                  container::StageKind::Out,
                  "SERIAL",
                  0,
                  {},
                  {{1, 0}, {0, 0}},
                  {},
                  2}};
  Diagram diagram = diagramOf(file);
  ASSERT_EQ(diagram.boxes.size(), 3u);
  EXPECT_EQ(diagram.boxes[1].what, "label");
  ASSERT_EQ(diagram.arrows.size(), 3u);
  EXPECT_EQ(diagram.arrows[1].from, 1u);
  EXPECT_EQ(diagram.arrows[1].label, "utf8[4]");
  EXPECT_EQ(diagram.arrows[2].label, "u8[4]");
}

} // namespace
} // namespace rune::cli
