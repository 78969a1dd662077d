// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Arbitrary bytes through the reader. What it accepts must be written and read
// back to the same values. Hashes are not compared: no fuzzer guesses one.
#include "container/read.h"
#include "container/same_values.h"
#include "container/write.h"

#include <algorithm>
#include <cstdlib>

using namespace rune;
using namespace rune::container;

namespace {

/// A bug in this harness that is active on demand, to show that the fuzzer
/// finds bugs: it "breaks" on a whole Rune with a stage named as no seed has
/// it.
bool planted(const RuneFile &file) {
  static const bool active = std::getenv("RUNE_FUZZ_PLANTED") != nullptr;
  return active && std::ranges::any_of(file.stages, [](const Stage &stage) {
           return !stage.name.empty() && stage.name[0] >= 'A' &&
                  stage.name[0] <= 'Z';
         });
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  ByteSpan bytes(data, size);
  (void)container::read(bytes, nullptr);
  auto file = container::read(bytes, nullptr, {.verifyHashes = false});
  if (!file)
    return 0;
  if (planted(*file))
    __builtin_trap();
  auto again = container::write(*file);
  RUNE_CHECK(again.ok(), "what was read cannot be written");
  auto back = container::read(*again, nullptr);
  RUNE_CHECK(back.ok(), "what was written cannot be read");
  RUNE_CHECK(sameValues(*file, *back), "values changed on the way");
  return 0;
}
