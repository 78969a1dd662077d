// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "engine/fiber/switch_stacks.h"

namespace rune::engine {

SwitchKind switchKind() {
  return RUNE_OWN_SWITCH ? SwitchKind::Own : SwitchKind::Boost;
}

} // namespace rune::engine
