// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cli/diagram.h"

#include <algorithm>

namespace rune::cli {

std::string_view boxKindName(BoxKind kind) {
  constexpr std::string_view names[] = {"capability", "proc-block", "model",
                                        "out"};
  return names[static_cast<size_t>(kind)];
}

/// Pipeline and RuneFile have the same stages in other words; `what` says what
/// a stage is made of.
template <class Stages, class What>
static Diagram diagramFrom(std::string name, const Stages &stages, What what) {
  Diagram diagram{std::move(name), {}, {}};
  for (const auto &stage : stages) {
    size_t to = diagram.boxes.size();
    diagram.boxes.push_back(
        {stage.name, what(stage), static_cast<BoxKind>(stage.kind)});
    for (const auto &edge : stage.inputs)
      diagram.arrows.push_back(
          {edge.stage, to, stages[edge.stage].outputs[edge.port].str()});
  }
  return diagram;
}

Diagram diagramOf(const container::RuneFile &file) {
  return diagramFrom(file.name, file.stages,
                     [&](const container::Stage &stage) {
                       switch (stage.kind) {
                       case container::StageKind::ProcBlock:
                         return file.blocks[stage.artifact].name;
                       case container::StageKind::Model:
                         return file.models[stage.artifact].name;
                       default:
                         return stage.capability;
                       }
                     });
}

Diagram diagramOf(const check::Pipeline &pipeline, std::string name) {
  return diagramFrom(std::move(name), pipeline.stages,
                     [](const check::Stage &stage) { return stage.what; });
}

namespace {

std::string_view fillColour(BoxKind kind) {
  constexpr std::string_view colours[] = {"#b5e2b5", "#ecd9b9", "#d3c4f0",
                                          "#f4b6b6"};
  return colours[static_cast<size_t>(kind)];
}

/// A quoted string of the dot language.
std::string dotQuoted(std::string_view text) {
  std::string result = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\')
      result += '\\';
    result += c == '\n' ? ' ' : c;
  }
  return result + '"';
}

/// Mermaid reads entities such as #quot; inside quoted labels.
std::string mermaidQuoted(std::string_view text) {
  std::string result = "\"";
  for (char c : text)
    if (c == '"' || c == '#' || c == '<' || c == '>' || c == '&')
      result += fmt::format("#{};", static_cast<int>(c));
    else
      result += c == '\n' ? ' ' : c;
  return result + '"';
}

} // namespace

std::string toDot(const Diagram &diagram) {
  std::string text = fmt::format(
      "digraph {} {{\n  rankdir=LR\n"
      "  node [shape=box, style=\"rounded,filled\", fontname=\"Helvetica\"]\n"
      "  edge [fontname=\"Helvetica\", fontsize=10]\n",
      dotQuoted(diagram.name));
  for (size_t i = 0; i < diagram.boxes.size(); ++i) {
    const Box &box = diagram.boxes[i];
    // dot itself turns the two characters \n of a label into a new line.
    std::string label = dotQuoted(box.name);
    label.insert(label.size() - 1, "\\n" + dotQuoted(box.what).substr(1));
    label.pop_back();
    text += fmt::format("  n{} [label={}, fillcolor=\"{}\"]\n", i, label,
                        fillColour(box.kind));
  }
  for (const Arrow &arrow : diagram.arrows)
    text += fmt::format("  n{} -> n{} [label={}]\n", arrow.from, arrow.to,
                        dotQuoted(arrow.label));
  return text + "}\n";
}

std::string toMermaid(const Diagram &diagram) {
  std::string text = "flowchart LR\n";
  for (size_t i = 0; i < diagram.boxes.size(); ++i) {
    const Box &box = diagram.boxes[i];
    std::string label = mermaidQuoted(box.name);
    label.pop_back();
    label += "<br/>" + mermaidQuoted(box.what).substr(1);
    text += fmt::format("  n{}[{}]:::{}\n", i, label,
                        box.kind == BoxKind::ProcBlock ? "block"
                                                       : boxKindName(box.kind));
  }
  for (const Arrow &arrow : diagram.arrows)
    text += fmt::format("  n{} -->|{}| n{}\n", arrow.from,
                        mermaidQuoted(arrow.label), arrow.to);
  for (BoxKind kind :
       {BoxKind::Capability, BoxKind::ProcBlock, BoxKind::Model, BoxKind::Out})
    text +=
        fmt::format("  classDef {} fill:{},stroke:#555,color:#222\n",
                    kind == BoxKind::ProcBlock ? "block" : boxKindName(kind),
                    fillColour(kind));
  return text;
}

} // namespace rune::cli
