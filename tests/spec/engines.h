// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The engines that are judged here, by name.
#pragma once

#include "engine/engine.h"
#ifdef RUNE_SPEC_LLVM
#include "engine/llvm/llvm_compiler.h"
#include "engine/native/native_engine.h"
#endif

namespace rune::spec {

#ifdef RUNE_SPEC_LLVM
inline std::unique_ptr<engine::Engine>
makeCompiling(engine::native::Bounds bounds) {
  engine::native::LibraryOptions options;
  options.compiler = engine::makeLlvmCompiler();
  options.bounds = bounds;
  return engine::makeNativeEngine(
      std::make_shared<engine::native::CodeLibrary>(std::move(options)));
}
#endif

/// Null for an unknown name.
inline std::unique_ptr<engine::Engine> makeEngine(std::string_view name) {
  if (name == "interpreter")
    return engine::makeInterpreter();
#ifdef RUNE_SPEC_LLVM
  if (name == "llvm")
    return makeCompiling(engine::native::Bounds::Guard);
  if (name == "llvm-dense")
    return makeCompiling(engine::native::Bounds::Dense);
#endif
  return nullptr;
}

inline std::vector<std::string> engineNames() {
  return {
      "interpreter",
#ifdef RUNE_SPEC_LLVM
      "llvm",
      "llvm-dense",
#endif
  };
}

} // namespace rune::spec
