// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cli/exit_code.h"

#include "runtime/errors.h"

namespace rune::cli {

ExitCode exitCodeOf(const Diagnostic &why) {
  if (why.code == "file.unreadable" || why.code == "file.unwritable" ||
      why.code.starts_with("machine."))
    return ExitCode::Machine;
  if (runtime::meansGuestStopped(why.code))
    return ExitCode::Trapped;
  return ExitCode::Refused;
}

} // namespace rune::cli
