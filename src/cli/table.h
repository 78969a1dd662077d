// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Text in columns.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace rune::cli {

class Table {
public:
  /// A column for each word; one that begins with `<` stands at the left, the
  /// others at the right.
  explicit Table(std::vector<std::string> heading);

  /// As many cells as there are columns.
  void row(std::vector<std::string> cells);
  /// A rule between what is above and what is below.
  void rule();

  /// Lines that end with a line break and without spaces before it.
  std::string str() const;

private:
  std::vector<bool> atLeft_;
  /// The heading is the first; a rule has no cells.
  std::vector<std::vector<std::string>> rows_;
};

/// Columns that a text takes, each character one.
size_t widthOf(std::string_view text);

} // namespace rune::cli
