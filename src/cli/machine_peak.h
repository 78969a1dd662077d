// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What one core of this machine can do at best in multiplications and
// additions of f32: the yardstick of `rune bench`.
#pragma once

namespace rune::cli {

/// Measured now, in a few milliseconds, with the widest vectors there are.
///
/// result  floating-point operations in a second; 0 where we have no loop for
///         the processor
double measuredPeakFlops();

} // namespace rune::cli
