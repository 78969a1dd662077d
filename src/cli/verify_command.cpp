// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cli/command.h"
#include "cli/devices.h"
#include "cli/model_file.h"
#include "cli/quantities.h"
#include "cli/validators.h"

#include "import/verify_folder.h"

#include <algorithm>
#include <filesystem>

namespace rune::cli {

namespace {

namespace fs = std::filesystem;

struct Options {
  std::string model;
  std::string data;
  std::string suite;
  DeviceChoice device;
  import::ToleranceOptions tolerance;
  std::vector<std::string> shapes;
  std::string signature;
  bool bounds = false;
  std::string timeout;
  std::string memoryLimit;

  /// Of one run.
  graph::EvaluateLimits limits() const {
    graph::EvaluateLimits limits;
    if (!timeout.empty())
      limits.deadline =
          std::chrono::steady_clock::now() + parseDuration(timeout).value();
    if (!memoryLimit.empty())
      limits.memoryBytes = parseBytes(memoryLimit).value();
    return limits;
  }
};

/// What a walk through many cases adds up to.
struct Tally {
  uint64_t passed = 0;
  uint64_t failed = 0;
  /// Cases whose model cannot be imported: an honest refusal, no wrong number.
  uint64_t skipped = 0;
};

/// One line a case, to stdout and into the JSON.
void record(const std::string &name, std::string_view outcome,
            const std::string &why, Console &console) {
  Json entry = {{"case", name}, {"outcome", outcome}};
  if (!why.empty())
    entry["why"] = why;
  console.fields()["cases"].push_back(std::move(entry));
  if (outcome == "failed")
    console.print(fmt::format("FAILED {}\n{}", name, why));
  else if (outcome == "skipped")
    console.print(fmt::format("skipped {}: {}\n", name, why));
}

/// An error in one line: where, what.
std::string lineOf(const Diagnostic &why) {
  std::string place = why.where ? why.where.source->name() + ": " : "";
  return "  " + place + why.message + "\n";
}

void runDataSets(const import::ImportedModel &model, const std::string &name,
                 const std::string &folder, const Options &options,
                 Tally &tally, Console &console) {
  auto runner =
      [&, run = makeRunner(model.graph, options.device)](graph::Items inputs) {
        return run(std::move(inputs), options.limits());
      };
  auto sets = import::dataSets(folder);
  if (!sets) {
    ++tally.failed;
    record(name, "failed", lineOf(sets.error()), console);
    return;
  }
  import::ToleranceOptions tolerance = options.tolerance;
  if (options.bounds)
    tolerance.bound = graph::boundOf(model.graph);
  for (const std::string &set : *sets) {
    auto outcome = import::verifyCase(model.graph, set, tolerance, runner);
    bool passed = outcome && outcome->passed();
    ++(passed ? tally.passed : tally.failed);
    std::string label = sets->size() > 1
                            ? name + "/" + fs::path(set).filename().string()
                            : name;
    record(label, passed ? "passed" : "failed",
           outcome ? outcome->failures() : lineOf(outcome.error()), console);
  }
}

/// One folder of a suite: model.onnx beside its data sets.
void runCase(const fs::path &folder, const Options &options, Tally &tally,
             Console &console) {
  std::string name = fs::relative(folder, options.suite).string();
  Report report;
  auto model = readModel((folder / "model.onnx").string(), report);
  if (!model) {
    ++tally.skipped;
    const Diagnostic &why = report.diagnostics().empty()
                                ? model.error()
                                : report.diagnostics().front();
    record(name, "skipped", why.message, console);
    return;
  }
  runDataSets(*model, name, folder.string(), options, tally, console);
}

Result<> runSuite(const Options &options, Tally &tally, Console &console) {
  std::error_code fault;
  std::vector<fs::path> folders;
  fs::recursive_directory_iterator walk(options.suite, fault), end;
  for (; !fault && walk != end; walk.increment(fault))
    if (walk->path().filename() == "model.onnx")
      folders.push_back(walk->path().parent_path());
  if (fault)
    return error("file.unreadable", "unable to read `{}`: {}", options.suite,
                 fault.message());
  if (folders.empty())
    return error("verify.no-cases", "`{}` holds no folder with a model.onnx",
                 options.suite);
  std::ranges::sort(folders);
  for (const fs::path &folder : folders)
    runCase(folder, options, tally, console);
  return {};
}

Result<> verify(const Options &options, Console &console) {
  if (options.model.empty() && options.suite.empty())
    return error("usage.verify", "nothing to verify")
        .withHelp("give `MODEL --data DIR`, or `--suite DIR`");
  auto shapes = RUNE_TRY(import::GivenShapes::parse(options.shapes));
  Tally tally;
  console.fields()["cases"] = Json::array();
  if (!options.suite.empty()) {
    RUNE_TRY(runSuite(options, tally, console));
  } else {
    import::ImportedModel model = RUNE_TRY(
        readModel(options.model, console.report(), shapes, options.signature));
    runDataSets(model, options.model, options.data, options, tally, console);
  }
  console.fields()["passed"] = tally.passed;
  console.fields()["failed"] = tally.failed;
  console.fields()["skipped"] = tally.skipped;
  std::string skipped =
      tally.skipped ? fmt::format(", {} skipped", tally.skipped) : "";
  console.print(fmt::format("{} passed, {} failed{}\n", tally.passed,
                            tally.failed, skipped));
  if (tally.failed > 0)
    return error("verify.failed", "{} of {} cases differ from what is stored",
                 tally.failed, tally.passed + tally.failed);
  return {};
}

} // namespace

Action installVerify(CLI::App &app) {
  auto options = std::make_shared<Options>();
  auto *model = app.add_option("model", options->model,
                               "a model, of ONNX or TensorFlow Lite")
                    ->option_text("MODEL");
  auto *data =
      app.add_option(
             "--data", options->data,
             "a folder with input_N and output_N (.pb, .npy or .bin) or "
             "inputs.npz and outputs.npz, or with test_data_set_N "
             "folders of them")
          ->option_text("DIR");
  auto *suite =
      app.add_option(
             "--suite", options->suite,
             "every folder below DIR that holds a model.onnx and data sets")
          ->option_text("DIR");
  auto *shape = app.add_option("--shape", options->shapes,
                               "the size of a dimension, `batch=8`, or of an "
                               "input, `x=1x3x224x224`")
                    ->option_text("NAME=SIZES")
                    ->allow_extra_args(false);
  auto *signature =
      app.add_option("--signature", options->signature,
                     "which of the model's signatures, if it has several")
          ->option_text("NAME");
  suite->excludes(shape)->excludes(signature);
  model->needs(data);
  data->needs(model);
  suite->excludes(model)->excludes(data);
  app.add_option("--rtol", options->tolerance.relative,
                 "relative tolerance of floats")
      ->option_text("R")
      ->check(CLI::NonNegativeNumber);
  app.add_option("--atol", options->tolerance.absolute,
                 "absolute tolerance of floats")
      ->option_text("A")
      ->check(CLI::NonNegativeNumber);
  app.add_flag("--bounds", options->bounds,
               "floats as near as the model's operators promise, ulp·√K, "
               "instead of ONNX's tolerance");
  app.add_option("--timeout", options->timeout,
                 "for one run of the model (default: none)")
      ->check(quantity("time such as 1s or 250ms", parseDuration))
      ->option_text("1s");
  app.add_option("--memory-limit", options->memoryLimit,
                 "for the tensors of one run (default 4G)")
      ->check(quantity("size such as 64M", parseBytes))
      ->option_text("64M");
  addDeviceFlags(app, options->device, "what runs the model");
  return [options](Console &console) { return verify(*options, console); };
}

} // namespace rune::cli
