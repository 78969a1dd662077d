// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// How fibers switch in programs of tests: as everywhere, or as
// RUNE_TESTED_SWITCH says.
#include "engine/fiber/switch_stacks.h"

#include <cstdlib>
#include <string_view>

namespace rune::engine {

SwitchKind switchKind() {
  const char *asked = std::getenv("RUNE_TESTED_SWITCH");
  bool boost = asked && std::string_view(asked) == "boost";
  return RUNE_OWN_SWITCH && !boost ? SwitchKind::Own : SwitchKind::Boost;
}

} // namespace rune::engine
