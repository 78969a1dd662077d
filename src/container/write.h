// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "container/limits.h"
#include "container/rune_file.h"

namespace rune::container {

struct WriteOptions {
  /// Where the weight pool goes on in a further section.
  uint64_t weightsSectionBytes = uint64_t{1} << 31;
};

/// The bytes of a Rune: a valid WebAssembly module. Equal values give equal
/// bytes; nothing of the machine or the time goes in. Hashes are computed here;
/// those in `file` are ignored. Equal weights are stored once.
///
/// errors  `container.too-big`: a count or a section above what readers accept
/// ·
///         `container.invalid`: values that no reader would accept (`verify`)
Result<Bytes> write(const RuneFile &file, const WriteOptions &options = {});

} // namespace rune::container
