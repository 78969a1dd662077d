// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What each layer of a model costs on a device: for `rune model-info --cost`.
#pragma once

#include "cli/console.h"
#include "cli/devices.h"

namespace rune::cli {

/// A table with a line for each layer and one for all of them. The results of
/// layers share the arena, so the last line is less than their sum; the code
/// has constants and what calls the layers besides.
std::string costText(const PreparedGraph &prepared);
Json costJson(const PreparedGraph &prepared);

} // namespace rune::cli
