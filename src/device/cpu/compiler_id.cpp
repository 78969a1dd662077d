// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "device/cpu/program_cache.h"
#include "device/sources.h"

namespace rune::device {

std::string_view compilerId() { return "compiler-" RUNE_COMPILER_SOURCES; }

} // namespace rune::device
