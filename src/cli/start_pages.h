// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Before `main` the static program sets up a compiler that most runs do not
// need: thousands of small functions all over 47 MB of code, each of which
// brings its neighbours along. These pages are the file's; given back, they
// stay in the system's memory, and what is needed again is there within a
// microsecond. A model that runs from the cache then holds half as much.
#pragma once

#include <cstdint>

namespace rune::cli {

/// Tells the system that the pages of the program's code are not needed now.
/// Nothing where a debugger looks on, which has changed some of them.
///
/// in      `least`: bytes of code for which that is worth a call
void giveBackStartPages(uint64_t least = uint64_t{16} << 20);

} // namespace rune::cli
