// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// WAV: integers of 8 to 32 bits and floats of 32 and 64, any number of
// channels. Both chunks are found before anything is read: writers put LIST,
// fact or JUNK before, between and behind them.
//
// source  Microsoft, "Multimedia Programming Interface and Data Specifications
//         1.0", 1991; WAVEFORMATEXTENSIBLE; EBU Tech 3306 (RF64)
#include "runtime/capability/sound.h"

#include <algorithm>
#include <cmath>

namespace rune::runtime {

namespace {

constexpr uint16_t integerTag = 1;
constexpr uint16_t floatTag = 3;
constexpr uint16_t extensibleTag = 0xFFFE;

/// Full scale is 1. Files of floats that hold integers as large as they come
/// are taken, those whose sums could leave f32 are not.
constexpr double maxSample = 0x1p64;

/// A writer that could not seek back leaves this for a length.
constexpr uint32_t unknownLength = 0xFFFFFFFF;

Diagnostic corrupt(std::string why) {
  return error("sound.corrupt", "the WAV is damaged: {}", why);
}

struct Chunks {
  std::optional<ByteSpan> format;
  std::optional<ByteSpan> data;
};

/// Finds the first `fmt ` and the first `data`; what lies behind both may be
/// cut. Chunks begin at even offsets.
Result<Chunks> findChunks(ByteSpan bytes) {
  constexpr size_t headerBytes = 12;
  Chunks chunks;
  ByteReader reader(bytes.subspan(headerBytes), headerBytes);
  while (reader.remaining() >= 8 && !(chunks.format && chunks.data)) {
    std::string_view name = asText(*reader.take(4));
    uint64_t length = *reader.u32();
    if (name == "data" && length == unknownLength)
      length = reader.remaining();
    if (length > reader.remaining())
      return corrupt(fmt::format(
          "its chunk `{}` should have {} bytes, but the file ends after {}",
          name == "data"   ? "data"
          : name == "fmt " ? "fmt "
                           : "…",
          length, reader.remaining()));
    ByteSpan body = *reader.take(length);
    if (name == "fmt " && !chunks.format)
      chunks.format = body;
    if (name == "data" && !chunks.data)
      chunks.data = body;
    if (length % 2 && !reader.atEnd())
      (void)reader.u8();
  }
  return chunks;
}

struct Encoding {
  SoundFormat format;
  uint32_t sampleBytes = 0;
  uint64_t frameBytes() const {
    return uint64_t{sampleBytes} * format.channels;
  }
};

std::string_view tagName(uint16_t tag) {
  switch (tag) {
  case 2:
    return "Microsoft ADPCM";
  case 6:
    return "A-law";
  case 7:
    return "mu-law";
  case 0x11:
    return "IMA ADPCM";
  case 0x55:
    return "MP3";
  default:
    return "an encoding we do not know";
  }
}

/// The tag behind WAVE_FORMAT_EXTENSIBLE: the first bytes of a GUID whose rest
/// is the same for all tags.
Result<uint16_t> subFormat(ByteSpan format) {
  constexpr uint8_t rest[] = {0x00, 0x00, 0x00, 0x00, 0x10, 0x00, 0x80,
                              0x00, 0x00, 0xAA, 0x00, 0x38, 0x9B, 0x71};
  if (format.size() < 40)
    return corrupt(fmt::format(
        "an extensible `fmt ` chunk has {} bytes, needs 40", format.size()));
  if (!std::ranges::equal(format.subspan(26, sizeof rest), rest))
    return error("sound.unsupported", "the WAV's samples are of no kind that "
                                      "has a name");
  return loadUnaligned<uint16_t>(format.data() + 24);
}

Result<> checkEncoding(const Encoding &encoding, uint16_t tag) {
  const SoundFormat &format = encoding.format;
  if (tag != integerTag && tag != floatTag)
    return error("sound.unsupported",
                 "the WAV holds {} (tag {:#x}), needs plain integers or floats",
                 tagName(tag), tag)
        .withHelp("convert it to 16-bit PCM");
  if (format.channels == 0 || format.hz == 0)
    return corrupt(
        fmt::format("{} channels at {} Hz", format.channels, format.hz));
  bool known = tag == floatTag
                   ? encoding.sampleBytes == 4 || encoding.sampleBytes == 8
                   : encoding.sampleBytes >= 1 && encoding.sampleBytes <= 4;
  if (!known || format.bits == 0 || format.bits > 8 * encoding.sampleBytes)
    return error("sound.unsupported",
                 "the WAV has {}s of {} bits in {} bytes, needs integers of 8 "
                 "to 32 bits or floats of 32 or 64",
                 tag == floatTag ? "float" : "integer", format.bits,
                 encoding.sampleBytes);
  return {};
}

Result<Encoding> readFormat(ByteSpan bytes) {
  if (bytes.size() < 16)
    return corrupt(
        fmt::format("its `fmt ` chunk has {} bytes, needs 16", bytes.size()));
  ByteReader reader(bytes);
  uint16_t tag = *reader.u16();
  Encoding encoding;
  encoding.format.container = "WAV";
  encoding.format.channels = *reader.u16();
  encoding.format.hz = *reader.u32();
  (void)reader.u32(); // bytes a second, which follows from the rest
  uint32_t frameBytes = *reader.u16();
  encoding.format.bits = *reader.u16();
  if (tag == extensibleTag)
    tag = RUNE_TRY(subFormat(bytes));
  encoding.format.isFloat = tag == floatTag;
  if (encoding.format.channels != 0 &&
      frameBytes % encoding.format.channels == 0)
    encoding.sampleBytes = frameBytes / encoding.format.channels;
  RUNE_TRY(checkEncoding(encoding, tag));
  return encoding;
}

/// One sample. Narrow integers fill their bytes from the top, so that the width
/// of the container is what scales.
double sampleAt(const uint8_t *at, const Encoding &encoding) {
  if (encoding.format.isFloat)
    return encoding.sampleBytes == 4
               ? static_cast<double>(loadUnaligned<float>(at))
               : loadUnaligned<double>(at);
  if (encoding.sampleBytes == 1)
    return (at[0] - 128) / 0x1p7;
  uint32_t raised = 0;
  std::memcpy(reinterpret_cast<uint8_t *>(&raised) + 4 - encoding.sampleBytes,
              at, encoding.sampleBytes);
  return static_cast<int32_t>(raised) / 0x1p31;
}

class Wav : public SoundSource {
public:
  Wav(const Encoding &encoding, ByteSpan data)
      : encoding_(encoding), rest_(data) {
    format_ = encoding.format;
    format_.frames = data.size() / encoding.frameBytes();
  }

  Result<size_t> read(std::span<double> mono) override {
    size_t count =
        std::min<uint64_t>(mono.size(), rest_.size() / encoding_.frameBytes());
    for (double &sample : mono.first(count)) {
      sample = mix(rest_.data());
      if (!(std::abs(sample) <= maxSample))
        return corrupt(fmt::format("a sample is {}, full scale is 1", sample));
      rest_ = rest_.subspan(encoding_.frameBytes());
    }
    return count;
  }

private:
  double mix(const uint8_t *frame) const {
    double sum = 0;
    for (uint32_t channel = 0; channel < format_.channels; ++channel)
      sum += sampleAt(frame + uint64_t{channel} * encoding_.sampleBytes,
                      encoding_);
    return sum / format_.channels;
  }

  Encoding encoding_;
  ByteSpan rest_;
};

} // namespace

bool isWav(ByteSpan bytes) {
  std::string_view text = asText(bytes);
  return text.size() >= 12 && text.substr(8, 4) == "WAVE" &&
         (text.starts_with("RIFF") || text.starts_with("RF64") ||
          text.starts_with("BW64"));
}

Result<std::unique_ptr<SoundSource>> openWav(ByteSpan bytes) {
  Chunks chunks = RUNE_TRY(findChunks(bytes));
  if (!chunks.format || !chunks.data)
    return corrupt(
        fmt::format("it has no chunk `{}`", chunks.format ? "data" : "fmt "));
  Encoding encoding = RUNE_TRY(readFormat(*chunks.format));
  return std::unique_ptr<SoundSource>(
      std::make_unique<Wav>(encoding, *chunks.data));
}

} // namespace rune::runtime
