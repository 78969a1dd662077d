// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The digest over a whole Rune, in its last section: the SHA-256 of the
// SHA-256s of the sections before it. The data of weight pools is left out;
// each weight has its own hash in a table that is covered. So a reader can
// check everything but the weights without touching them, and one hash still
// names it all.
#pragma once

#include "base/hash.h"

namespace rune::container {

class Digest {
public:
  /// The covered bytes of the next section of ours, from its id byte on.
  void add(ByteSpan section);
  Sha256 finish() const { return sha256(parts_); }

private:
  Bytes parts_;
};

} // namespace rune::container
