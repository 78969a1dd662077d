// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Writes the seeds of rune_file_fuzz, and the sample Rune that docs/format.md
// shows: `rune_samples FOLDER`.
#include "base/files.h"
#include "container/sample_rune.h"
#include "container/write.h"

#include <cstdio>

using namespace rune;

static Result<> writeSeeds(const std::string &folder) {
  RUNE_TRY(writeFileAtomically(
      folder + "/sample.rune",
      RUNE_TRY(container::write(container::sampleRune().file))));
  for (uint64_t seed = 1; seed <= 6; ++seed) {
    std::mt19937_64 random(seed);
    container::OwnedRune rune = container::randomRune(random);
    RUNE_TRY(writeFileAtomically(fmt::format("{}/random-{}.rune", folder, seed),
                                 RUNE_TRY(container::write(rune.file))));
  }
  return {};
}

int main(int count, char **arguments) {
  if (count != 2) {
    std::fputs("usage: rune_samples FOLDER\n", stderr);
    return 2;
  }
  if (auto done = writeSeeds(arguments[1]); !done) {
    std::fputs(renderText(done.error()).c_str(), stderr);
    return 4;
  }
  return 0;
}
