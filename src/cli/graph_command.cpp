// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cli/command.h"
#include "cli/diagram.h"
#include "cli/project.h"
#include "cli/rune_on_disk.h"

#include "base/files.h"

namespace rune::cli {

namespace {

struct Options {
  std::string input;
  std::string as;
  std::string output;
};

/// The form: as asked, else by the ending of the output, else dot.
std::string formOf(const Options &options) {
  if (!options.as.empty())
    return options.as;
  if (options.output.ends_with(".svg"))
    return "svg";
  if (options.output.ends_with(".mmd") || options.output.ends_with(".md"))
    return "mermaid";
  return "dot";
}

Result<Diagram> readDiagram(const std::string &path, Console &console) {
  if (looksLikeRune(path)) {
    RuneOnDisk rune = RUNE_TRY(openRune(path));
    return diagramOf(rune.file);
  }
  Project project = RUNE_TRY(openProject(path, false, console.report()));
  return diagramOf(project.pipeline, project.name);
}

void describe(const Diagram &diagram, Json &fields) {
  fields["name"] = diagram.name;
  fields["stages"] = Json::array();
  fields["edges"] = Json::array();
  for (const Box &box : diagram.boxes)
    fields["stages"].push_back({{"name", box.name},
                                {"kind", boxKindName(box.kind)},
                                {"what", box.what}});
  for (const Arrow &arrow : diagram.arrows)
    fields["edges"].push_back({{"from", diagram.boxes[arrow.from].name},
                               {"to", diagram.boxes[arrow.to].name},
                               {"type", arrow.label}});
}

Result<> draw(const Options &options, Console &console) {
  Diagram diagram = RUNE_TRY(readDiagram(options.input, console));
  describe(diagram, console.fields());
  if (console.json() && options.output.empty())
    return {};
  std::string form = formOf(options);
  std::string text = form == "mermaid" ? toMermaid(diagram) : toDot(diagram);
  if (form == "svg")
    text = RUNE_TRY(toSvg(text));
  if (options.output.empty()) {
    console.print(text);
    return {};
  }
  RUNE_TRY(writeFileAtomically(options.output, asBytes(text)));
  console.say(fmt::format("drew {}", options.output));
  return {};
}

} // namespace

Action installGraph(CLI::App &app) {
  auto options = std::make_shared<Options>();
  app.add_option("input", options->input, "a Rune or a Runefile")
      ->required()
      ->option_text("FILE");
  app.add_option("--as", options->as,
                 "dot (default), mermaid, or svg (needs `dot`)")
      ->check(CLI::IsMember({"dot", "mermaid", "svg"}))
      ->option_text("FORM");
  app.add_option("-o,--output", options->output,
                 "write here; the ending chooses the form")
      ->option_text("FILE");
  return [options](Console &console) { return draw(*options, console); };
}

} // namespace rune::cli
