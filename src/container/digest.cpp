// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "container/digest.h"

namespace rune::container {

void Digest::add(ByteSpan section) {
  Sha256 part = sha256(section);
  parts_.insert(parts_.end(), part.bytes.begin(), part.bytes.end());
}

} // namespace rune::container
