// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Arbitrary bytes through the reader. What it accepts must be written and read
// back to the same values. Hashes are not compared: no fuzzer guesses one.
#include "container/read.h"
#include "container/same_values.h"
#include "container/write.h"

#include <cstdlib>

using namespace rune;
using namespace rune::container;

namespace {

/// A bug in this harness that is active on demand, to show that the fuzzer
/// finds bugs: it "breaks" on a Rune with a list argument of two elements.
bool planted(const RuneFile &file) {
  static const bool active = std::getenv("RUNE_FUZZ_PLANTED") != nullptr;
  if (!active)
    return false;
  for (const Stage &stage : file.stages)
    for (const Argument &argument : stage.arguments)
      if (auto *list = std::get_if<std::vector<int64_t>>(&argument.value))
        if (list->size() == 2)
          return true;
  return false;
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
