// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The machine code of modules: what this process has loaded, what the cache
// has, and what the compiler makes. Several engines and threads may share one.
#pragma once

#include "engine/native/code_cache.h"
#include "engine/native/code_file.h"
#include "engine/native/code_image.h"
#include "engine/native/compile_worker.h"
#include "engine/native/debug_code.h"

#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <set>
#include <thread>

namespace rune::engine::native {

struct LibraryOptions {
  /// Null: only code that was made before. One that works in a process of its
  /// own (`makeWorkerCompiler`) keeps its faults and its hunger there.
  std::shared_ptr<Compiler> compiler;
  /// Who makes code in the background: a process that outlives this one and
  /// leaves the code in the cache. Empty, or without a cache: a thread, which
  /// ends with the library.
  WorkerCommand background;
  WorkerLimits backgroundLimits;
  Bounds bounds = Bounds::Guard;
  /// Of each module.
  unsigned threads = 1;
  std::chrono::nanoseconds compileTime = std::chrono::seconds(120);
  /// Where code is kept between runs; empty: nowhere.
  std::string cacheFolder;
  /// Told what went wrong without consequence, such as a full disk. May be
  /// called by another thread.
  std::function<void(const Diagnostic &)> note;
  /// Who is told of code that is loaded.
  DebugOptions debug;
  /// The compiler checks itself; for tests.
  bool checkIr = false;
};

class CodeLibrary {
public:
  explicit CodeLibrary(LibraryOptions options);
  /// Ends what is being compiled in the background by a thread: at the next
  /// step of the compiler, which keeps nothing of it.
  ~CodeLibrary();

  /// Takes an artifact that was made before, in preference to all other code
  /// of its module. It must come from a source that is trusted (code_file.h).
  ///
  /// errors  as CodeImage::load · `engine.foreign-code` with other bounds
  Result<> give(ByteSpan artifact);

  /// The module's code, compiled if need be.
  ///
  /// errors  what the compiler says; `engine.no-code` without a compiler
  Result<std::shared_ptr<const CodeImage>> get(const wasm::Module &module,
                                               bool fuel);
  /// Only if nothing must be compiled; null otherwise.
  std::shared_ptr<const CodeImage> find(const wasm::Module &module, bool fuel);
  /// Compiles in the background, so that `find` finds it later, or the next
  /// library with this cache. What could not be made is not tried again.
  void want(std::shared_ptr<const wasm::Module> module, bool fuel);
  /// Waits for the thread to have done all that was wanted so far.
  void finish();

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
  std::shared_ptr<const CodeImage> add(const Sha256 &key,
                                       const wasm::Module &module,
                                       std::shared_ptr<const CodeImage> image);
  CompileOptions compileOptions(bool fuel) const;
  Result<std::shared_ptr<const CodeImage>>
  compile(const Sha256 &key, const wasm::Module &module, bool fuel);
  bool wantFromProcess(const Wanted &wanted);
  void note(const Diagnostic &what) const {
    if (options_.note)
      options_.note(what);
  }
  void work();

  LibraryOptions options_;
  std::optional<CodeCache> cache_;
  std::mutex mutex_;
  std::map<Sha256, std::shared_ptr<const CodeImage>> images_;
  /// By module, and whether it counts fuel.
  std::map<std::pair<Sha256, bool>, std::shared_ptr<const CodeImage>> given_;
  std::vector<std::unique_ptr<DebugCode>> announced_;
  std::condition_variable wake_;
  std::condition_variable idle_;
  std::deque<Wanted> wanted_;
  /// All that was ever wanted: what failed once is not tried again.
  std::set<Sha256> known_;
  std::thread thread_;
  bool working_ = false;
  bool ends_ = false;
  std::atomic<bool> stop_ = false;
};

} // namespace rune::engine::native
