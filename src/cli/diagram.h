// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The picture of a pipeline: boxes and arrows, from a Rune or from a Runefile,
// as text for `dot` or mermaid.
#pragma once

#include "check/pipeline.h"
#include "container/rune_file.h"

#include <string>
#include <vector>

namespace rune::cli {

enum class BoxKind { Capability, ProcBlock, Model, Out };

struct Box {
  std::string name;
  /// "IMAGE", "label 0.1.0", "model.onnx", "SERIAL"
  std::string what;
  BoxKind kind = BoxKind::Capability;
};

struct Arrow {
  size_t from = 0;
  size_t to = 0;
  /// The tensor that travels: "u8[1, 28, 28, 3]".
  std::string label;
};

struct Diagram {
  std::string name;
  std::vector<Box> boxes;
  std::vector<Arrow> arrows;
};

Diagram diagramOf(const container::RuneFile &file);
Diagram diagramOf(const check::Pipeline &pipeline, std::string name);

std::string_view boxKindName(BoxKind kind);

/// Graphviz text, in the colours of the first system: capabilities green,
/// blocks tan, models violet, outputs red.
std::string toDot(const Diagram &diagram);
/// A mermaid flowchart, as code hosts draw it in Markdown.
std::string toMermaid(const Diagram &diagram);

/// The picture that `dot` draws of `dot` text.
///
/// errors  `graph.no-dot` (graphviz is not installed), `graph.dot-failed`
Result<std::string> toSvg(const std::string &dot);

} // namespace rune::cli
