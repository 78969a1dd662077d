// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Faults of machine code become traps. A fault is a guest's own only if the
// code lies in a code image and, for memory, the address in a guest's
// reservation; all others go to whoever handled the signal before.
#pragma once

namespace rune::engine::native {

/// Handlers for SIGSEGV, SIGBUS, SIGFPE and SIGILL, once a process; an
/// alternate stack for this thread if it has none. Called before machine code
/// with `guard` bounds runs; with `dense` bounds none of it is needed.
void catchFaults();

} // namespace rune::engine::native
