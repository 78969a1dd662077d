// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cli/command.h"
#include "cli/engines.h"
#include "cli/start_pages.h"

#include <cstdio>
#include <new>

int main(int argc, char **argv) {
  std::set_new_handler([] {
    std::fputs("Error: out of memory [machine.memory]\n", stderr);
    std::_Exit(static_cast<int>(rune::cli::ExitCode::Machine));
  });
  rune::cli::giveBackStartPages();
  // How `rune` starts itself to compile; nobody types it.
  if (argc == 2 && std::string_view(argv[1]) == rune::cli::workerArgument)
    return rune::cli::runCompileWorker();
  return rune::cli::runCommandLine(argc, argv);
}
