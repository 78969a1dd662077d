// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cli/start_pages.h"

#include <gtest/gtest.h>

#include <charconv>
#include <fstream>

namespace rune::cli {
namespace {

/// Kibibytes of files that are resident.
uint64_t residentOfFiles() {
  std::ifstream status("/proc/self/status");
  uint64_t kibibytes = 0;
  for (std::string line; std::getline(status, line);)
    if (line.starts_with("RssFile:")) {
      size_t digits = line.find_first_of("0123456789");
      std::from_chars(line.data() + digits, line.data() + line.size(),
                      kibibytes);
    }
  return kibibytes;
}

TEST(StartPages, AreGivenBackAndComeAgain) {
  uint64_t before = residentOfFiles();
  giveBackStartPages(0);
  uint64_t after = residentOfFiles();
  EXPECT_LT(after, before);
  // what runs now is there again
  EXPECT_GT(after, 0u);
}

TEST(StartPages, StayInSmallPrograms) {
  uint64_t before = residentOfFiles();
  giveBackStartPages(UINT64_MAX);
  EXPECT_GE(residentOfFiles(), before);
}

} // namespace
} // namespace rune::cli
