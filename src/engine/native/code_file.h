// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What `rune compile` writes: machine code of one or more modules, and a seal.
// Machine code does what it likes, so a file is run only if its seal is right:
// it was made under a key that whoever runs it trusts, which is the user's own
// (code_cache.h) if none is named.
//
//   artifacts (artifact.h), each from a multiple of 4096 on
//   32 bytes HMAC-SHA256 of all before it
#pragma once

#include "engine/native/artifact.h"

namespace rune::engine::native {

/// A secret by which code is known to be ours.
class SealKey {
public:
  static constexpr size_t bytes = 32;

  /// The key of this user on this machine, made on first use; it lies beside
  /// the cache.
  ///
  /// errors  `engine.cache-folder`
  static Result<SealKey> ofThisUser();
  /// Any file of at least 32 bytes.
  ///
  /// errors  `file.…`, `engine.bad-key`
  static Result<SealKey> fromFile(const std::string &path);

  explicit SealKey(Bytes secret) : secret_(std::move(secret)) {}
  Sha256 sealOf(ByteSpan message) const;

private:
  Bytes secret_;
};

/// in      `artifacts`: as the compiler gave them
Bytes writeCodeFile(const std::vector<Bytes> &artifacts, const SealKey &key);

/// The artifacts of a file, which point into `bytes`.
///
/// errors  `engine.untrusted-code` (made under another key, or changed since),
///         `engine.bad-code`
Result<std::vector<ByteSpan>> readCodeFile(ByteSpan bytes, const SealKey &key);

} // namespace rune::engine::native
