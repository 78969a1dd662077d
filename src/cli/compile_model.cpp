// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cli/compile_model.h"

#include "cli/model_file.h"

#ifdef RUNE_HAS_LLVM
#include "compile/ahead.h"
#include "compile/archive.h"
#include "compile/odd_weights.h"
#include "compile/passes/pipeline.h"
#include "device/cpu/alarm.h"
#include "graph/specialise.h"
#include "graph/text.h"
#include "machine/llvm/processors.h"
#endif

#include <cctype>
#include <filesystem>

namespace rune::cli {

#ifdef RUNE_HAS_LLVM
namespace {

namespace fs = std::filesystem;

/// By the name of `--emit`, and by the end of the file's name.
struct Kind {
  const char *name;
  const char *extension;
};
constexpr Kind kinds[] = {{"obj", ".o"},      {"lib", ".a"},    {"so", ".so"},
                          {"wasm", ".wasm"},  {"asm", ".s"},    {"llvm", ".ll"},
                          {"c-header", ".h"}, {"graph", ".txt"}};

Result<Kind> kindOf(const ModelRequest &request, const ModelFlags &flags) {
  std::string extension = fs::path(request.output).extension().string();
  if (flags.emit.empty() && flags.showsPasses())
    return kinds[std::size(kinds) - 1];
  for (const Kind &kind : kinds)
    if (flags.emit.empty() ? extension == kind.extension
                           : flags.emit == kind.name)
      return kind;
  if (request.output.empty())
    return kinds[0];
  return error("usage.compile", "`{}` does not say what to write",
               request.output)
      .withHelp(
          "end it with .o, .a, .so, .wasm, .s, .ll or .h, or give `--emit`");
}

Result<machine::Target> targetOf(const ModelRequest &request,
                                 const ModelFlags &flags,
                                 std::string_view emit) {
  machine::Target target =
      !request.target.empty() ? RUNE_TRY(machine::parseTarget(request.target))
      : emit == "wasm"        ? machine::Target{machine::Family::Wasm32}
                              : machine::hostTarget();
  return flags.processor.empty()
             ? target
             : RUNE_TRY(machine::targetFor(target, flags.processor));
}

/// The file's name as a name for C: `my-model.onnx` is `my_model`.
std::string nameOf(const std::string &path) {
  std::string name = fs::path(path).stem().string();
  for (char &c : name)
    if (!std::isalnum(static_cast<unsigned char>(c)) ||
        static_cast<unsigned char>(c) > 127)
      c = '_';
  return name.empty() || std::isdigit(static_cast<unsigned char>(name[0]))
             ? "model_" + name
             : name;
}

Result<graph::Graph> specialised(const graph::Graph &graph,
                                 const std::string &path) {
  std::vector<std::vector<int64_t>> sizes;
  for (graph::ValueId id : graph.inputs) {
    const graph::Value &value = graph.values[id];
    if (!value.type.isTensor() || !value.type.isStatic())
      return error("compile.needs-sizes",
                   "`{}` of `{}` is {}, an object needs all sizes", value.name,
                   path, value.type.str())
          .withHelp(fmt::format("give them: `--shape {}=1x…`, or `--shape` "
                                "with the name of a dimension",
                                value.name));
    sizes.push_back(value.type.sizes());
  }
  return graph::specialise(graph, sizes);
}

/// The graph as it is from pass to pass.
Result<std::string> graphText(graph::Graph graph, const ModelFlags &flags) {
  compile::PassOptions options;
  options.stopAfter = flags.stopAfter;
  options.only = flags.onlyPass;
  options.exact = flags.exact;
  Result<> written;
  size_t number = 0;
  options.after = [&](const compile::Pass &pass, const graph::Graph &made) {
    if (flags.dumpFolder.empty() || !written)
      return;
    std::string path =
        fmt::format("{}/{:02}-{}.txt", flags.dumpFolder, ++number, pass.name);
    written = writeFileAtomically(path, asBytes(graph::renderText(made)));
  };
  if (!flags.dumpFolder.empty()) {
    std::error_code exists;
    fs::create_directories(flags.dumpFolder, exists);
    RUNE_TRY(writeFileAtomically(flags.dumpFolder + "/00-imported.txt",
                                 asBytes(graph::renderText(graph))));
  }
  graph::Graph made = RUNE_TRY(compile::runPasses(std::move(graph), options));
  RUNE_TRY(std::move(written));
  return graph::renderText(made);
}

void told(const std::string &path, uint64_t bytes, Console &console) {
  console.fields()["files"].push_back({{"path", path}, {"bytes", bytes}});
  console.say(fmt::format("wrote {}, {} bytes", path, bytes));
}

Result<> write(const std::string &path, ByteSpan bytes, Console &console) {
  RUNE_TRY(writeFileAtomically(path, bytes));
  told(path, bytes.size(), console);
  return {};
}

/// Weights that are no numbers: the model may have them, its maker should know.
void noteOddWeights(const graph::Graph &graph, Console &console) {
  constexpr size_t most = 8;
  auto all = compile::oddWeights(graph);
  for (size_t i = 0; i < std::min(most, all.size()); ++i)
    console.report().warning("compile.odd-weights", {}, "{}", all[i].str());
  if (all.size() > most)
    console.report().warning("compile.odd-weights", {},
                             "so are numbers of {} more weights",
                             all.size() - most);
}

/// What programs call, and its header.
Result<> writeCode(graph::Graph graph, const compile::AheadOptions &options,
                   std::string_view emit, const std::string &output,
                   Console &console) {
  compile::Form form = emit == "so"     ? compile::Form::SharedLibrary
                       : emit == "wasm" ? compile::Form::WasmModule
                                        : compile::Form::Object;
  auto files = RUNE_TRY(compile::compileFiles(
      std::move(graph), options, form, fs::path(output).filename().string()));
  Bytes bytes = std::move(files.code);
  if (emit == "lib")
    bytes = RUNE_TRY(compile::archiveOf(options.name + ".o", bytes));
  RUNE_TRY(write(output, bytes, console));
  fs::path header = fs::path(output).replace_extension(".h");
  return write(header.string(), asBytes(files.header), console);
}

} // namespace

Result<> compileModel(const ModelRequest &request, const ModelFlags &flags,
                      Console &console) {
  Kind kind = RUNE_TRY(kindOf(request, flags));
  std::string_view emit = kind.name;
  compile::AheadOptions options;
  options.target = RUNE_TRY(targetOf(request, flags, emit));
  options.name = flags.name.empty() ? nameOf(request.input) : flags.name;
  if (emit != "graph" && flags.showsPasses())
    return error("usage.compile", "`--stop-after`, `--only-pass` and "
                                  "`--dump-each` are for `--emit graph`");
  auto shapes = RUNE_TRY(import::GivenShapes::parse(flags.shapes));
  ReadModel model = RUNE_TRY(
      readModel(request.input, console.report(), shapes, flags.signature));
  noteOddWeights(model.graph, console);
  graph::Graph graph = RUNE_TRY(specialised(model.graph, request.input));
  device::Alarm alarm(request.deadline);
  options.stop = alarm.stop();
  options.exact = flags.exact;
  std::string output = request.output;
  if (output.empty())
    output = fs::path(request.input).replace_extension(kind.extension).string();
  console.fields()["target"] = options.target.str();
  console.fields()["files"] = Json::array();
  if (emit == "graph") {
    std::string text = RUNE_TRY(graphText(std::move(graph), flags));
    return write(output, asBytes(text), console);
  }
  if (emit == "obj" || emit == "lib" || emit == "so" || emit == "wasm")
    return writeCode(std::move(graph), options, emit, output, console);
  compile::Emit what = emit == "asm"    ? compile::Emit::Assembly
                       : emit == "llvm" ? compile::Emit::Llvm
                                        : compile::Emit::Header;
  Bytes bytes =
      RUNE_TRY(compile::compileAhead(std::move(graph), options, what));
  return write(output, bytes, console);
}
#else
Result<> compileModel(const ModelRequest &, const ModelFlags &, Console &) {
  return error("usage.no-compiler", "this `rune` was built without LLVM");
}
#endif

void addModelFlags(CLI::App &app, ModelFlags &flags) {
  app.add_option("--emit", flags.emit,
                 "what to make of a model (default: what the output's name "
                 "ends with, or obj: an object and a C header)")
      ->check(CLI::IsMember(
          {"graph", "llvm", "asm", "obj", "lib", "so", "wasm", "c-header"}))
      ->option_text("graph|llvm|asm|obj|lib|so|wasm|c-header");
  app.add_option("--cpu", flags.processor,
                 "the processor that a model is for: haswell, znver4, native, "
                 "… (default: of the target)")
      ->option_text("NAME");
  app.add_option("--name", flags.name,
                 "what a model's functions begin with (default: of the file)")
      ->option_text("NAME");
  app.add_option("--shape", flags.shapes,
                 "the size of a dimension of a model, `batch=8`, or of an "
                 "input, `x=1x3x224x224`")
      ->option_text("NAME=SIZES")
      ->allow_extra_args(false);
  app.add_option("--signature", flags.signature,
                 "which of the model's signatures, if it has several")
      ->option_text("NAME");
  app.add_flag("--exact", flags.exact,
               "compute layers between dequantise and quantise in floats, as "
               "an ONNX model says, not in integers");
  app.add_option("--stop-after", flags.stopAfter,
                 "the graph as it is after this pass")
      ->option_text("PASS");
  app.add_option("--only-pass", flags.onlyPass,
                 "the graph as this pass alone makes it")
      ->option_text("PASS");
  app.add_option("--dump-each", flags.dumpFolder,
                 "the graph before the passes and after each of them, as text")
      ->option_text("DIR");
}

} // namespace rune::cli
