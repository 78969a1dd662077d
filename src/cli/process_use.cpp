// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Not `getrusage`: its peak is that of the process which started this one,
// where that was larger.
//
// source  proc(5), /proc/PID/status
#include "cli/process_use.h"

#include <charconv>
#include <ctime>
#include <fstream>
#include <string>

namespace rune::cli {

double processorMs() {
  timespec time = {};
  if (clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time) != 0)
    return 0;
  return 1e3 * static_cast<double>(time.tv_sec) +
         1e-6 * static_cast<double>(time.tv_nsec);
}

uint64_t peakMemoryBytes() {
  constexpr std::string_view field = "VmHWM:";
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    size_t digits = line.find_first_of("0123456789");
    uint64_t kibibytes = 0;
    if (line.starts_with(field) && digits != line.npos &&
        std::from_chars(line.data() + digits, line.data() + line.size(),
                        kibibytes)
                .ec == std::errc())
      return kibibytes * 1024;
  }
  return 0;
}

} // namespace rune::cli
