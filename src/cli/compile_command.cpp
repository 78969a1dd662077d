// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// `rune compile`: the machine code of a wasm module, or of every block of a
// Rune, made ahead of time for `rune run --code`; or that of a model, for
// another program (compile_model.h).
#include "cli/command.h"
#include "cli/compile_model.h"
#include "cli/engines.h"
#include "cli/quantities.h"
#include "cli/validators.h"

#include "base/files.h"
#include "container/read.h"
#include "container/sections.h"
#include "engine/native/code_file.h"
#include "import/import.h"
#include "wasm/decode.h"

#include <algorithm>
#include <thread>

namespace rune::cli {

namespace native = engine::native;

namespace {

struct Options {
  std::string input;
  std::string output;
  std::string target;
  bool dense = false;
  bool fuel = false;
  std::string keyFile;
  std::string timeout;
  std::string memoryLimit;
  CompileFlags compile;
  ModelFlags model;
};

constexpr uint64_t maxInputBytes = uint64_t{4} << 30;

using Modules = std::vector<std::shared_ptr<const wasm::Module>>;

bool isRune(const wasm::Module &module) {
  return std::ranges::any_of(module.customSections, [](const auto &section) {
    return section.name.starts_with(container::ourPrefix);
  });
}

/// The module itself, or those of a Rune's blocks.
Result<Modules> modulesOf(const std::string &path,
                          const std::shared_ptr<FileBytes> &file) {
  SourcePtr source = Source::binary(path);
  auto module = RUNE_TRY(wasm::load(file->bytes(), source, file));
  if (!isRune(*module))
    return Modules{std::move(module)};
  container::RuneFile rune = RUNE_TRY(container::read(file->bytes(), source));
  Modules blocks;
  for (const container::Block &block : rune.blocks)
    blocks.push_back(
        RUNE_TRY(wasm::load(block.wasm, Source::binary(block.name), file)));
  if (blocks.empty())
    return error("compile.no-blocks", "`{}` has no blocks to compile", path);
  return blocks;
}

std::optional<engine::Clock::time_point> deadlineOf(const Options &options) {
  if (options.timeout.empty())
    return {};
  return engine::Clock::now() + parseDuration(options.timeout).value();
}

Result<native::CompileOptions> howTo(const Options &options) {
  native::CompileOptions how;
  if (!options.target.empty())
    how.target = RUNE_TRY(machine::parseTarget(options.target));
  how.bounds = options.dense ? native::Bounds::Dense : native::Bounds::Guard;
  how.fuel = options.fuel;
  how.threads = std::max(1u, std::thread::hardware_concurrency());
  how.deadline = deadlineOf(options);
  return how;
}

/// What neither a module nor a Rune is.
Result<bool> isModel(const std::string &path) {
  FileBytes file = RUNE_TRY(FileBytes::open(path, maxInputBytes));
  return !import::recognise(file.bytes()).empty();
}

/// Options of one kind of input that were given for the other.
Result<> checkUse(const Options &options, bool model) {
  bool ofBlocks = options.dense || options.fuel || !options.keyFile.empty() ||
                  !options.memoryLimit.empty();
  if (model && ofBlocks)
    return error("usage.compile", "`--dense`, `--fuel`, `--code-key` and "
                                  "`--memory-limit` are for wasm modules, not "
                                  "for models");
  if (!model && !options.model.areDefault())
    return error(
        "usage.compile",
        "`--emit`, `--cpu`, `--name`, `--shape`, `--signature`, "
        "`--stop-after`, `--only-pass` and `--dump-each` are for models");
  return {};
}

Result<> compile(const Options &options, Console &console) {
  bool model = RUNE_TRY(isModel(options.input));
  RUNE_TRY(checkUse(options, model));
  if (model)
    return compileModel(
        {options.input, options.output, options.target, deadlineOf(options)},
        options.model, console);
  native::WorkerLimits limits;
  if (!options.memoryLimit.empty())
    limits.memoryBytes = parseBytes(options.memoryLimit).value();
  auto compiler = makeCompiler(options.compile, console, limits);
  if (!compiler)
    return error("usage.no-compiler", "this `rune` was built without LLVM");
  native::CompileOptions how = RUNE_TRY(howTo(options));
  auto file = std::make_shared<FileBytes>(
      RUNE_TRY(FileBytes::open(options.input, maxInputBytes)));
  Modules modules = RUNE_TRY(modulesOf(options.input, file));
  native::SealKey key =
      options.keyFile.empty()
          ? RUNE_TRY(native::SealKey::ofThisUser())
          : RUNE_TRY(native::SealKey::fromFile(options.keyFile));
  std::atomic<bool> stop = false;
  std::vector<Bytes> artifacts;
  for (const auto &module : modules)
    artifacts.push_back(RUNE_TRY(compiler->compile(*module, how, stop)));
  Bytes code = native::writeCodeFile(artifacts, key);
  std::string output =
      options.output.empty() ? options.input + ".blob" : options.output;
  RUNE_TRY(writeFileAtomically(output, code));
  console.fields()["output"] = output;
  console.fields()["target"] = how.target.str();
  console.fields()["modules"] = modules.size();
  console.fields()["bytes"] = code.size();
  console.say(fmt::format("compiled {} for {}: {} module{}, {} bytes", output,
                          how.target.str(), modules.size(),
                          modules.size() == 1 ? "" : "s", code.size()));
  return {};
}

} // namespace

Action installCompile(CLI::App &app) {
  auto options = std::make_shared<Options>();
  app.add_option("file", options->input,
                 "a model, a module, or a Rune: all its blocks")
      ->required()
      ->option_text("MODEL|FILE.wasm|FILE.rune");
  app.add_option("-o,--output", options->output,
                 "what to write (default: FILE.blob; of a model MODEL.o and "
                 "MODEL.h)")
      ->option_text("FILE");
  app.add_option("--target", options->target,
                 "the machine it is for: x86_64-linux (with -v3 or -v4 for "
                 "newer ones), aarch64-linux, riscv64-linux, of models wasm32 "
                 "(default: this one)")
      ->option_text("NAME");
  app.add_flag("--dense", options->dense,
               "compare addresses instead of relying on memory protection");
  app.add_flag("--fuel", options->fuel, "count what runs");
  app.add_option("--code-key", options->keyFile,
                 "a file of 32 bytes or more to seal the code with; who has it "
                 "may run the code (default: this user's on this machine)")
      ->option_text("FILE");
  app.add_option("--timeout", options->timeout, "for compiling (default: none)")
      ->check(quantity("time such as 1s or 250ms", parseDuration))
      ->option_text("1s");
  app.add_option("--memory-limit", options->memoryLimit,
                 "for the process that compiles (default 3G)")
      ->check(quantity("size such as 64M", parseBytes))
      ->option_text("64M");
  addCompileFlags(app, options->compile);
  addModelFlags(app, options->model);
  return [options](Console &console) { return compile(*options, console); };
}

} // namespace rune::cli
