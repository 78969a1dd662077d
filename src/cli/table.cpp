// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cli/table.h"

#include "base/result.h"

#include <algorithm>

namespace rune::cli {

/// Lines may be longer, where the last column is.
static constexpr size_t widestRule = 100;

size_t widthOf(std::string_view text) {
  // bytes that begin a character
  return static_cast<size_t>(std::ranges::count_if(
      text, [](char c) { return (static_cast<uint8_t>(c) & 0xC0) != 0x80; }));
}

Table::Table(std::vector<std::string> heading) {
  for (std::string &word : heading) {
    atLeft_.push_back(word.starts_with('<'));
    if (atLeft_.back())
      word.erase(0, 1);
  }
  rows_.push_back(std::move(heading));
}

void Table::row(std::vector<std::string> cells) {
  RUNE_CHECK(cells.size() == atLeft_.size(), "a cell for each column");
  rows_.push_back(std::move(cells));
}

void Table::rule() { rows_.emplace_back(); }

std::string Table::str() const {
  std::vector<size_t> widths(atLeft_.size(), 0);
  for (const auto &cells : rows_)
    for (size_t i = 0; i < cells.size(); ++i)
      widths[i] = std::max(widths[i], widthOf(cells[i]));
  size_t whole = 2 * (widths.size() - 1);
  for (size_t width : widths)
    whole += width;
  whole = std::min(whole, widestRule);
  std::string text;
  for (const auto &cells : rows_) {
    if (cells.empty())
      text += std::string(whole, '-');
    for (size_t i = 0; i < cells.size(); ++i) {
      std::string space(widths[i] - widthOf(cells[i]), ' ');
      text += i == 0 ? "" : "  ";
      text += atLeft_[i] ? cells[i] + space : space + cells[i];
    }
    text.resize(text.find_last_not_of(' ') + 1);
    text += '\n';
  }
  return text;
}

} // namespace rune::cli
