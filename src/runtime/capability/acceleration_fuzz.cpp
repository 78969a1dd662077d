// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Any bytes as a csv of accelerometer samples.
#include "runtime/capability/acceleration.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>

using namespace rune;
using namespace rune::runtime;

/// The planted bug of `./dev fuzz --selftest`: four lines, more than any seed
/// has.
static bool isPlanted(const AccelerationTable &table) {
  static const bool planted = std::getenv("RUNE_FUZZ_PLANTED") != nullptr;
  return planted && table.samples > 3;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  auto table = readAcceleration({data, size}, "fuzzed", 100);
  if (!table)
    return 0;
  if (table->values.size() != std::min<uint64_t>(table->samples, 100) * 3 ||
      isPlanted(*table))
    __builtin_trap();
  for (float value : table->values)
    if (!std::isfinite(value))
      __builtin_trap();
  return 0;
}
