// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "container/rune_file.h"

namespace rune::container {

/// The bytes of a Rune: a valid WebAssembly module. Equal values give equal
/// bytes; nothing of the machine or the time goes in. Hashes are computed here;
/// those in `file` are ignored.
///
/// errors  `container.too-big`: a count or a section above what readers accept
Result<Bytes> write(const RuneFile &file);

} // namespace rune::container
