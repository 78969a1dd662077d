// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "engine/native/native_engine.h"

#include "engine/native/store.h"

#include <map>
#include <mutex>

namespace rune::engine {

namespace {

using native::CodeImage;
using native::CodeLibrary;
using native::EngineParts;
using native::NativeStore;

/// The code of modules that live: finding it in the library means hashing the
/// module.
class KnownCode {
public:
  using Module = std::shared_ptr<const wasm::Module>;

  std::shared_ptr<const CodeImage> find(const Module &module, bool fuel) {
    std::lock_guard lock(mutex_);
    auto found = images_[fuel].find(module);
    return found == images_[fuel].end() ? nullptr : found->second.lock();
  }
  void add(const Module &module, bool fuel,
           const std::shared_ptr<const CodeImage> &image) {
    std::lock_guard lock(mutex_);
    std::erase_if(images_[fuel],
                  [](const auto &each) { return each.first.expired(); });
    images_[fuel].insert_or_assign(module, image);
  }

private:
  std::mutex mutex_;
  std::map<std::weak_ptr<const wasm::Module>, std::weak_ptr<const CodeImage>,
           std::owner_less<>>
      images_[2];
};

class NativeEngine final : public Engine {
public:
  explicit NativeEngine(std::shared_ptr<CodeLibrary> library)
      : library_(std::move(library)) {}

  std::string_view name() const override { return "llvm"; }

  std::unique_ptr<Store> makeStore(const Limits &limits) override {
    auto code = [library = library_, known = known_](
                    const KnownCode::Module &module,
                    bool fuel) -> Result<std::shared_ptr<const CodeImage>> {
      if (auto found = known->find(module, fuel))
        return found;
      auto image = RUNE_TRY(library->get(*module, fuel));
      known->add(module, fuel, image);
      return image;
    };
    return std::make_unique<NativeStore>(std::move(code), library_->bounds(),
                                         parts_, limits);
  }

private:
  std::shared_ptr<CodeLibrary> library_;
  std::shared_ptr<KnownCode> known_ = std::make_shared<KnownCode>();
  EngineParts parts_;
};

/// All instances of a store run alike; the first module decides how.
class AutoStore final : public Store {
public:
  AutoStore(Engine &machine, Engine &interpreter,
            std::shared_ptr<CodeLibrary> library, const Limits &limits)
      : machine_(machine), interpreter_(interpreter),
        library_(std::move(library)), limits_(limits) {}

  Result<Instance *> instantiate(std::shared_ptr<const wasm::Module> module,
                                 std::span<const Import> imports,
                                 Deadline deadline) override {
    if (!store_) {
      bool fuel = limits_.fuel.has_value();
      bool ready = library_->find(*module, fuel) != nullptr;
      if (!ready)
        library_->want(module, fuel);
      store_ = (ready ? machine_ : interpreter_).makeStore(limits_);
    }
    return store_->instantiate(std::move(module), imports, deadline);
  }
  Function *makeFunction(wasm::FunctionType type,
                         HostFunction function) override {
    return store().makeFunction(std::move(type), std::move(function));
  }
  Global *makeGlobal(wasm::GlobalType type, Value value) override {
    return store().makeGlobal(type, value);
  }
  Result<Table *> makeTable(wasm::TableType type, Value element) override {
    return store().makeTable(type, element);
  }
  Result<Memory *> makeMemory(wasm::MemoryType type) override {
    return store().makeMemory(type);
  }
  Function *function(Value reference) const override {
    return store_ ? store_->function(reference) : nullptr;
  }
  std::optional<uint64_t> fuel() const override {
    return store_ ? store_->fuel() : limits_.fuel;
  }
  void setFuel(std::optional<uint64_t> fuel) override { store().setFuel(fuel); }

private:
  Store &store() {
    if (!store_)
      store_ = interpreter_.makeStore(limits_);
    return *store_;
  }

  Engine &machine_;
  Engine &interpreter_;
  std::shared_ptr<CodeLibrary> library_;
  Limits limits_;
  std::unique_ptr<Store> store_;
};

class AutoEngine final : public Engine {
public:
  explicit AutoEngine(std::shared_ptr<CodeLibrary> library)
      : library_(library), machine_(std::move(library)),
        interpreter_(makeInterpreter()) {}

  std::string_view name() const override { return "auto"; }

  std::unique_ptr<Store> makeStore(const Limits &limits) override {
    return std::make_unique<AutoStore>(machine_, *interpreter_, library_,
                                       limits);
  }

private:
  std::shared_ptr<CodeLibrary> library_;
  NativeEngine machine_;
  std::unique_ptr<Engine> interpreter_;
};

} // namespace

std::unique_ptr<Engine> makeNativeEngine(std::shared_ptr<CodeLibrary> library) {
  return std::make_unique<NativeEngine>(std::move(library));
}

std::unique_ptr<Engine> makeAutoEngine(std::shared_ptr<CodeLibrary> library) {
  return std::make_unique<AutoEngine>(std::move(library));
}

} // namespace rune::engine
