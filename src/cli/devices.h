// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What runs models in this build, by the names that `--device` takes.
#pragma once

#include "graph/plan.h"
#include "runtime/device.h"

#include <functional>

namespace rune::cli {

/// The slow one that is always right first.
std::vector<std::string> deviceNames();

/// in  one of `deviceNames`
std::unique_ptr<runtime::Device> makeDevice(std::string_view name);

using GraphRunner = std::function<Result<graph::Items>(
    graph::Items, const graph::EvaluateLimits &)>;
/// Runs a graph outside of any Rune, each time as if it were the first. The
/// graph outlives the runner.
GraphRunner makeRunner(const graph::Graph &graph, std::string_view device);

} // namespace rune::cli
