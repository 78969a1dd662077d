// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cli/exit_code.h"

#include "runtime/errors.h"

namespace rune::cli {

ExitCode exitCodeOf(const Diagnostic &why) {
  // a name that nobody knows is no fault of this machine
  if (why.code.starts_with("machine.unknown-"))
    return ExitCode::Refused;
  if (why.code.starts_with("machine."))
    return ExitCode::Machine;
  if (why.code.starts_with("usage."))
    return ExitCode::Usage;
  return static_cast<ExitCode>(runtime::faultOf(why.code));
}

} // namespace rune::cli
