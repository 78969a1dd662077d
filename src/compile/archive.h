// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "base/bytes.h"

#include <string>

namespace rune::compile {

/// A static library of one object, with its symbol table; the same bytes each
/// time.
///
/// errors  `compile.internal`
Result<Bytes> archiveOf(const std::string &member, ByteSpan object);

} // namespace rune::compile
