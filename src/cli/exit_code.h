// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "base/diagnostic.h"

namespace rune::cli {

/// The command-line contract (DESIGN).
enum class ExitCode : int {
  Success = 0,
  Refused = 1, ///< the user's input
  Usage = 2,
  Trapped = 3, ///< the guest trapped or ran out of its limits
  Machine = 4, ///< I/O, memory
};

/// Which of them an error means, by its code.
ExitCode exitCodeOf(const Diagnostic &why);

} // namespace rune::cli
