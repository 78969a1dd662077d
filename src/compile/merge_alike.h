// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A network repeats itself: layers of the same sizes, and finishes that do the
// same to as many columns. Each is written as a function of its own; here those
// that are alike become one, before anybody spends time on them.
#pragma once

#include <llvm/IR/Module.h>

#include <map>
#include <string>

namespace rune::compile {

/// Keeps of internal functions that are alike the first. Two are if their
/// instructions are, one by one; constants that nobody knows by their place
/// count as what they hold, and what says which accesses are independent is
/// each function's own.
///
/// result  for each function that is gone the one in its place
std::map<std::string, std::string> mergeAlike(llvm::Module &module);

} // namespace rune::compile
