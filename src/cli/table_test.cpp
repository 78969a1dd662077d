// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cli/table.h"

#include <gtest/gtest.h>

namespace rune::cli {
namespace {

TEST(Table, ColumnsAreAsWideAsTheirWidestCell) {
  Table table({"<name", "bytes", "<what"});
  table.row({"a", "12345", "x"});
  table.row({"longer", "7", ""});
  table.rule();
  table.row({"all", "12352", "end"});
  EXPECT_EQ(table.str(), "name    bytes  what\n"
                         "a       12345  x\n"
                         "longer      7\n"
                         "-------------------\n"
                         "all     12352  end\n");
}

TEST(Table, CharactersOfSeveralBytesTakeOneColumn) {
  EXPECT_EQ(widthOf("64→128 ×2"), 9u);
  Table table({"<a", "b"});
  table.row({"→→", "1"});
  EXPECT_EQ(table.str(), "a   b\n→→  1\n");
}

} // namespace
} // namespace rune::cli
