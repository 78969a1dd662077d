// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A mark under a secret: who does not know the secret can neither make it nor
// tell whether it is right. What we keep on disk and believe later carries one.
#pragma once

#include "base/hash.h"

#include <initializer_list>

namespace rune {

/// HMAC with SHA-256 of the parts of a message, one after the other.
///
/// source  RFC 2104 · FIPS 198-1
Sha256 hmacSha256(ByteSpan secret, std::initializer_list<ByteSpan> message);

} // namespace rune
