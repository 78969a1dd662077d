// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "engine/native/code_library.h"

#include "engine/native/context.h"

#include <unistd.h>

namespace rune::engine::native {

CodeLibrary::CodeLibrary(LibraryOptions options)
    : options_(std::move(options)) {
  if (options_.cacheFolder.empty())
    return;
  auto cache = CodeCache::open(options_.cacheFolder);
  if (cache)
    cache_ = std::move(cache).value();
  else
    note(cache.error());
}

CodeLibrary::~CodeLibrary() {
  {
    std::lock_guard lock(mutex_);
    ends_ = true;
    wanted_.clear();
  }
  stop_ = true;
  wake_.notify_one();
  if (thread_.joinable())
    thread_.join();
}

/// Everything that the code follows from.
Sha256 CodeLibrary::keyOf(const wasm::Module &module, bool fuel) const {
  ByteWriter all;
  all.raw(sha256(module.bytes).bytes);
  all.text(machine::hostTarget().str());
  all.text(options_.compiler ? options_.compiler->buildId()
                             : std::string_view());
  all.u32(artifactFormat);
  all.u32(slotBytes);
  all.u8(static_cast<uint8_t>(options_.bounds));
  all.u8(fuel);
  return sha256(all.bytes());
}

/// Tells debuggers, and keeps the image; if another thread was first, its.
std::shared_ptr<const CodeImage>
CodeLibrary::add(const Sha256 &key, const wasm::Module &module,
                 std::shared_ptr<const CodeImage> image) {
  std::lock_guard lock(mutex_);
  auto [place, isNew] = images_.emplace(key, std::move(image));
  if (isNew && (options_.debug.perf || options_.debug.gdb)) {
    auto code = DebugCode::announce(*place->second, module, options_.debug);
    if (code)
      announced_.push_back(std::move(code).value());
    else
      note(code.error());
  }
  return place->second;
}

std::shared_ptr<const CodeImage>
CodeLibrary::findBy(const Sha256 &key, const wasm::Module &module) {
  {
    std::lock_guard lock(mutex_);
    if (auto found = images_.find(key); found != images_.end())
      return found->second;
  }
  std::optional<Bytes> kept = cache_ ? cache_->find(key) : std::nullopt;
  if (!kept)
    return nullptr;
  auto image = CodeImage::load(*kept);
  if (!image) {
    note(image.error());
    return nullptr;
  }
  if ((*image)->module() != sha256(module.bytes))
    return nullptr;
  return add(key, module, std::move(*image));
}

Result<> CodeLibrary::give(ByteSpan artifact) {
  std::shared_ptr<const CodeImage> image = RUNE_TRY(CodeImage::load(artifact));
  if (image->bounds() != options_.bounds)
    return error("engine.foreign-code",
                 "this code keeps to memory in another way than the rest");
  std::lock_guard lock(mutex_);
  given_[{image->module(), image->countsFuel()}] = image;
  return {};
}

CompileOptions CodeLibrary::compileOptions(bool fuel) const {
  CompileOptions how;
  how.bounds = options_.bounds;
  how.fuel = fuel;
  how.threads = options_.threads;
  how.deadline = Clock::now() + options_.compileTime;
  how.checkIr = options_.checkIr;
  return how;
}

Result<std::shared_ptr<const CodeImage>>
CodeLibrary::compile(const Sha256 &key, const wasm::Module &module, bool fuel) {
  if (!options_.compiler)
    return error("engine.no-code",
                 "there is no machine code for this module, and no compiler");
  Bytes code =
      RUNE_TRY(options_.compiler->compile(module, compileOptions(fuel), stop_));
  auto image = RUNE_TRY(CodeImage::load(code));
  if (cache_)
    if (auto kept = cache_->keep(key, code); !kept)
      note(kept.error());
  return add(key, module, std::move(image));
}

std::shared_ptr<const CodeImage> CodeLibrary::find(const wasm::Module &module,
                                                   bool fuel) {
  Sha256 key = keyOf(module, fuel);
  std::shared_ptr<const CodeImage> given;
  {
    std::lock_guard lock(mutex_);
    if (!given_.empty())
      if (auto found = given_.find({sha256(module.bytes), fuel});
          found != given_.end())
        given = found->second;
  }
  return given ? add(key, module, given) : findBy(key, module);
}

Result<std::shared_ptr<const CodeImage>>
CodeLibrary::get(const wasm::Module &module, bool fuel) {
  if (auto found = find(module, fuel))
    return found;
  return compile(keyOf(module, fuel), module, fuel);
}

void CodeLibrary::want(std::shared_ptr<const wasm::Module> module, bool fuel) {
  if (!options_.compiler)
    return;
  Wanted wanted{std::move(module), fuel, {}};
  wanted.key = keyOf(*wanted.module, fuel);
  {
    std::lock_guard lock(mutex_);
    if (!known_.insert(wanted.key).second)
      return;
  }
  if (cache_ && !options_.background.empty() && wantFromProcess(wanted))
    return;
  std::lock_guard lock(mutex_);
  wanted_.push_back(std::move(wanted));
  if (!thread_.joinable())
    thread_ = std::thread([this] { work(); });
  wake_.notify_one();
}

/// False if no process can be started.
bool CodeLibrary::wantFromProcess(const Wanted &wanted) {
  if (cache_->wasTried(wanted.key))
    return true;
  int claim = cache_->claim(wanted.key);
  if (claim < 0)
    return true; // somebody is at it
  CompileOptions how = compileOptions(wanted.fuel);
  how.threads = 1; // beside a guest that runs
  auto started = compileInBackground(options_.background,
                                     options_.backgroundLimits, *wanted.module,
                                     how, cache_->folder(), wanted.key, claim);
  if (started) {
    ::close(claim); // the worker has it
    return true;
  }
  cache_->release(wanted.key, claim);
  note(started.error());
  return false;
}

void CodeLibrary::finish() {
  std::unique_lock lock(mutex_);
  idle_.wait(lock, [&] { return wanted_.empty() && !working_; });
}

void CodeLibrary::work() {
  std::unique_lock lock(mutex_);
  for (;;) {
    wake_.wait(lock, [&] { return ends_ || !wanted_.empty(); });
    if (wanted_.empty())
      return;
    Wanted next = std::move(wanted_.front());
    wanted_.pop_front();
    working_ = true;
    lock.unlock();
    if (auto made = compile(next.key, *next.module, next.fuel);
        !made && made.error().code != "engine.compile-stopped")
      note(made.error());
    lock.lock();
    working_ = false;
    idle_.notify_all();
  }
}

} // namespace rune::engine::native
