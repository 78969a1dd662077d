// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The dump in docs/format.md is the file we write.
#include "base/files.h"
#include "container/sample_rune.h"
#include "container/write.h"

#include <gtest/gtest.h>

#include <sstream>

namespace rune::container {

TEST(FormatMd, ShowsTheBytesOfTheSample) {
  auto page = FileBytes::open(RUNE_SOURCE_DIR "/docs/format.md", 1 << 20);
  ASSERT_TRUE(page.ok()) << renderText(page.error());
  std::string_view text = asText(page->bytes());
  size_t begin = text.find("<!-- dump -->\n```text\n");
  ASSERT_NE(begin, text.npos);
  std::istringstream dump(std::string(text.substr(begin + 22)));
  Bytes shown;
  for (std::string line; std::getline(dump, line) && line != "```";) {
    // "00001a  01 00 …": the offset, then at most 16 bytes in 47 columns.
    ASSERT_EQ(std::stoul(line.substr(0, 6), nullptr, 16), shown.size());
    std::istringstream bytes(line.substr(8, 47));
    for (std::string byte; bytes >> byte;)
      shown.push_back(static_cast<uint8_t>(std::stoul(byte, nullptr, 16)));
  }
  EXPECT_EQ(shown, *write(sampleRune().file));
}

} // namespace rune::container
