// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "container/rune_file.h"

namespace rune::container {

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
Result<RuneFile> read(ByteSpan bytes, const SourcePtr &source);

} // namespace rune::container
