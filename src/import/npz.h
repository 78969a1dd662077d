// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// numpy's .npz: a zip of .npy, each stored or deflated.
#pragma once

#include "base/tensor.h"

#include <string>
#include <utility>
#include <vector>

namespace rune::import {

/// The arrays of a file in its order, with their names (without `.npy`).
///
/// errors  `verify.bad-file`: no zip, damaged, encrypted or in several parts,
///         another compression, an entry that is no .npy, or as parseNpy
/// source  PKWARE APPNOTE 6.3, sections 4.3.7, 4.3.12, 4.3.16, 4.5.3; RFC 1951
Result<std::vector<std::pair<std::string, Tensor>>> parseNpz(ByteSpan file);

} // namespace rune::import
