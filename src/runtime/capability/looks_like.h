// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "base/bytes.h"

#include <string>

namespace rune::runtime {

/// What a file is by its first bytes, for the message that refuses it: "it
/// looks like a JPEG picture", "it looks like text", "it is empty", or "it
/// begins with 00 01 02".
///
/// source  the formats' own signatures
std::string looksLike(ByteSpan bytes);

/// Whether the first bytes are those of a known format that is not text.
bool isKnownBinary(ByteSpan bytes);

} // namespace rune::runtime
