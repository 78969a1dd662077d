// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cli/command.h"
#include "cli/project.h"

#include "base/files.h"

namespace rune::cli {

namespace {

struct Options {
  std::string runefile = "Runefile.yml";
  std::string output;
  std::string name;
  bool strict = false;
  ModelChoices models;
};

Result<> build(const Options &options, Console &console) {
  Project project = RUNE_TRY(openProject(options.runefile, options.strict,
                                         console.report(), options.models));
  if (!options.name.empty())
    project.name = options.name;
  Bytes rune = RUNE_TRY(buildRune(project, console.report()));
  std::string output = options.output.empty()
                           ? project.folder + "/" + project.name + ".rune"
                           : options.output;
  RUNE_TRY(writeFileAtomically(output, rune));
  console.say(fmt::format("built {}: {} stages, {} bytes", output,
                          project.pipeline.stages.size(), rune.size()));
  console.fields()["output"] = output;
  console.fields()["bytes"] = rune.size();
  return {};
}

} // namespace

Action installBuild(CLI::App &app) {
  auto options = std::make_shared<Options>();
  app.add_option("runefile", options->runefile, "the Runefile")
      ->option_text("[Runefile.yml]");
  app.add_option(
         "-o,--output", options->output,
         "the Rune to write (default: FOLDER/FOLDER.rune beside the Runefile)")
      ->option_text("FILE");
  app.add_option("-n,--name", options->name,
                 "the name of the Rune (default: its folder's)")
      ->option_text("NAME");
  app.add_option("--shape", options->models.shapes,
                 "the size of a dimension that a model leaves open, "
                 "`batch=8`, or of its input, `x=1x3x224x224`; with `STAGE:` "
                 "before it of that stage's model only")
      ->option_text("NAME=SIZES")
      ->allow_extra_args(false);
  app.add_option("--signature", options->models.signatures,
                 "which of a model's signatures, if it has several; with "
                 "`STAGE:` before it of that stage's model only")
      ->option_text("NAME")
      ->allow_extra_args(false);
  app.add_flag("--strict", options->strict,
               "mismatches that version 1 let pass are errors, not warnings");
  return [options](Console &console) { return build(*options, console); };
}

} // namespace rune::cli
