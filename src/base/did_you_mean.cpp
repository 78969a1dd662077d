// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "base/did_you_mean.h"

#include <algorithm>
#include <cctype>
#include <utility>
#include <vector>

namespace rune {

static std::string folded(std::string_view word) {
  std::string result;
  for (unsigned char c : word)
    result += c == '-' ? '_' : static_cast<char>(std::tolower(c));
  return result;
}

/// Insertions, deletions, replacements and swaps of neighbours that turn a into
/// b.
static size_t distance(const std::string &a, const std::string &b) {
  std::vector<size_t> before(b.size() + 1), above(b.size() + 1),
      row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j)
    row[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    before = std::exchange(above, row);
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      row[j] = std::min({above[j] + 1, row[j - 1] + 1,
                         above[j - 1] + (a[i - 1] != b[j - 1])});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        row[j] = std::min(row[j], before[j - 2] + 1);
    }
  }
  return row[b.size()];
}

std::optional<std::string> didYouMean(std::string_view word,
                                      std::span<const std::string> candidates) {
  constexpr size_t longest = 100;
  if (word.size() > longest)
    return std::nullopt;
  std::string wanted = folded(word);
  size_t nearest = word.size() / 3 + 1;
  std::optional<std::string> found;
  for (const std::string &candidate : candidates)
    if (candidate.size() <= longest)
      if (size_t d = distance(wanted, folded(candidate)); d < nearest) {
        nearest = d;
        found = candidate;
      }
  return found;
}

} // namespace rune
