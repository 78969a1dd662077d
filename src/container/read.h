// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "base/files.h"
#include "container/limits.h"
#include "container/rune_file.h"

namespace rune::container {

struct ReadOptions {
  /// Compare the data of weights with their hashes. Without it no page of a
  /// weight is touched; for a file that was verified before.
  bool verifyWeights = true;
  /// Compare the digest and all other hashes. Without it the stated hashes are
  /// replaced by computed ones; for fuzzers, which cannot guess a hash.
  bool verifyHashes = true;
};

/// Reads and checks a whole Rune: structure, limits, indices, types, order of
/// the stages, hashes of blocks, graphs and weights. The result points into
/// `bytes`.
///
/// errors  `container.bad-magic` not a WebAssembly module ·
///         `container.not-a-rune` a module without our header ·
///         `container.unsupported-version` · `container.unknown-section`
///         (required, unknown) · `container.missing-section` ·
///         `container.malformed` (with section and offset) ·
///         `container.hash-mismatch` · `container.limit`
Result<RuneFile> read(ByteSpan bytes, const SourcePtr &source,
                      const ReadOptions &options = {});

/// A Rune and the file it points into.
struct OpenRune {
  FileBytes bytes;
  RuneFile file;
};

/// Maps the file and reads it.
///
/// errors  as `FileBytes::open` and `read`
Result<OpenRune> open(const std::string &path, const ReadOptions &options = {},
                      uint64_t maxBytes = maxFileBytes);

/// True if a reader of format `reader` may read a file of format `format` whose
/// header asks for at least `minimumReader`.
///
/// source  docs/format.md, "Versions"
constexpr bool acceptsFormat(uint32_t format, uint32_t minimumReader,
                             uint32_t reader) {
  if (format == 0 || minimumReader == 0 || minimumReader > format)
    return false;
  return format > reader ? minimumReader <= reader
                         : uint64_t{format} + 1 >= reader;
}

} // namespace rune::container
