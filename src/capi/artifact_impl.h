// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "capi/bounds.h"
#include "device/cpu/cpu_model.h"

#include "rune/program.hpp"

namespace rune::compiler {

/// What an artifact shares: the graph as it was imported, and its program
/// where all sizes are known.
struct Artifact::Impl {
  graph::Graph graph;
  /// Keeps what the graph's constants point into.
  std::shared_ptr<const void> owner;
  compile::Options options;
  device::Keeping keeping;
  std::optional<compile::Program> program;
  capi::BoundsByName bounds;
};

} // namespace rune::compiler
