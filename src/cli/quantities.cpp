// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cli/quantities.h"

#include <charconv>
#include <cmath>
#include <utility>

namespace rune::cli {

/// A number that is not negative, and what stands behind it.
static std::optional<std::pair<double, std::string_view>>
split(std::string_view text) {
  double number = 0;
  auto [end, fault] =
      std::from_chars(text.data(), text.data() + text.size(), number);
  if (fault != std::errc() || !std::isfinite(number) || number < 0)
    return std::nullopt;
  return std::pair(number, text.substr(static_cast<size_t>(end - text.data())));
}

std::optional<std::chrono::nanoseconds> parseDuration(std::string_view text) {
  constexpr std::pair<std::string_view, double> units[] = {
      {"", 1e9},   {"s", 1e9},  {"ms", 1e6},
      {"us", 1e3}, {"m", 60e9}, {"h", 3600e9}};
  constexpr double longest = 9e18;
  auto parts = split(text);
  for (auto [unit, nanoseconds] : units)
    if (parts && parts->second == unit && parts->first * nanoseconds < longest)
      return std::chrono::nanoseconds(
          static_cast<int64_t>(parts->first * nanoseconds));
  return std::nullopt;
}

std::optional<uint64_t> parseBytes(std::string_view text) {
  auto parts = split(text);
  if (!parts)
    return std::nullopt;
  std::string_view unit = parts->second;
  if (unit.ends_with('B'))
    unit.remove_suffix(unit.ends_with("iB") ? 2 : 1);
  constexpr std::pair<std::string_view, double> units[] = {
      {"", 1}, {"K", 0x1p10}, {"M", 0x1p20}, {"G", 0x1p30}};
  for (auto [name, scale] : units)
    if (unit == name && parts->first * scale < 0x1p62)
      return static_cast<uint64_t>(parts->first * scale);
  return std::nullopt;
}

} // namespace rune::cli
