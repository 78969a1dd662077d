// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cli/command.h"
#include "cli/devices.h"
#include "cli/engines.h"
#include "cli/quantities.h"
#include "cli/run_resources.h"
#include "cli/rune_on_disk.h"
#include "cli/validators.h"

#include "runtime/out/serial.h"
#include "runtime/rune.h"

#include <filesystem>

namespace rune::cli {

namespace {

struct Options {
  std::string rune;
  /// By flag, in the order given.
  std::map<std::string, std::vector<std::string>> inputs;
  ResourceFlags resources;
  uint64_t repeat = 1;
  std::string timeout;
  std::string memoryLimit;
  EngineFlags engine;
  DeviceChoice device;
};

constexpr uint64_t maxInputBytes = uint64_t{1} << 30;

/// The files a person gave, open as long as the Rune runs.
struct OpenInputs {
  std::vector<std::unique_ptr<FileBytes>> files;
  runtime::Inputs byFlag;
};

Result<OpenInputs> openInputs(const Options &options) {
  OpenInputs opened;
  for (const auto &[flag, values] : options.inputs)
    for (const std::string &value : values) {
      if (flag == "--random") {
        opened.byFlag[flag].push_back({value, asBytes(value)});
        continue;
      }
      opened.files.push_back(std::make_unique<FileBytes>(
          RUNE_TRY(FileBytes::open(value, maxInputBytes))));
      opened.byFlag[flag].push_back({value, opened.files.back()->bytes()});
    }
  return opened;
}

/// The command that would run this Rune, with a word for each file it wants.
std::string fullCommand(const Options &options, const container::RuneFile &file,
                        const GivenResources &given) {
  std::string command = "rune run " + options.rune;
  for (const runtime::WantedInput &input : runtime::wantedInputs(file))
    if (input.needed && !input.flag.empty())
      command += " " + input.flag + " FILE";
  return command + missingResources(file, given);
}

Result<runtime::RuneLimits> limitsOf(const Options &options) {
  runtime::RuneLimits limits;
  if (!options.timeout.empty())
    limits.runTime = limits.loadTime = parseDuration(options.timeout).value();
  if (!options.memoryLimit.empty()) {
    uint64_t bytes = parseBytes(options.memoryLimit).value();
    limits.guest.memoryBytes = limits.guestBytes = limits.tensorBytes = bytes;
  }
  return limits;
}

/// What was done to the inputs stands before the results, not behind the last.
void tell(const Report &notes, Console &console) {
  for (const Diagnostic &note : notes.diagnostics())
    if (console.json())
      console.report().add(note);
    else
      fmt::print(stderr, "{}", renderText(note));
}

Result<> run(const Options &options, Console &console) {
  auto onDisk = std::make_shared<RuneOnDisk>(RUNE_TRY(openRune(options.rune)));
  console.say("Running rune: " +
              std::filesystem::path(options.rune).filename().string());
  OpenInputs inputs = RUNE_TRY(openInputs(options));
  GivenResources given = RUNE_TRY(
      giveResources(options.resources, onDisk->file, console.report()));
  Report notes;
  auto engine = RUNE_TRY(makeEngine(options.engine, console));
  auto device = makeDevice(options.device, [&console](const Diagnostic &what) {
    console.say("note: " + what.message);
  });
  auto rune =
      runtime::Rune::load(onDisk->file, onDisk,
                          {.engine = *engine,
                           .device = *device,
                           .grants = runtime::Grants::forInputs(inputs.byFlag),
                           .inputs = inputs.byFlag,
                           .limits = RUNE_TRY(limitsOf(options)),
                           .resources = given.byName,
                           .notes = &notes});
  tell(notes, console);
  if (!rune) {
    Diagnostic why = std::move(rune).error();
    if (why.code == "runtime.missing-input" ||
        why.code == "runtime.missing-resource" ||
        why.code == "runtime.capability-not-granted")
      why.withHelp("the full command is `" +
                   fullCommand(options, onDisk->file, given) + "`");
    return why;
  }
  for (uint64_t i = 0; i < options.repeat; ++i) {
    runtime::RunResult result = RUNE_TRY((*rune)->run());
    std::string line = runtime::serialJson(result);
    console.print(line + "\n");
    console.fields()["runs"].push_back(Json::parse(line));
  }
  return {};
}

void addInput(CLI::App &app, Options &options, const char *names,
              const char *key, const char *what, const char *value = "FILE") {
  app.add_option(names, options.inputs[key], what)
      ->option_text(value)
      ->allow_extra_args(false);
}

} // namespace

Action installRun(CLI::App &app) {
  auto options = std::make_shared<Options>();
  app.add_option("rune", options->rune, "the Rune")
      ->required()
      ->option_text("FILE.rune");
  addInput(app, *options, "--image,--img", "--image",
           "a png or jpeg for an IMAGE or FLOAT_IMAGE capability");
  addInput(app, *options, "--sound", "--sound",
           "a wav or flac for a SOUND capability");
  addInput(app, *options, "--accelerometer,--accel", "--accelerometer",
           "a csv of x,y,z for an ACCEL capability");
  addInput(app, *options, "--raw", "--raw", "bytes for a RAW capability");
  addInput(app, *options, "--random,--rand", "--random",
           "a seed for a RAND capability (default: the machine's own)", "SEED");
  app.add_option("--file-resource", options->resources.files,
                 "a file for a resource, in place of what the Rune holds")
      ->option_text("NAME=FILE")
      ->allow_extra_args(false);
  app.add_option("--string-resource", options->resources.texts,
                 "a text for a resource")
      ->option_text("NAME=TEXT")
      ->allow_extra_args(false);
  app.add_option("--repeat", options->repeat,
                 "run so often; blocks keep their state")
      ->check(CLI::Range(uint64_t{1}, uint64_t{1} << 32))
      ->option_text("N");
  app.add_option("--timeout", options->timeout,
                 "for loading and for each run (default 10s, 5m)")
      ->check(quantity("time such as 1s or 250ms", parseDuration))
      ->option_text("1s");
  app.add_option(
         "--memory-limit", options->memoryLimit,
         "for the blocks together, and for the tensors (default 4G, 1G)")
      ->check(quantity("size such as 64M", parseBytes))
      ->option_text("64M");
  addEngineFlags(app, options->engine);
  addDeviceFlags(app, options->device, "what runs the models");
  return [options](Console &console) { return run(*options, console); };
}

} // namespace rune::cli
