// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What regions call, told to whoever measures them: which nodes are one call,
// and which code it reaches. The optimiser makes functions of its own beside
// those that were emitted (a kernel's tasks, its tile), so the code of a call
// is found in the module when that is done.
#pragma once

#include "compile/groups.h"
#include "compile/module.h"
#include "compile/parts.h"

namespace rune::compile {

/// One for each group and each node that is called or moved alone, in the order
/// of the run.
///
/// in      `packed`: for each group the number of its packed weights
std::vector<Call> callsOf(std::span<const Step> steps, const Groups &groups,
                          const Parts &parts,
                          std::span<const std::optional<uint32_t>> packed);

/// The same steps, cut behind each call and each node of the plan.
std::vector<Step> splitSteps(std::span<const Step> steps, const Groups &groups);

/// Names the code of each call, once the module is optimised; the bytes are
/// not known yet.
void findCode(ProgramModule &made);

} // namespace rune::compile
