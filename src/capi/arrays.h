// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "graph/plan.h"

#include "rune/program.hpp"

namespace rune::capi {

/// Copies of the tensors of a run, which belong to the caller.
std::vector<Array> arraysOf(const graph::Items &items);

} // namespace rune::capi
