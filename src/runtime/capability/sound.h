// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Sound files as one channel of numbers, read from the front and only as far as
// someone asks. libFLAC is called in flac_adapter.cpp only, speexdsp in
// speex_adapter.cpp only.
#pragma once

#include "base/bytes.h"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace rune::runtime {

struct SoundFormat {
  /// "WAV" or "FLAC"
  std::string_view container;
  uint32_t hz = 0;
  uint32_t channels = 0;
  /// Of one sample of one channel, as stored.
  uint32_t bits = 0;
  bool isFloat = false;
  /// Samples of each channel, where the file says it.
  std::optional<uint64_t> frames;
};

/// A sound being read. A sample is a number in [-1, 1): an integer of `bits`
/// bits divided by 2^(bits - 1), a float as it is. Channels are mixed to their
/// mean.
class SoundSource {
public:
  virtual ~SoundSource() = default;
  const SoundFormat &format() const { return format_; }
  /// Fills `mono` from the front.
  ///
  /// result  how many samples; fewer than asked for at the end of the sound
  /// errors  `sound.corrupt`
  virtual Result<size_t> read(std::span<double> mono) = 0;

protected:
  SoundFormat format_;
};

/// Opens a WAV or FLAC, told apart by their first bytes. The bytes outlive the
/// source.
///
/// in      `name`: the file, for messages
/// errors  `sound.unknown-format`, `sound.corrupt`, `sound.unsupported`
Result<std::unique_ptr<SoundSource>> openSoundSource(ByteSpan bytes,
                                                     std::string_view name);

bool isWav(ByteSpan bytes);
/// A FLAC may stand behind an ID3v2 tag.
bool isFlac(ByteSpan bytes);
/// errors  as openSoundSource, without the name
Result<std::unique_ptr<SoundSource>> openWav(ByteSpan bytes);
Result<std::unique_ptr<SoundSource>> openFlac(ByteSpan bytes);

/// Rates further apart than this are refused: the filter grows with the ratio.
constexpr uint32_t maxRateRatio = 256;

/// The same sound at another rate. Sample 0 stays at time 0, and a sound of n
/// samples becomes one of ceil(n * hz / its rate); before and behind it is
/// silence.
///
/// errors  `sound.unsupported`: the rates are too far apart
Result<std::unique_ptr<SoundSource>>
resampled(std::unique_ptr<SoundSource> source, uint32_t hz);

} // namespace rune::runtime
