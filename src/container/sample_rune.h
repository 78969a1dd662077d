// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Runes for tests, with the bytes they point to: a small fixed one that has
// every section, and random ones that have everything a Rune can have.
#pragma once

#include "container/rune_file.h"

#include <deque>
#include <random>

namespace rune::container {

/// A Rune that owns its bytes. Hashes are those `write` computes.
struct OwnedRune {
  RuneFile file;
  std::deque<Bytes> bytes;

  ByteSpan keep(Bytes data) { return bytes.emplace_back(std::move(data)); }
};

/// One block, one model with two weights, one text resource, four stages. The
/// same bytes for ever; docs/format.md shows them.
OwnedRune sampleRune();

/// Any Rune that `write` accepts, of moderate size.
OwnedRune randomRune(std::mt19937_64 &random);

} // namespace rune::container
