// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

namespace rune::cli {

/// The version of the command, from the file VERSION.
const char *version();

} // namespace rune::cli
