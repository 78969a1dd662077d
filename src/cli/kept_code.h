// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the cache of machine code holds: that of blocks and that of models, with
// the weights beside it.
#pragma once

#include "base/hash.h"

#include <vector>

namespace rune::cli {

struct KeptCode {
  Sha256 key;
  /// "blocks", "model", "hash" (of a model's file), "attempt" (to compile), or
  /// "bad": not made by this user on this machine, or damaged since.
  std::string kind;
  /// Why it is bad.
  std::string fault;
  /// Of both files.
  uint64_t bytes = 0;
};

/// Every entry of the folder, by kind and key.
///
/// in      `data`: whether to hash the weights, too
/// errors  `engine.cache-folder`
Result<std::vector<KeptCode>> listKeptCode(const std::string &folder,
                                           bool data);

/// Removes one entry, both of its files.
void removeKeptCode(const std::string &folder, const Sha256 &key);

} // namespace rune::cli
