// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cli/process_use.h"

#include <gtest/gtest.h>

#include <vector>

namespace rune::cli {
namespace {

TEST(ProcessUse, ThePeakGrowsWithWhatIsTouchedAndStays) {
  uint64_t before = peakMemoryBytes();
  ASSERT_GT(before, 0u);
  constexpr uint64_t more = uint64_t{64} << 20;
  {
    std::vector<char> touched(before + more, 1);
    // whatever the compiler thinks of it, it is there
    EXPECT_EQ(*const_cast<volatile char *>(&touched[more]), 1);
  }
  uint64_t after = peakMemoryBytes();
  EXPECT_GE(after, before + more);
  EXPECT_EQ(peakMemoryBytes() / more, after / more);
}

TEST(ProcessUse, ProcessorTimeOnlyGrows) {
  double before = processorMs();
  EXPECT_GT(before, 0);
  EXPECT_GE(processorMs(), before);
}

} // namespace
} // namespace rune::cli
