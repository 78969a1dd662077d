// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Only code is given back: it is never written, so the file has all of it. What
// was relocated lies elsewhere.
//
// source  madvise(2), MADV_DONTNEED; dl_iterate_phdr(3)
#include "cli/start_pages.h"

#include <link.h>
#include <sys/mman.h>

#include <fstream>
#include <string>

namespace rune::cli {

namespace {

constexpr uintptr_t pageBytes = 4096;

struct Code {
  uintptr_t begin = 0, end = 0;
};

/// Of the program itself, which is told first: whole pages.
int findCode(dl_phdr_info *info, size_t, void *to) {
  for (size_t i = 0; i < info->dlpi_phnum; ++i) {
    const auto &part = info->dlpi_phdr[i];
    if (part.p_type != PT_LOAD || !(part.p_flags & PF_X) ||
        (part.p_flags & PF_W))
      continue;
    uintptr_t begin = info->dlpi_addr + part.p_vaddr,
              end = begin + part.p_filesz;
    *static_cast<Code *>(to) = {(begin + pageBytes - 1) / pageBytes * pageBytes,
                                end / pageBytes * pageBytes};
  }
  return 1;
}

/// A breakpoint is a change of the code that the file does not have.
bool isTraced() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);)
    if (line.starts_with("TracerPid:"))
      return line.find_first_of("123456789") != std::string::npos;
  return true;
}

} // namespace

void giveBackStartPages(uint64_t least) {
  Code code;
  dl_iterate_phdr(findCode, &code);
  if (code.begin >= code.end || code.end - code.begin < least || isTraced())
    return;
  // else they stay
  (void)madvise(reinterpret_cast<void *>(code.begin), code.end - code.begin,
                MADV_DONTNEED);
}

} // namespace rune::cli
