// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What a block says of itself, in the words of `check`.
#pragma once

#include "check/signature_source.h"
#include "container/rune_file.h"
#include "runtime/block_bindings.h"

namespace rune::cli {

check::BlockSignature signatureOf(const runtime::block::Metadata &metadata);

/// A stage's arguments as a Rune stores them; resources are referred to by
/// number.
std::vector<container::Argument> storedArguments(const check::Stage &stage);

} // namespace rune::cli
