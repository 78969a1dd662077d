// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "capi/artifact_impl.h"
#include "capi/messages.h"

#include "base/files.h"
#include "compile/ahead.h"
#include "graph/specialise.h"
#include "graph/text.h"
#include "import/import.h"
#include "machine/llvm/processors.h"

#include <algorithm>
#include <filesystem>

namespace rune::compiler {

using capi::messageOf;
using capi::outcomeOf;

namespace {

constexpr uint64_t maxModelBytes = uint64_t{2} << 30;

Result<compile::Options> compileOptionsOf(const Options &options) {
  constexpr uint32_t mostThreads = 1024;
  if (options.threads > mostThreads)
    return error("compiler.options", "{} threads, at most {} are used",
                 options.threads, mostThreads);
  compile::Options result;
  result.exact = options.exact;
  result.workers = std::max(options.threads, 1u);
  if (!options.target.empty())
    result.target = RUNE_TRY(machine::parseTarget(options.target));
  if (!options.cpu.empty())
    result.target = RUNE_TRY(machine::targetFor(result.target, options.cpu));
  return result;
}

bool isKnown(const graph::Graph &graph) { return graph::isSpecialised(graph); }

device::Sizes sizesOf(const graph::Graph &graph) {
  device::Sizes sizes;
  for (graph::ValueId id : graph.inputs)
    sizes.push_back(graph.values[id].type.sizes());
  return sizes;
}

} // namespace

struct Invocation::State {
  std::shared_ptr<const Options> options;
  std::vector<std::string> shapes;
  capi::BoundsByName bounds;
  std::vector<Message> messages;
  Phase phase = Phase::Empty;
  std::shared_ptr<const void> owner;
  device::Keeping keeping;
  std::optional<graph::Graph> imported;
  std::optional<graph::Graph> special;
  std::optional<compile::Program> program;

  /// Reports what stops it, too.
  Message failed(const Diagnostic &why) {
    Message message = messageOf(why);
    if (!isReported(why))
      messages.push_back(message);
    else
      for (size_t i = messages.size(); i-- > 0;)
        if (messages[i].severity == Message::Severity::Error)
          return messages[i];
    return message;
  }

  Result<> import(ByteSpan bytes, std::shared_ptr<const void> keeper,
                  const std::string &name, const std::string &folder) {
    if (phase != Phase::Empty)
      return error("compiler.phase", "this invocation has read a model");
    Report report;
    auto given = import::GivenShapes::parse(shapes);
    if (!given)
      return given.error();
    auto model = import::importModel(bytes, keeper, Source::binary(name),
                                     report, {*given, folder, {}});
    for (const Diagnostic &diagnostic : report.diagnostics())
      messages.push_back(messageOf(diagnostic));
    if (!model)
      return model.error();
    RUNE_TRY(graph::checkInterface(model->graph));
    RUNE_TRY(capi::checkNames(bounds, model->graph));
    imported = std::move(model->graph);
    owner = std::move(keeper);
    phase = Phase::Imported;
    return {};
  }

  Result<> keepIn(const std::string &folder, ByteSpan file,
                  const std::string &path) {
    if (folder.empty())
      return {};
    auto cache = std::make_shared<device::ProgramCache>(
        RUNE_TRY(device::ProgramCache::open(folder)));
    std::string how;
    for (const std::string &shape : shapes)
      how += shape + ",";
    Sha256 hash = path.empty() ? sha256(file) : cache->hashOf(path, file);
    keeping = {cache, device::identityOf(*imported, file, hash, how), {}};
    return {};
  }

  Result<> specialise() {
    for (graph::ValueId id : imported->inputs) {
      const graph::Value &value = imported->values[id];
      if (!value.type.isStatic())
        return error("compile.needs-sizes",
                     "`{}` is {}, all sizes must be "
                     "known",
                     value.name, value.type.str())
            .withHelp("give them before the model is read: `name=8`");
    }
    special = RUNE_TRY(graph::specialise(*imported, sizesOf(*imported)));
    phase = Phase::Specialised;
    return {};
  }

  Result<> compile() {
    compile::Options how = RUNE_TRY(compileOptionsOf(*options));
    auto constants = compile::constantsOf(*imported);
    Sha256 key;
    if (keeping.cache) {
      key = keeping.cache->keyOf(keeping.model, sizesOf(*imported), how);
      program = keeping.cache->find(key, constants);
    }
    if (!program) {
      program = RUNE_TRY(compile::compile(*special, how));
      if (keeping.cache)
        if (auto kept = keeping.cache->keep(key, *program, constants); !kept) {
          messages.push_back(messageOf(kept.error()));
          messages.back().severity = Message::Severity::Note;
        }
    }
    phase = Phase::Compiled;
    return {};
  }

  Result<> runTo(Phase wanted) {
    if (phase == Phase::Empty && wanted != Phase::Empty)
      return error("compiler.phase", "this invocation has read no model");
    if (phase < Phase::Specialised && wanted >= Phase::Specialised)
      RUNE_TRY(specialise());
    if (phase < Phase::Compiled && wanted >= Phase::Compiled)
      RUNE_TRY(compile());
    return {};
  }
};

Session::Session(Options options)
    : options_(std::make_shared<Options>(std::move(options))) {}
const Options &Session::options() const { return *options_; }
Invocation Session::begin() const {
  auto state = std::make_unique<Invocation::State>();
  state->options = options_;
  return Invocation(std::move(state));
}

Invocation::Invocation(std::unique_ptr<State> state)
    : state_(std::move(state)) {}
Invocation::~Invocation() = default;
Invocation::Invocation(Invocation &&) noexcept = default;
Invocation &Invocation::operator=(Invocation &&) noexcept = default;

Outcome<Done> Invocation::give(const std::string &shape) {
  if (state_->phase != Phase::Empty)
    return state_->failed(error("compiler.phase", "sizes are given before the "
                                                  "model is read"));
  auto isRange = capi::takeBounds(shape, state_->bounds);
  if (!isRange)
    return state_->failed(isRange.error());
  if (*isRange)
    return Done{};
  if (auto parsed = import::GivenShapes::parse({shape}); !parsed)
    return state_->failed(parsed.error());
  state_->shapes.push_back(shape);
  return Done{};
}

Outcome<Done> Invocation::readFile(const std::string &path) {
  auto opened = FileBytes::open(path, maxModelBytes);
  if (!opened)
    return state_->failed(opened.error());
  auto file = std::make_shared<FileBytes>(std::move(opened).value());
  std::string folder = std::filesystem::path(path).parent_path().string();
  auto read =
      state_->import(file->bytes(), file, path, folder.empty() ? "." : folder);
  if (read)
    read = state_->keepIn(state_->options->cacheFolder, file->bytes(), path);
  if (!read)
    return state_->failed(read.error());
  return Done{};
}

Outcome<Done> Invocation::read(std::span<const uint8_t> bytes,
                               const std::string &name) {
  auto copy = std::make_shared<Bytes>(bytes.begin(), bytes.end());
  auto read = state_->import(*copy, copy, name, {});
  if (read)
    read = state_->keepIn(state_->options->cacheFolder, *copy, {});
  if (!read)
    return state_->failed(read.error());
  return Done{};
}

Outcome<Done> Invocation::runTo(Phase phase) {
  if (auto done = state_->runTo(phase); !done)
    return state_->failed(done.error());
  return Done{};
}

Outcome<Artifact> Invocation::compile() {
  State &state = *state_;
  if (state.phase == Phase::Empty)
    return state.failed(
        error("compiler.phase", "this invocation has read no model"));
  // With open sizes it is compiled when a function first meets inputs.
  if (isKnown(*state.imported))
    if (auto done = state.runTo(Phase::Compiled); !done)
      return state.failed(done.error());
  auto options = compileOptionsOf(*state.options);
  if (!options)
    return state.failed(options.error());
  return Artifact(std::make_shared<Artifact::Impl>(
      Artifact::Impl{*state.imported, state.owner, *options, state.keeping,
                     state.program, state.bounds}));
}

Phase Invocation::phase() const { return state_->phase; }
const std::vector<Message> &Invocation::messages() const {
  return state_->messages;
}

std::string Invocation::graphText() const {
  if (state_->program)
    return graph::renderText(state_->program->graph);
  const auto &graph = state_->special ? state_->special : state_->imported;
  return graph ? graph::renderText(*graph) : std::string();
}

std::string Artifact::target() const { return impl_->options.target.str(); }
uint64_t Artifact::arenaBytes() const {
  return impl_->program ? impl_->program->arenaBytes : 0;
}

static Result<Artifact::Files> filesOf(const Artifact::Impl &impl,
                                       const std::string &name) {
  if (!isKnown(impl.graph))
    return error("compile.needs-sizes", "an object needs all sizes of its "
                                        "inputs");
  compile::AheadOptions options;
  static_cast<compile::Options &>(options) = impl.options;
  options.name = name;
  graph::Graph graph =
      RUNE_TRY(graph::specialise(impl.graph, sizesOf(impl.graph)));
  auto files = RUNE_TRY(
      compile::compileFiles(std::move(graph), options, compile::Form::Object));
  return Artifact::Files{std::move(files.code), std::move(files.header)};
}

Outcome<Artifact::Files> Artifact::object(const std::string &name) const {
  return outcomeOf(filesOf(*impl_, name));
}

} // namespace rune::compiler
