// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cli/engines.h"

#include "engine/native/native_engine.h"
#ifdef RUNE_HAS_LLVM
#include "engine/llvm/llvm_compiler.h"
#endif

#include <thread>

namespace rune::cli {

std::shared_ptr<engine::native::Compiler> makeCompiler() {
#ifdef RUNE_HAS_LLVM
  return engine::makeLlvmCompiler();
#else
  return nullptr;
#endif
}

std::vector<std::string> engineNames() {
  if (makeCompiler())
    return {"interpreter", "llvm", "auto"};
  return {"interpreter"};
}

std::unique_ptr<engine::Engine> makeEngine(const std::string &name,
                                           Console &console) {
  if (name == "interpreter")
    return engine::makeInterpreter();
  engine::native::LibraryOptions options;
  options.compiler = makeCompiler();
  options.threads = std::max(1u, std::thread::hardware_concurrency());
  options.cacheFolder = engine::native::CodeCache::usualFolder();
  options.note = [&console](const Diagnostic &what) {
    console.say("note: " + what.message);
  };
  auto library =
      std::make_shared<engine::native::CodeLibrary>(std::move(options));
  return name == "auto" ? engine::makeAutoEngine(std::move(library))
                        : engine::makeNativeEngine(std::move(library));
}

} // namespace rune::cli
