// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Which sections a Rune has, judged before any of them is believed: the version
// rule, the rule for unknown sections, and how often each may stand.
#pragma once

#include "container/sections.h"

#include <string>

namespace rune::container {

struct Frame {
  std::string producer;
  /// All sections of ours in the order of the file: the header first, the
  /// digest last, among them unknown ones that may be skipped. Foreign ones are
  /// not here.
  std::vector<Section> sections;
};

/// errors  `container.bad-magic`, `container.not-a-rune`,
///         `container.unsupported-version`, `container.unknown-section`,
///         `container.missing-section`, `container.malformed`,
///         `container.limit`
Result<Frame> readFrame(ByteSpan file, const SourcePtr &source);

} // namespace rune::container
