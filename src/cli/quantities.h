// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Quantities as people type them: 1s, 250ms, 64M.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

namespace rune::cli {

/// "1s", "250ms", "2m", "1.5s"; a bare number is seconds.
std::optional<std::chrono::nanoseconds> parseDuration(std::string_view text);

/// "65536", "64K", "64M", "2G", powers of 1024; "MiB" and "MB" mean the same.
std::optional<uint64_t> parseBytes(std::string_view text);

} // namespace rune::cli
