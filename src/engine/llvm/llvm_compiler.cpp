// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A module is cut into units of about equal size, by its functions' order; they
// compile on as many threads as the options allow, and are linked in order.
#include "engine/llvm/llvm_compiler.h"

#include "engine/llvm/function_translator.h"
#include "engine/llvm/object_code.h"
#include "machine/llvm/link_blob.h"

#include <llvm/Config/llvm-config.h>
#include <llvm/IR/Verifier.h>
#include <llvm/Support/raw_ostream.h>

#include <thread>

namespace rune::engine::llvm_tier {

namespace {

/// Bytes of wasm code in one unit: enough that a context and its declarations
/// do not count, few enough that two threads share most modules.
constexpr uint64_t unitBytes = 24 << 10;

/// Defined functions [first, last) of a unit.
struct Part {
  uint32_t first;
  uint32_t last;
};

std::vector<Part> cut(const wasm::Module &module) {
  std::vector<Part> parts;
  uint32_t first = module.importedFunctions;
  uint64_t bytes = 0;
  auto count = static_cast<uint32_t>(module.functions.size());
  for (uint32_t i = first; i < count; ++i) {
    bytes += module.body(i).code.size();
    if (bytes >= unitBytes || i + 1 == count) {
      parts.push_back({first, i + 1});
      first = i + 1;
      bytes = 0;
    }
  }
  if (parts.empty()) // imports and entries still need a place
    parts.push_back({count, count});
  return parts;
}

/// Types that the host calls functions by.
std::vector<bool> typesWithEntries(const Job &job) {
  std::vector<bool> wanted(job.module.types.size());
  for (uint32_t type : job.module.functions)
    wanted[job.sameType[type]] = true;
  return wanted;
}

void defineShared(Unit &unit, const Job &job) {
  std::vector<bool> wanted = typesWithEntries(job);
  for (uint32_t i = 0; i < wanted.size(); ++i)
    if (wanted[i])
      unit.defineEntry(i);
  for (uint32_t i = 0; i < job.module.importedFunctions; ++i)
    unit.defineImport(i);
}

Result<ObjectBytes> compileUnit(const Job &job, Part part, bool isFirst) {
  Unit unit(job);
  std::unique_ptr<llvm::TargetMachine> machine =
      RUNE_TRY(machine::makeTargetMachine(job.options.target,
                                          llvm::CodeGenOptLevel::Less));
  unit.ir->setTargetTriple(machine->getTargetTriple());
  unit.ir->setDataLayout(machine->createDataLayout());
  for (uint32_t i = part.first; i < part.last; ++i)
    RUNE_TRY(FunctionTranslator(unit, i).run());
  if (isFirst)
    defineShared(unit, job);
  if (job.options.checkIr)
    RUNE_CHECK(!llvm::verifyModule(*unit.ir, &llvm::errs()),
               "the translator makes valid IR");
  return makeObject(unit, *machine);
}

class Pool {
public:
  Pool(const Job &job, std::vector<Part> parts)
      : job_(job), parts_(std::move(parts)), objects_(parts_.size()) {}

  Result<std::vector<ObjectBytes>> run(unsigned threads) {
    std::vector<std::thread> helpers;
    for (unsigned i = 1; i < std::min<size_t>(threads, parts_.size()); ++i)
      helpers.emplace_back([this] { work(); });
    work();
    for (std::thread &helper : helpers)
      helper.join();
    std::vector<ObjectBytes> all;
    for (std::optional<Result<ObjectBytes>> &object : objects_) {
      if (!object)
        continue;
      all.push_back(RUNE_TRY(std::move(*object)));
    }
    return all;
  }

private:
  void work() {
    for (size_t i; (i = next_++) < parts_.size() && !failed_;) {
      objects_[i].emplace(compileUnit(job_, parts_[i], i == 0));
      if (!objects_[i]->ok())
        failed_ = true;
    }
  }

  const Job &job_;
  std::vector<Part> parts_;
  std::vector<std::optional<Result<ObjectBytes>>> objects_;
  std::atomic<size_t> next_ = 0;
  std::atomic<bool> failed_ = false;
};

Result<uint32_t> offsetOf(const machine::Blob &blob, const std::string &name) {
  auto found = blob.symbols.find(name);
  if (found == blob.symbols.end())
    return error("engine.compile-internal", "no code was made for `{}`", name);
  return found->second;
}

Result<> checkFrame(const machine::Blob &blob, uint32_t function,
                    uint64_t most) {
  auto found = blob.frames.find(functionName(function));
  if (found != blob.frames.end() && found->second > most)
    return error("engine.compile-limit",
                 "function {} needs a frame of {} bytes, machine code is made "
                 "for at most {}",
                 function, found->second, most);
  return {};
}

std::string makerId() {
  return fmt::format("{} llvm {}", native::engineId(), LLVM_VERSION_STRING);
}

Result<native::Artifact> describe(const Job &job, const machine::Blob &blob) {
  native::Artifact artifact;
  artifact.target = job.options.target;
  artifact.bounds = job.options.bounds;
  artifact.fuel = job.options.fuel;
  artifact.module = sha256(job.module.bytes);
  artifact.maker = makerId();
  for (uint32_t i = 0; i < job.module.functions.size(); ++i) {
    RUNE_TRY(checkFrame(blob, i, job.options.limits.frameBytes));
    uint32_t begin = RUNE_TRY(offsetOf(blob, functionName(i)));
    artifact.functions.push_back(begin);
    // A thunk of an import is no function of the guest.
    artifact.ranges.push_back(
        {begin, job.module.isImported(i) ? native::nowhere : i});
  }
  std::vector<bool> wanted = typesWithEntries(job);
  for (uint32_t i = 0; i < wanted.size(); ++i) {
    artifact.entries.push_back(
        wanted[i] ? RUNE_TRY(offsetOf(blob, entryName(i))) : native::nowhere);
    if (wanted[i])
      artifact.ranges.push_back({artifact.entries.back(), native::nowhere});
  }
  std::sort(artifact.ranges.begin(), artifact.ranges.end(),
            [](const auto &a, const auto &b) { return a.begin < b.begin; });
  artifact.code = blob.code;
  return artifact;
}

class LlvmCompiler final : public native::Compiler {
public:
  std::string_view buildId() const override { return buildId_; }

  Result<Bytes> compile(const wasm::Module &module,
                        const native::CompileOptions &options,
                        const std::atomic<bool> &stop) override {
    if (options.target.family == machine::Family::Wasm32)
      return error("engine.compile-target",
                   "machine code of a module is not made for wasm32: it is "
                   "what the module consists of");
    Job job{module,
            options,
            stop,
            RUNE_TRY(survey(module, options.limits)),
            ContextLayout(module),
            native::firstOfEqual(module.types)};
    if (job.survey.tailCalls &&
        options.target.family == machine::Family::RiscV64)
      return error("engine.compile-target",
                   "tail calls are not made for riscv64");
    Pool pool(job, cut(module));
    std::vector<ObjectBytes> objects = RUNE_TRY(pool.run(options.threads));
    machine::Blob blob =
        RUNE_TRY(machine::linkBlob(objects, options.target.family));
    return writeArtifact(RUNE_TRY(describe(job, blob)));
  }

private:
  std::string buildId_ = makerId();
};

} // namespace
} // namespace rune::engine::llvm_tier

namespace rune::engine {

std::shared_ptr<native::Compiler> makeLlvmCompiler() {
  return std::make_shared<llvm_tier::LlvmCompiler>();
}

} // namespace rune::engine
