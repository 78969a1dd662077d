// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The engines that are judged here, by name.
#pragma once

#include "engine/engine.h"

namespace rune::spec {

/// Null for an unknown name.
inline std::unique_ptr<engine::Engine> makeEngine(std::string_view name) {
  if (name == "interpreter")
    return engine::makeInterpreter();
  return nullptr;
}

inline std::string_view engineNames() { return "interpreter"; }

} // namespace rune::spec
