// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Files, whole or not at all.
#pragma once

#include "base/bytes.h"

#include <string>

namespace rune {

/// The bytes of a file, mapped read-only; unmapped with the object. A file that
/// another process truncates meanwhile is that process's fault (SIGBUS), so the
/// file is copied when it is small.
class FileBytes {
public:
  /// errors  `file.not-found`, `file.unreadable` (with the system's reason),
  ///         `file.not-regular`, `file.too-big` (more than `maxBytes`)
  static Result<FileBytes> open(const std::string &path, uint64_t maxBytes);

  FileBytes(FileBytes &&other) noexcept;
  FileBytes &operator=(FileBytes &&other) noexcept;
  ~FileBytes();

  ByteSpan bytes() const { return bytes_; }

private:
  FileBytes() = default;

  Bytes copy_;
  ByteSpan bytes_;
  bool mapped_ = false;
};

/// Writes to a temporary beside `path`, then renames: readers see the old file
/// or the new one, never a half. The temporary is removed on failure.
///
/// errors  `file.unwritable` with the system's reason
Result<> writeFileAtomically(const std::string &path, ByteSpan bytes);

} // namespace rune
