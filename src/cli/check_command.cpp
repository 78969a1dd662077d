// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cli/command.h"
#include "cli/project.h"

namespace rune::cli {

namespace {

struct Options {
  std::string runefile = "Runefile.yml";
  bool strict = false;
  ModelChoices models;
};

Result<> check(const Options &options, Console &console) {
  Project project = RUNE_TRY(openProject(options.runefile, options.strict,
                                         console.report(), options.models));
  console.say(fmt::format("{} is sound: {} stages", options.runefile,
                          project.pipeline.stages.size()));
  Json &stages = console.fields()["stages"] = Json::array();
  for (const check::Stage &stage : project.pipeline.stages)
    stages.push_back({{"name", stage.name}, {"what", stage.what}});
  return {};
}

} // namespace

Action installCheck(CLI::App &app) {
  auto options = std::make_shared<Options>();
  app.add_option("runefile", options->runefile, "the Runefile")
      ->option_text("[Runefile.yml]");
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
  return [options](Console &console) { return check(*options, console); };
}

} // namespace rune::cli
