// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "base/result.h"

#include <cstdio>
#include <cstdlib>

namespace rune {

void checkFailed(const char *condition, const char *file, int line,
                 const char *why) {
  std::fprintf(stderr, "rune: internal error at %s:%d: %s (%s)\n", file, line,
               why, condition);
  std::abort();
}

} // namespace rune
