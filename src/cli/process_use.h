// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What this process has used so far, as the system counts it.
#pragma once

#include <cstdint>

namespace rune::cli {

/// Milliseconds of processor time of all threads, from the start of the process
/// on: what is set up before `main`, and what the system did for it, too.
double processorMs();

/// The most memory that was resident at one time: its own, and pages of files
/// that it mapped. 0 where the system does not tell.
uint64_t peakMemoryBytes();

} // namespace rune::cli
