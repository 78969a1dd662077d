// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "container/rune_file.h"

namespace rune::container {

/// Checks what the values of a Rune mean, for writers and readers alike: the
/// limits, names (UTF-8, no control characters, unique), indices in range, each
/// stage after its inputs, each input an output that exists, no block or
/// resource twice. Hashes are compared with each other, not computed.
///
/// errors  `container.malformed`, `container.limit`
Result<> verify(const RuneFile &file);

} // namespace rune::container
