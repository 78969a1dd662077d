// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A stage's arguments as a Rune holds them. The build binds them to blocks in
// this form too, so that both see the same.
#pragma once

#include "check/pipeline.h"
#include "container/rune_file.h"

namespace rune::link {

/// Resources are referred to by their position in the pipeline. A model that
/// comes from a resource refers to it by `container::modelArgument`.
std::vector<container::Argument> storedArguments(const check::Stage &stage);

} // namespace rune::link
