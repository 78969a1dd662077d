// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// WAV and FLAC bytes through the readers and the resampler. A file cannot state
// more samples than it has bytes for, except in FLAC, where a silent frame is
// small; so reading ends after so many samples.
#include "runtime/capability/sound.h"

#include <array>
#include <cmath>
#include <cstdlib>

using namespace rune;
using namespace rune::runtime;

namespace {

constexpr size_t maxRead = 1 << 16;

/// The planted bug of `./dev fuzz --selftest`: a WAV of a higher rate than any
/// seed has.
bool isPlanted(const SoundFormat &format) {
  static const bool planted = std::getenv("RUNE_FUZZ_PLANTED") != nullptr;
  return planted && format.container == "WAV" && format.hz > 65535;
}

/// Reads at most so much; traps on what no source may give.
size_t drain(SoundSource &source) {
  std::array<double, 1000> block;
  size_t all = 0;
  while (all < maxRead) {
    auto count = source.read(block);
    if (!count)
      return all;
    for (double sample : std::span(block).first(*count))
      if (!std::isfinite(sample))
        __builtin_trap();
    all += *count;
    if (*count < block.size())
      break;
  }
  if (source.format().frames && all < maxRead && all != source.format().frames)
    __builtin_trap();
  return all;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  ByteSpan bytes(data, size);
  auto source = openSoundSource(bytes, "fuzzed");
  if (!source)
    return 0;
  if ((*source)->format().hz == 0 || (*source)->format().channels == 0 ||
      isPlanted((*source)->format()))
    __builtin_trap();
  drain(**source);
  // Rates far apart only take time.
  constexpr uint32_t hz = 16000;
  uint32_t from = (*source)->format().hz;
  if (from < hz / 8 || from > hz * 8)
    return 0;
  if (auto other = resampled(*openSoundSource(bytes, "fuzzed"), hz))
    drain(**other);
  return 0;
}
