// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// `rune compile`: the machine code of a wasm module, made ahead of time.
#include "cli/command.h"
#include "cli/engines.h"

#include "base/files.h"
#include "wasm/decode.h"

#include <thread>

namespace rune::cli {

namespace {

struct Options {
  std::string module;
  std::string output;
  std::string target;
  bool dense = false;
  bool fuel = false;
};

constexpr uint64_t maxModuleBytes = uint64_t{1} << 30;

Result<> compile(const Options &options, Console &console) {
  auto compiler = makeCompiler();
  if (!compiler)
    return error("usage.no-compiler", "this `rune` was built without LLVM");
  engine::native::CompileOptions how;
  if (!options.target.empty())
    how.target = RUNE_TRY(engine::native::parseTarget(options.target));
  how.bounds = options.dense ? engine::native::Bounds::Dense
                             : engine::native::Bounds::Guard;
  how.fuel = options.fuel;
  how.threads = std::max(1u, std::thread::hardware_concurrency());
  auto file = std::make_shared<FileBytes>(
      RUNE_TRY(FileBytes::open(options.module, maxModuleBytes)));
  auto module =
      RUNE_TRY(wasm::load(file->bytes(), Source::binary(options.module), file));
  std::atomic<bool> stop = false;
  Bytes code = RUNE_TRY(compiler->compile(*module, how, stop));
  std::string output =
      options.output.empty() ? options.module + ".blob" : options.output;
  RUNE_TRY(writeFileAtomically(output, code));
  console.fields()["output"] = output;
  console.fields()["target"] = how.target.str();
  console.fields()["bytes"] = code.size();
  console.say(fmt::format("compiled {} for {}: {} bytes", output,
                          how.target.str(), code.size()));
  return {};
}

} // namespace

Action installCompile(CLI::App &app) {
  auto options = std::make_shared<Options>();
  app.add_option("module", options->module, "the module")
      ->required()
      ->option_text("FILE.wasm");
  app.add_option("-o,--output", options->output,
                 "the machine code to write (default: FILE.wasm.blob)")
      ->option_text("FILE");
  app.add_option("--target", options->target,
                 "the machine it is for: x86_64-linux (with -v3 or -v4 for "
                 "newer ones), aarch64-linux, riscv64-linux (default: this "
                 "one)")
      ->option_text("NAME");
  app.add_flag("--dense", options->dense,
               "compare addresses instead of relying on memory protection");
  app.add_flag("--fuel", options->fuel, "count what runs");
  return [options](Console &console) { return compile(*options, console); };
}

} // namespace rune::cli
