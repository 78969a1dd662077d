// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace rune {

/// The candidate nearest to a mistyped word, if one is near: at most a third of
/// its letters differ (Damerau-Levenshtein, case ignored, '-' and '_' alike).
std::optional<std::string> didYouMean(std::string_view word,
                                      std::span<const std::string> candidates);

} // namespace rune
