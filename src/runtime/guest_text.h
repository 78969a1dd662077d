// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <string>
#include <string_view>

namespace rune::runtime {

/// Text of a stranger, fit for a message: control characters (line breaks,
/// terminal escapes) become spaces, and no more than 500 bytes of it are kept.
std::string printable(std::string_view text);

} // namespace rune::runtime
