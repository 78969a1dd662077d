// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Sounds against testdata/make_sounds.py (numpy, scipy), and resampling against
// sines, whose samples at any rate are known.
#include "runtime/capability/sound.h"

#include "base/files.h"
#include "runtime/capability/capability.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

namespace rune::runtime {
namespace {

using testing::HasSubstr;

Bytes fileBytes(const std::string &name) {
  auto file = FileBytes::open(
      RUNE_SOURCE_DIR "/src/runtime/capability/testdata/" + name, 1 << 20);
  EXPECT_TRUE(file) << name;
  return file ? Bytes(file->bytes().begin(), file->bytes().end()) : Bytes();
}

template <class T> std::vector<T> numbersIn(const std::string &name) {
  Bytes bytes = fileBytes(name);
  std::vector<T> numbers(bytes.size() / sizeof(T));
  std::memcpy(numbers.data(), bytes.data(), bytes.size());
  return numbers;
}

/// A WAV of one channel of i16.
Bytes wavOf(std::span<const double> samples, uint32_t hz) {
  ByteWriter writer;
  auto bytes = static_cast<uint32_t>(samples.size() * 2);
  writer.raw(asBytes("RIFF"));
  writer.u32(36 + bytes);
  writer.raw(asBytes("WAVEfmt "));
  for (uint32_t word : {16u, 0x10001u, hz, hz * 2, 0x100002u})
    writer.u32(word);
  writer.raw(asBytes("data"));
  writer.u32(bytes);
  for (double sample : samples)
    writer.u16(static_cast<uint16_t>(std::lrint(sample * 32767)));
  return writer.take();
}

/// The same as 64-bit floats, for what i16 is too coarse to judge.
Bytes floatWavOf(std::span<const double> samples, uint32_t hz) {
  ByteWriter writer;
  auto bytes = static_cast<uint32_t>(samples.size() * 8);
  writer.raw(asBytes("RIFF"));
  writer.u32(36 + bytes);
  writer.raw(asBytes("WAVEfmt "));
  for (uint32_t word : {16u, 0x10003u, hz, hz * 8, 0x400008u})
    writer.u32(word);
  writer.raw(asBytes("data"));
  writer.u32(bytes);
  for (double sample : samples)
    writer.u64(std::bit_cast<uint64_t>(sample));
  return writer.take();
}

std::vector<double> sine(double frequency, uint32_t hz, size_t count) {
  std::vector<double> samples(count);
  for (size_t i = 0; i < count; ++i)
    samples[i] = 0.5 * std::sin(2 * std::numbers::pi * frequency *
                                    static_cast<double>(i) / hz +
                                0.3);
  return samples;
}

std::vector<double> readAll(SoundSource &source) {
  std::vector<double> all;
  std::vector<double> block(37);
  for (size_t count = block.size(); count == block.size();) {
    auto read = source.read(block);
    EXPECT_TRUE(read) << read.error().message;
    count = read ? *read : 0;
    all.insert(all.end(), block.begin(),
               block.begin() + static_cast<ptrdiff_t>(count));
  }
  return all;
}

class SoundFile : public testing::TestWithParam<std::string> {};

TEST_P(SoundFile, IsReadToTheBit) {
  Bytes bytes = fileBytes(GetParam());
  auto source = openSoundSource(bytes, GetParam());
  ASSERT_TRUE(source) << source.error().message;
  std::string stem = GetParam().substr(0, GetParam().rfind('.'));
  EXPECT_EQ(readAll(**source), numbersIn<double>(stem + ".mono"));
  EXPECT_EQ((*source)->format().hz, 16000u);
  EXPECT_EQ((*source)->format().frames, 40u);
}

INSTANTIATE_TEST_SUITE_P(
    Widths, SoundFile,
    testing::Values("u8.wav", "i16.wav", "i24.wav", "i32.wav", "f32.wav",
                    "f64.wav", "i12_in_2_bytes.wav",
                    "i20_in_4_bytes_extensible.wav",
                    "f32_extensible_stereo.wav", "i16_stereo.wav",
                    "i16_5_channels.wav", "chunks.wav", "streamed.wav",
                    "rf64.wav", "flac8.flac", "flac16.flac",
                    "flac24_stereo.flac", "flac_behind_id3.flac"));

/// Signal to noise in dB between `skip` samples from either end.
double signalToNoise(std::span<const double> seen, std::span<const double> is,
                     size_t skip) {
  double signal = 0, noise = 0;
  for (size_t i = skip; i + skip < seen.size(); ++i) {
    signal += is[i] * is[i];
    noise += (seen[i] - is[i]) * (seen[i] - is[i]);
  }
  return 10 * std::log10(signal / noise);
}

std::vector<double> resample(const Bytes &wav, uint32_t hz) {
  auto source = resampled(*openWav(wav), hz);
  EXPECT_TRUE(source);
  return readAll(**source);
}

struct Rates {
  uint32_t from;
  uint32_t to;
  double frequency;
};
class Resampling : public testing::TestWithParam<Rates> {};

TEST_P(Resampling, KeepsASineInPlace) {
  auto [from, to, frequency] = GetParam();
  Bytes wav = floatWavOf(sine(frequency, from, from / 4), from);
  std::vector<double> seen = resample(wav, to);
  size_t count = (from / 4 * uint64_t{to} + from - 1) / from;
  ASSERT_EQ(seen.size(), count);
  // A whole filter away from the ends, where the silence outside reaches in.
  size_t skip = 256ull * to / std::min(from, to);
  double ratio = signalToNoise(seen, sine(frequency, to, count), skip);
  RecordProperty("decibel", std::to_string(ratio));
  EXPECT_GT(ratio, 100) << from << " to " << to;
}

INSTANTIATE_TEST_SUITE_P(
    Rates, Resampling,
    testing::Values(Rates{44100, 16000, 1000}, Rates{44100, 16000, 7000},
                    Rates{48000, 16000, 440}, Rates{48000, 16000, 7400},
                    Rates{8000, 16000, 3500}, Rates{11025, 16000, 1000},
                    Rates{22050, 16000, 5000}, Rates{16000, 44100, 6000},
                    Rates{44101, 16000, 3000}, Rates{96000, 8000, 3000}));

TEST(Resampling, LeavesOutWhatTheNewRateCannotHold) {
  Bytes wav = floatWavOf(sine(12000, 44100, 11025), 44100);
  std::vector<double> seen = resample(wav, 16000);
  for (double sample : std::span(seen).subspan(300, 3400))
    EXPECT_LT(std::abs(sample), 0.5e-4); // 80 dB below the tone
}

TEST(Resampling, AgreesWithScipyOnAChirp) {
  auto seen = resample(fileBytes("chirp.wav"), 16000);
  auto stored = numbersIn<float>("chirp.at16000");
  ASSERT_EQ(seen.size(), stored.size());
  std::vector<double> expected(stored.begin(), stored.end());
  EXPECT_GT(signalToNoise(seen, expected, 0), 75);
}

TEST(Resampling, RefusesRatesTooFarApart) {
  Bytes wav = wavOf(sine(1, 100, 100), 100);
  auto far = resampled(*openWav(wav), 25601);
  EXPECT_EQ(far.error().code, "sound.unsupported");
  EXPECT_THAT(far.error().message, HasSubstr("100 Hz cannot be brought to "
                                             "25601 Hz"));
  EXPECT_TRUE(resampled(*openWav(wav), 25600));
}

/// What SOUND gives, and what it says of it.
struct Heard {
  Result<std::shared_ptr<const Tensor>> tensor = error("", "");
  std::string note;
};
Heard hear(ByteSpan bytes, std::string_view type, int64_t hz, int64_t ms,
           uint64_t maxBytes = 1 << 20) {
  container::Stage stage;
  stage.name = "audio";
  stage.arguments = {{"hz", hz}, {"sample-duration-ms", ms}};
  ResourceTexts texts;
  Input input{"heard.wav", bytes};
  Report notes;
  auto sound = openSound({StageArguments(stage, texts), *parseTensorType(type),
                          &input, maxBytes, &notes});
  Heard heard;
  heard.tensor = sound ? (*sound)->next() : std::move(sound).error();
  for (const Diagnostic &note : notes.diagnostics())
    heard.note += renderText(note);
  return heard;
}

TEST(Sound, GivesSixteenBitSamplesAsTheyStand) {
  Bytes wav = fileBytes("i16.wav");
  Heard heard = hear(wav, "i16[1, 32]", 16000, 2);
  ASSERT_TRUE(heard.tensor);
  EXPECT_EQ((*heard.tensor)->type().str(), "i16[1, 32]");
  EXPECT_EQ(std::memcmp((*heard.tensor)->bytes().data(), wav.data() + 44, 64),
            0);
  EXPECT_EQ(heard.note, "");
  EXPECT_EQ((*hear(wav, "i16[1, ?]", 16000, 1).tensor)->type().str(),
            "i16[1, 16]");
}

TEST(Sound, RoundsAndMixesAsNumpy) {
  for (std::string name : {"u8.wav", "i24.wav", "f32.wav", "i16_stereo.wav",
                           "i16_5_channels.wav", "flac24_stereo.flac"}) {
    Heard heard = hear(fileBytes(name), "i16[32]", 16000, 2);
    ASSERT_TRUE(heard.tensor) << name;
    auto mono = numbersIn<double>(name.substr(0, name.rfind('.')) + ".mono");
    for (size_t i = 0; i < 32; ++i) {
      // numpy.clip(numpy.rint(mono * 32768), -32768, 32767)
      double wide = std::rint(mono[i] * 32768);
      EXPECT_EQ((*heard.tensor)->as<int16_t>()[i], wide > 32767    ? 32767
                                                   : wide < -32768 ? -32768
                                                                   : wide)
          << name << " " << i;
    }
  }
}

TEST(Sound, GivesFloatsUnrounded) {
  Heard heard = hear(fileBytes("i24.wav"), "f32[1, 32]", 16000, 2);
  ASSERT_TRUE(heard.tensor);
  auto mono = numbersIn<double>("i24.mono");
  for (size_t i = 0; i < 32; ++i)
    EXPECT_EQ((*heard.tensor)->as<float>()[i], static_cast<float>(mono[i]));
  EXPECT_EQ(heard.note, "");
}

TEST(Sound, SaysWhatItConverted) {
  EXPECT_EQ(hear(fileBytes("i16_stereo.wav"), "i16[16]", 16000, 1).note,
            "note: `heard.wav` for stage `audio`: 2 channels mixed to one "
            "[sound.converted]\n");
  EXPECT_EQ(hear(fileBytes("chirp.wav"), "i16[800]", 16000, 50).note,
            "note: `heard.wav` for stage `audio`: 44100 Hz resampled to 16000 "
            "Hz [sound.converted]\n");
  EXPECT_THAT(hear(fileBytes("f32.wav"), "i16[32]", 16000, 2).note,
              testing::MatchesRegex(".*32 bits of float rounded to 16, [0-9]+ "
                                    "samples beyond full scale cut.*\n"));
}

TEST(Sound, SaysHowMuchIsNeeded) {
  Heard heard = hear(fileBytes("i16.wav"), "i16[1, 16000]", 16000, 1000);
  EXPECT_EQ(heard.tensor.error().code, "runtime.bad-input");
  EXPECT_EQ(heard.tensor.error().message,
            "At least 16000 samples are required to generate this input, but "
            "only 40 were provided");
  EXPECT_EQ(heard.tensor.error().notes[0].message,
            "stage `audio` takes 1 s at 16000 Hz, `heard.wav` has 0.0025 s");
  // Counted at the rate that the stage wants.
  EXPECT_THAT(hear(fileBytes("chirp.wav"), "i16[16000]", 16000, 1000)
                  .tensor.error()
                  .message,
              HasSubstr("only 960 were provided"));
  EXPECT_THAT(hear(fileBytes("flac16.flac"), "i16[16000]", 16000, 1000)
                  .tensor.error()
                  .message,
              HasSubstr("only 40 were provided"));
}

TEST(Sound, CountsAsTheFirstSystem) {
  // 22050 * 33 / 1000, rounded down
  Bytes wav = wavOf(sine(440, 22050, 1000), 22050);
  EXPECT_TRUE(hear(wav, "i16[1, 727]", 22050, 33).tensor);
  auto wrong = hear(wav, "i16[1, 728]", 22050, 33).tensor;
  EXPECT_EQ(wrong.error().message,
            "stage `audio`: SOUND gives i16[1, 727], but the stage declares "
            "i16[1, 728]");
  EXPECT_THAT(hear(wav, "u8[1, 727]", 22050, 33).tensor.error().message,
              HasSubstr("declares u8[1, 727]"));
}

TEST(Sound, NeedsBothArguments) {
  container::Stage stage;
  stage.name = "audio";
  stage.arguments = {{"hz", "16000"}};
  ResourceTexts texts;
  Bytes wav = fileBytes("i16.wav");
  Input input{"heard.wav", wav};
  auto sound = openSound(
      {StageArguments(stage, texts), *parseTensorType("i16[16]"), &input});
  EXPECT_EQ(sound.error().code, "runtime.missing-argument");
  EXPECT_EQ(sound.error().message,
            "stage `audio`: SOUND needs the argument `sample_duration_ms`");
  EXPECT_EQ(hear(wav, "i16[16]", 0, 1).tensor.error().code,
            "runtime.bad-argument");
}

TEST(Sound, KeepsToItsMemory) {
  Bytes wav = floatWavOf(std::vector<double>(1 << 14), 16000);
  EXPECT_EQ(hear(wav, "i16[16000]", 16000, 1000, 31999).tensor.error().code,
            "tensor.too-big");
  EXPECT_TRUE(hear(wav, "i16[16000]", 16000, 1000, 32000).tensor);
  // A Rune that asks for terabytes gets an answer about the file first.
  EXPECT_EQ(hear(wav, "i16[?]", INT32_MAX, INT32_MAX).tensor.error().code,
            "sound.unsupported");
}

TEST(Sound, SaysWhatTheFileLooksLike) {
  auto refused = [](ByteSpan bytes) {
    auto why = hear(bytes, "i16[16]", 16000, 1).tensor.error();
    return why.code + ": " + why.message;
  };
  EXPECT_EQ(refused(fileBytes("colour.jpg")),
            "sound.unknown-format: `heard.wav`: neither WAV nor FLAC: it looks "
            "like a JPEG picture");
  EXPECT_THAT(refused({}), HasSubstr("it is empty"));
  EXPECT_THAT(refused(asBytes("hello\n")), HasSubstr("it looks like text"));
  EXPECT_THAT(refused(asBytes("OggS....")), HasSubstr("an Ogg stream"));
  EXPECT_THAT(refused(asBytes("ID3\4\0\0.......")), HasSubstr("an MP3 sound"));
  EXPECT_THAT(refused(asBytes("RIFF....WEBPVP8 ")), HasSubstr("WebP"));
  EXPECT_THAT(refused(Bytes{1, 2, 3}), HasSubstr("it begins with 01 02 03"));
}

TEST(Sound, RefusesDamagedFiles) {
  auto refused = [](ByteSpan bytes) {
    auto tensor = hear(bytes, "i16[32]", 16000, 2).tensor;
    return tensor ? "" : tensor.error().code + ": " + tensor.error().message;
  };
  Bytes wav = fileBytes("i16.wav");
  EXPECT_THAT(refused(ByteSpan(wav).first(100)),
              HasSubstr("sound.corrupt: `heard.wav`: the WAV is damaged: its "
                        "chunk `data` should have 80 bytes, but the file ends "
                        "after 56"));
  EXPECT_THAT(refused(ByteSpan(wav).first(12)), HasSubstr("no chunk `fmt `"));
  EXPECT_THAT(refused(ByteSpan(wav).first(36)), HasSubstr("no chunk `data`"));
  auto changed = [&](size_t at, uint8_t byte) {
    Bytes other = wav;
    other[at] = byte;
    return refused(other);
  };
  EXPECT_THAT(changed(20, 6), HasSubstr("sound.unsupported: `heard.wav`: the "
                                        "WAV holds A-law (tag 0x6)"));
  EXPECT_THAT(changed(22, 0), HasSubstr("0 channels at 16000 Hz"));
  EXPECT_THAT(changed(34, 17), HasSubstr("integers of 17 bits in 2 bytes"));
  EXPECT_THAT(changed(32, 5), HasSubstr("integers of 16 bits in 5 bytes"));
  // Found by sound_fuzz: finite here, infinite behind the resampler.
  for (double wrong : {1e300, -1e30, HUGE_VAL, double{NAN}})
    EXPECT_THAT(refused(floatWavOf(std::vector<double>(40, wrong), 16000)),
                HasSubstr("full scale is 1"))
        << wrong;

  Bytes flac = fileBytes("flac16.flac");
  Bytes flipped = flac;
  flipped[70] ^= 1;
  EXPECT_THAT(refused(flipped),
              HasSubstr("sound.corrupt: `heard.wav`: the FLAC is damaged: the "
                        "checksum of a frame is wrong"));
  EXPECT_THAT(refused(ByteSpan(flac).first(100)),
              HasSubstr("it breaks off after 16 of 40 samples"));
  // Found by sound_fuzz: the head states 13 samples, the first frame has 16.
  Bytes longer = flac;
  longer[25] = 13;
  std::vector<double> block(16);
  EXPECT_EQ((*openFlac(longer))->read(block).error().message,
            "the FLAC is damaged: it has more than the 13 samples of its head");
  EXPECT_THAT(refused(ByteSpan(flac).first(20)),
              HasSubstr("it breaks off in its head"));
}

TEST(Sound, SurvivesEveryCutAndEveryFlippedByte) {
  for (const char *name :
       {"chunks.wav", "f32_extensible_stereo.wav", "flac24_stereo.flac"}) {
    Bytes file = fileBytes(name);
    for (size_t at = 0; at < file.size(); ++at) {
      // Behind the samples of `chunks.wav` nothing is missed.
      auto cut = hear(ByteSpan(file).first(at), "f32[32]", 16000, 2).tensor;
      EXPECT_TRUE(!cut || at > 160) << name << " cut to " << at;
      Bytes flipped = file;
      flipped[at] ^= 0x81;
      auto heard = hear(flipped, "f32[32]", 16000, 2).tensor;
      EXPECT_TRUE(heard || !heard.error().code.empty());
    }
  }
}

} // namespace
} // namespace rune::runtime
