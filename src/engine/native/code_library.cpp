// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "engine/native/code_library.h"

#include "engine/native/context.h"

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
  }
  wake_.notify_one();
  if (thread_.joinable())
    thread_.join();
}

/// Everything that the code follows from.
Sha256 CodeLibrary::keyOf(const wasm::Module &module, bool fuel) const {
  ByteWriter all;
  all.raw(sha256(module.bytes).bytes);
  all.text(hostTarget().str());
  all.text(options_.compiler ? options_.compiler->buildId()
                             : std::string_view());
  all.u32(artifactFormat);
  all.u32(slotBytes);
  all.u8(static_cast<uint8_t>(options_.bounds));
  all.u8(fuel);
  return sha256(all.bytes());
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
  std::lock_guard lock(mutex_);
  return images_.emplace(key, *image).first->second;
}

Result<std::shared_ptr<const CodeImage>>
CodeLibrary::compile(const Sha256 &key, const wasm::Module &module, bool fuel) {
  if (!options_.compiler)
    return error("engine.no-code",
                 "there is no machine code for this module, and no compiler");
  CompileOptions how;
  how.bounds = options_.bounds;
  how.fuel = fuel;
  how.threads = options_.threads;
  how.deadline = Clock::now() + options_.compileTime;
  how.checkIr = options_.checkIr;
  Bytes code = RUNE_TRY(options_.compiler->compile(module, how, stop_));
  auto image = RUNE_TRY(CodeImage::load(code));
  if (cache_)
    if (auto kept = cache_->keep(key, code); !kept)
      note(kept.error());
  std::lock_guard lock(mutex_);
  return images_.emplace(key, std::move(image)).first->second;
}

std::shared_ptr<const CodeImage> CodeLibrary::find(const wasm::Module &module,
                                                   bool fuel) {
  return findBy(keyOf(module, fuel), module);
}

Result<std::shared_ptr<const CodeImage>>
CodeLibrary::get(const wasm::Module &module, bool fuel) {
  Sha256 key = keyOf(module, fuel);
  if (auto found = findBy(key, module))
    return found;
  return compile(key, module, fuel);
}

void CodeLibrary::want(std::shared_ptr<const wasm::Module> module, bool fuel) {
  if (!options_.compiler)
    return;
  Sha256 key = keyOf(*module, fuel);
  {
    std::lock_guard lock(mutex_);
    if (!known_.insert(key).second)
      return;
    wanted_.push_back({std::move(module), fuel, key});
    if (!thread_.joinable())
      thread_ = std::thread([this] { work(); });
  }
  wake_.notify_one();
}

void CodeLibrary::work() {
  std::unique_lock lock(mutex_);
  for (;;) {
    wake_.wait(lock, [&] { return ends_ || !wanted_.empty(); });
    if (wanted_.empty())
      return;
    Wanted next = std::move(wanted_.front());
    wanted_.pop_front();
    lock.unlock();
    if (auto made = compile(next.key, *next.module, next.fuel); !made)
      note(made.error());
    lock.lock();
  }
}

} // namespace rune::engine::native
