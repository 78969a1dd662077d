// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The machine code of modules: what this process has loaded, what the cache
// has, and what the compiler makes. Several engines and threads may share one.
#pragma once

#include "engine/native/code_cache.h"
#include "engine/native/code_image.h"
#include "engine/native/compiler.h"

#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <set>
#include <thread>

namespace rune::engine::native {

struct LibraryOptions {
  /// Null: only code that was made before.
  std::shared_ptr<Compiler> compiler;
  Bounds bounds = Bounds::Guard;
  /// Of each module.
  unsigned threads = 1;
  std::chrono::nanoseconds compileTime = std::chrono::seconds(120);
  /// Where code is kept between runs; empty: nowhere.
  std::string cacheFolder;
  /// Told what went wrong without consequence, such as a full disk. May be
  /// called by another thread.
  std::function<void(const Diagnostic &)> note;
  /// The compiler checks itself; for tests.
  bool checkIr = false;
};

class CodeLibrary {
public:
  explicit CodeLibrary(LibraryOptions options);
  /// Waits for what is being compiled.
  ~CodeLibrary();

  /// The module's code, compiled if need be.
  ///
  /// errors  what the compiler says; `engine.no-code` without a compiler
  Result<std::shared_ptr<const CodeImage>> get(const wasm::Module &module,
                                               bool fuel);
  /// Only if nothing must be compiled; null otherwise.
  std::shared_ptr<const CodeImage> find(const wasm::Module &module, bool fuel);
  /// Compiles in the background, so that `find` finds it later.
  void want(std::shared_ptr<const wasm::Module> module, bool fuel);

  Bounds bounds() const { return options_.bounds; }
  bool hasCompiler() const { return options_.compiler != nullptr; }

private:
  struct Wanted {
    std::shared_ptr<const wasm::Module> module;
    bool fuel;
    Sha256 key;
  };

  Sha256 keyOf(const wasm::Module &module, bool fuel) const;
  std::shared_ptr<const CodeImage> findBy(const Sha256 &key,
                                          const wasm::Module &module);
  Result<std::shared_ptr<const CodeImage>>
  compile(const Sha256 &key, const wasm::Module &module, bool fuel);
  void note(const Diagnostic &what) const {
    if (options_.note)
      options_.note(what);
  }
  void work();

  LibraryOptions options_;
  std::optional<CodeCache> cache_;
  std::mutex mutex_;
  std::map<Sha256, std::shared_ptr<const CodeImage>> images_;
  std::condition_variable wake_;
  std::deque<Wanted> wanted_;
  /// All that was ever wanted: what failed once is not tried again.
  std::set<Sha256> known_;
  std::thread thread_;
  bool ends_ = false;
  std::atomic<bool> stop_ = false;
};

} // namespace rune::engine::native
