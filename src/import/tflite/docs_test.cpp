// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// docs/importing-tflite.md lists what operators.def lists.
#include "base/files.h"
#include "import/tflite/operators.h"

#include <gtest/gtest.h>

namespace rune::import::testing {
namespace {

/// `| NAME | 1 to N | kinds | …`, one line for each operator.
TEST(TfliteDocs, tableIsTheCodesTable) {
  auto file =
      FileBytes::open(RUNE_SOURCE_DIR "/docs/importing-tflite.md", 1 << 20);
  ASSERT_TRUE(file.ok());
  std::string_view text = asText(file->bytes());
  size_t rows = 0;
  for (const TfliteOperator &op : tfliteOperators()) {
    std::string kinds(op.kinds);
    std::string row = fmt::format(
        "\n| {} | {} | {} |", op.name,
        op.newest == 1 ? "1" : fmt::format("1 to {}", op.newest), kinds);
    EXPECT_NE(text.find(row), text.npos) << row.substr(1);
    ++rows;
  }
  size_t lines = 0;
  for (size_t at = text.find("\n| "); at != text.npos;
       at = text.find("\n| ", at + 1))
    lines +=
        text.substr(at + 3, 1).find_first_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ") == 0;
  EXPECT_EQ(lines, rows) << "rows whose operator is not in operators.def";
}

} // namespace
} // namespace rune::import::testing
