// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The small languages inside a Runefile's strings.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

namespace rune::runefile {

/// A letter or `_`, then letters, digits, `_` or `-`.
bool isName(std::string_view text);

/// `fft` or `fft.2`.
struct StagePort {
  std::string_view stage;
  size_t port = 0;
};
std::optional<StagePort> parseStagePort(std::string_view text);

/// The name in `$NAME`; nothing for any other text.
std::optional<std::string_view> resourceName(std::string_view text);

/// `base[@version][#subPath]`: where a proc-block comes from.
struct BlockPath {
  std::string_view base;
  std::string_view version;
  std::string_view subPath;

  /// A block of one's own: begins with a dot, is absolute, or ends as a module
  /// does. Needs no version.
  bool isLocal() const;
  /// In a repository that is not the first system's.
  bool isForeign() const;
  /// Last segment of the sub-path, or of the base.
  std::string_view name() const;
};
std::optional<BlockPath> parseBlockPath(std::string_view text);

/// Upper case, with `_` for `-`: how capabilities and outs are spelled inside.
std::string kindSpelling(std::string_view text);

/// source  the first system's Runefile, version 1
constexpr std::array capabilityKinds = {"ACCEL", "FLOAT_IMAGE", "IMAGE",
                                        "RAND",  "RAW",         "SOUND"};
constexpr std::array outKinds = {"SERIAL", "TENSOR"};

} // namespace rune::runefile
