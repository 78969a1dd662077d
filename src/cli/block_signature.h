// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What a block says of itself, in the words of `check`.
#pragma once

#include "check/signature_source.h"
#include "runtime/block_bindings.h"

namespace rune::cli {

check::BlockSignature signatureOf(const runtime::block::Metadata &metadata);

} // namespace rune::cli
