// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Machine code kept on disk between runs. Code is run as it is, so a file is
// believed only if this user made it on this machine: the folder is private,
// and each file ends with a MAC under a key of the user's own. A file that is
// torn, stale or foreign counts as none. Files appear by renaming, so writers
// need no lock.
#pragma once

#include "base/bytes.h"
#include "base/hash.h"

#include <string>

namespace rune::engine::native {

class CodeCache {
public:
  /// The folder is made if it is not there; it must be the user's own and
  /// closed to others.
  ///
  /// errors  `engine.cache-folder`
  static Result<CodeCache> open(const std::string &folder);

  /// Where a user's caches lie: $RUNE_CACHE, which may be empty for none;
  /// $XDG_CACHE_HOME/rune/code, or below ~/.cache; empty without a home.
  static std::string usualFolder();

  /// What was kept under this key, if it is whole and ours.
  std::optional<Bytes> find(const Sha256 &key) const;

  /// Keeps `code`; then removes the oldest files beyond `mostBytes`.
  ///
  /// errors  `file.unwritable`: a full disk costs only time
  Result<> keep(const Sha256 &key, ByteSpan code) const;

  /// A file beside the code of a key, for data that is mapped. It goes with the
  /// code, and counts with it.
  std::string dataPathOf(const Sha256 &key) const;

  const std::string &folder() const { return folder_; }
  /// The user's key.
  const Bytes &secret() const { return secret_; }

  // Who makes the code of a key. One at a time, and whoever finds that it could
  // not be made before, does not try again; a file of no bytes says so.

  /// A file that turns away all others until `release`, or until each process
  /// that has it is gone; -1 if somebody else is at it, or nothing can be
  /// locked.
  int claim(const Sha256 &key) const;
  void release(const Sha256 &key, int claimed) const;
  /// Notes that making the code was begun. What ends without an answer leaves
  /// this behind; `keep` replaces it.
  void noteAttempt(const Sha256 &key) const;
  /// Whether an attempt of the last day is on record, and no code.
  bool wasTried(const Sha256 &key) const;

  static constexpr uint64_t mostBytes = uint64_t{512} << 20;

private:
  CodeCache(std::string folder, Bytes secret)
      : folder_(std::move(folder)), secret_(std::move(secret)) {}
  std::string pathOf(const Sha256 &key) const;
  Sha256 seal(const Sha256 &key, ByteSpan code) const;
  std::optional<Bytes> findAny(const Sha256 &key) const;
  void removeOldest() const;

  std::string folder_;
  Bytes secret_;
};

} // namespace rune::engine::native
