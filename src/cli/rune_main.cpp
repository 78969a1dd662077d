// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cli/command.h"

#include <cstdio>
#include <new>

int main(int argc, char **argv) {
  std::set_new_handler([] {
    std::fputs("Error: out of memory [machine.memory]\n", stderr);
    std::_Exit(static_cast<int>(rune::cli::ExitCode::Machine));
  });
  return rune::cli::runCommandLine(argc, argv);
}
