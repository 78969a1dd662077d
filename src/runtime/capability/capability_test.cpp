// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "runtime/capability/capability.h"

#include "base/files.h"
#include "runtime/capability/pcg32.h"
#include "runtime/errors.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace rune::runtime {
namespace {

using testing::HasSubstr;

/// Opens a capability that declares `type` and gives its first tensor.
Result<std::shared_ptr<const Tensor>>
first(std::string_view kind, std::string_view type,
      std::vector<container::Argument> arguments,
      std::optional<ByteSpan> bytes) {
  container::Stage stage;
  stage.name = "source";
  stage.arguments = std::move(arguments);
  ResourceTexts texts;
  Input input{"file", bytes.value_or(ByteSpan())};
  CapabilityRequest request{StageArguments(stage, texts),
                            *parseTensorType(type), bytes ? &input : nullptr};
  auto capability = RUNE_TRY(findCapability(kind)->open(request));
  return capability->next();
}

std::string hex(const Result<std::shared_ptr<const Tensor>> &tensor) {
  if (!tensor)
    return tensor.error().message;
  return fmt::format("{} {:02x}", (*tensor)->type().str(),
                     fmt::join((*tensor)->bytes(), ""));
}

TEST(Raw, TakesWhatTheTypeNeeds) {
  EXPECT_EQ(hex(first("RAW", "u8[3]", {}, asBytes("abcdef"))), "u8[3] 616263");
  EXPECT_EQ(hex(first("RAW", "i32[1]", {}, asBytes("abcd"))),
            "i32[1] 61626364");
  EXPECT_EQ(hex(first("RAW", "u16[?, 2]", {}, asBytes("abcdefgh"))),
            "u16[2, 2] 6162636465666768");
}

TEST(Raw, TakesTheLengthThatWasAskedFor) {
  EXPECT_EQ(hex(first("RAW", "u8[2]", {{"length", "2"}}, asBytes("abcdef"))),
            "u8[2] 6162");
  EXPECT_EQ(
      hex(first("RAW", "u8[?]", {{"length", int64_t{4}}}, asBytes("abcdef"))),
      "u8[4] 61626364");
}

TEST(Raw, RefusesAFileThatIsTooShort) {
  auto tensor = first("RAW", "f32[1]", {}, asBytes("abc"));
  EXPECT_EQ(tensor.error().code, "runtime.bad-input");
  EXPECT_EQ(tensor.error().message,
            "Requested 4 bytes but only 3 were provided");
}

TEST(Raw, RefusesALengthThatDoesNotFillTheType) {
  auto tensor = first("RAW", "f32[2]", {{"length", "4"}}, asBytes("abcdefgh"));
  EXPECT_EQ(tensor.error().message, "4 bytes do not fill a tensor of f32[2]");
  EXPECT_EQ(
      first("RAW", "u8[1]", {{"length", "-1"}}, asBytes("a")).error().code,
      "runtime.bad-argument");
  EXPECT_EQ(first("RAW", "u16[?]", {}, asBytes("abc")).error().code,
            "runtime.bad-input");
}

TEST(Raw, GivesTextAsOneElement) {
  EXPECT_EQ(hex(first("RAW", "utf8[1]", {}, asBytes("hi"))),
            "utf8[1] 020000006869");
  EXPECT_THAT(first("RAW", "utf8[1]", {}, asBytes("\xFF")).error().message,
              HasSubstr("not UTF-8"));
  EXPECT_FALSE(first("RAW", "utf8[2]", {}, asBytes("hi")));
}

TEST(Pcg32, GivesTheNumbersOfItsAuthorsDemo) {
  // The first round of pcg32-demo: seed 42, stream 54.
  Pcg32 random(42, 54);
  for (uint32_t expected : {0xa15c02b7, 0x7b47f409u, 0xba1d3330u, 0x83d2f293u,
                            0xbfa4784bu, 0xcbed606eu})
    EXPECT_EQ(random.next(), expected);
}

TEST(Random, RepeatsForASeed) {
  auto once = first("RAND", "u32[2]", {{"amount", "2"}}, asBytes("7"));
  auto again = first("RAND", "u32[2]", {{"amount", "2"}}, asBytes("7\n"));
  auto other = first("RAND", "u32[2]", {{"amount", "2"}}, asBytes("8"));
  EXPECT_EQ(hex(once), hex(again));
  EXPECT_NE(hex(once), hex(other));
  Pcg32 random(7);
  EXPECT_EQ((*once)->as<uint32_t>()[0], random.next());
  EXPECT_EQ((*once)->as<uint32_t>()[1], random.next());
}

TEST(Random, GivesOtherNumbersInEachRun) {
  container::Stage stage;
  ResourceTexts texts;
  Input seed{"1", asBytes("1")};
  auto random = openRandom(
      {StageArguments(stage, texts), *parseTensorType("u32[1]"), &seed});
  auto a = (*random)->next(), b = (*random)->next();
  EXPECT_NE((*a)->as<uint32_t>()[0], (*b)->as<uint32_t>()[0]);
}

TEST(Random, NeedsNoSeed) {
  EXPECT_NE(hex(first("RANDOM", "u64[2]", {}, {})),
            hex(first("RANDOM", "u64[2]", {}, {})));
}

TEST(Random, GivesFloatsBetweenZeroAndOne) {
  auto f32 = *first("RANDOM", "f32[1000]", {}, asBytes("3"));
  auto f64 = *first("RANDOM", "f64[1000]", {}, asBytes("3"));
  auto f16 = *first("RANDOM", "f16[1000]", {}, asBytes("3"));
  double sum = 0;
  for (float value : f32->as<float>()) {
    EXPECT_TRUE(value >= 0 && value < 1);
    sum += value;
  }
  EXPECT_NEAR(sum / 1000, 0.5, 0.05);
  for (double value : f64->as<double>())
    EXPECT_TRUE(value >= 0 && value < 1);
  for (uint16_t bits : f16->as<uint16_t>())
    EXPECT_LT(bits, 0x3C00);
  auto flags = *first("RANDOM", "bool[100]", {}, asBytes("3"));
  for (uint8_t flag : flags->as<uint8_t>())
    EXPECT_LE(flag, 1);
}

TEST(Random, CountsAsTheFirstSystemDid) {
  auto tensor = first("RAND", "i32[4]", {}, asBytes("1"));
  EXPECT_EQ(tensor.error().message,
            "stage `source`: 1 random numbers have 4 bytes, but i32[4] needs "
            "16");
  EXPECT_EQ(tensor.error().help, "set `amount: 4`");
  EXPECT_TRUE(first("RAND", "u8[4]", {}, asBytes("1")));
}

TEST(Random, RefusesASeedThatIsNoNumber) {
  EXPECT_THAT(first("RAND", "u32[1]", {}, asBytes("-1")).error().message,
              HasSubstr("a seed is a number from 0"));
  EXPECT_FALSE(first("RAND", "u32[1]", {}, asBytes("")));
  EXPECT_FALSE(first("RANDOM", "u32[?]", {}, asBytes("1")));
  EXPECT_FALSE(first("RANDOM", "utf8[1]", {}, asBytes("1")));
}

Bytes picture() {
  auto file = FileBytes::open(
      RUNE_SOURCE_DIR "/src/runtime/capability/testdata/rgb8.png", 1 << 20);
  return {file->bytes().begin(), file->bytes().end()};
}

TEST(Image, StretchesToItsArguments) {
  std::vector<container::Argument> arguments = {
      {"width", "4"},
      {"height", int64_t{2}},
      {"pixel_format", "@PixelFormat::RGB"}};
  Bytes file = picture();
  EXPECT_EQ((*first("IMAGE", "u8[1, 2, 4, 3]", arguments, file))->type().str(),
            "u8[1, 2, 4, 3]");
  // The first system's order of dimensions passes too.
  EXPECT_EQ((*first("IMAGE", "u8[1, 4, 2, 3]", arguments, file))->type().str(),
            "u8[1, 4, 2, 3]");
  EXPECT_EQ((*first("IMAGE", "u8[1, ?, ?, 3]", arguments, file))->type().str(),
            "u8[1, 2, 4, 3]");
}

TEST(Image, ReadsMissingArgumentsFromTheType) {
  Bytes file = picture();
  auto same = *first("IMAGE", "u8[1, 5, 7, 3]", {}, file);
  auto asked =
      *first("IMAGE", "u8[105]", {{"width", "7"}, {"height", "5"}}, file);
  EXPECT_TRUE(std::ranges::equal(same->bytes(), asked->bytes()));
  auto grey = first("IMAGE", "u8[5, 7]", {{"pixel-format", "GrayScale"}}, file);
  EXPECT_EQ((*grey)->bytes().size(), 35u);
  EXPECT_EQ((*first("IMAGE", "u8[5, 7]", {{"pixel-format", int64_t{2}}}, file))
                ->bytes()[0],
            (*grey)->bytes()[0]);
}

TEST(Image, SwapsChannelsForBgr) {
  Bytes file = picture();
  auto rgb = *first("IMAGE", "u8[1, 5, 7, 3]", {}, file);
  auto bgr = *first("IMAGE", "u8[1, 5, 7, 3]", {{"pixel_format", "BGR"}}, file);
  EXPECT_EQ(rgb->bytes()[0], bgr->bytes()[2]);
  EXPECT_EQ(rgb->bytes()[1], bgr->bytes()[1]);
}

TEST(Image, SaysWhatDoesNotFit) {
  Bytes file = picture();
  auto wrong = first("IMAGE", "f32[1, 5, 7, 3]", {}, file);
  EXPECT_EQ(
      wrong.error().message,
      "stage `source`: IMAGE gives u8[1, 5, 7, 3], but the stage declares "
      "f32[1, 5, 7, 3]");
  EXPECT_EQ(
      first("IMAGE", "u8[1, 5, 7, 3]", {{"width", "0"}}, file).error().code,
      "runtime.bad-argument");
  EXPECT_EQ(first("IMAGE", "u8[105]", {}, file).error().code,
            "runtime.missing-argument");
  EXPECT_THAT(first("IMAGE", "u8[1, 5, 7, 3]", {{"pixel_format", "YUV"}}, file)
                  .error()
                  .message,
              HasSubstr("not `YUV`"));
  EXPECT_EQ(first("IMAGE", "u8[1, 5, 7, 3]", {}, asBytes("text")).error().code,
            "image.unknown-format");
}

TEST(FloatImage, IsTheImageFromZeroToOne) {
  Bytes file = picture();
  auto bytes = *first("IMAGE", "u8[1, 5, 7, 3]", {}, file);
  auto floats = first("FLOAT_IMAGE", "f32[1, 5, 7, 3]", {}, file);
  ASSERT_TRUE(floats) << floats.error().message;
  for (size_t i = 0; i < 105; ++i)
    EXPECT_EQ((*floats)->as<float>()[i],
              static_cast<float>(bytes->bytes()[i]) / 255.0f);
  EXPECT_EQ((*first("FLOAT_IMAGE", "f32[1, ?, ?, 1]",
                    {{"width", "4"},
                     {"height", "2"},
                     {"pixel_format", "@PixelFormat::GrayScale"}},
                    file))
                ->type()
                .str(),
            "f32[1, 2, 4, 1]");
  EXPECT_EQ(first("FLOAT_IMAGE", "u8[1, 5, 7, 3]", {}, file).error().message,
            "stage `source`: FLOAT_IMAGE gives f32[1, 5, 7, 3], but the stage "
            "declares u8[1, 5, 7, 3]");
}

TEST(Image, SaysWhatTheFileLooksLike) {
  EXPECT_EQ(
      first("IMAGE", "u8[1, 5, 7, 3]", {}, asBytes("fLaC....")).error().message,
      "`file`: neither PNG nor JPEG: it looks like a FLAC sound");
}

TEST(InputsPage, NamesEveryCapabilityFlagAndCode) {
  auto page = FileBytes::open(RUNE_SOURCE_DIR "/docs/inputs.md", 1 << 20);
  ASSERT_TRUE(page);
  std::string text(asText(page->bytes()));
  for (const CapabilityKind &kind : capabilityKinds()) {
    EXPECT_THAT(text, HasSubstr(std::string(kind.name)));
    EXPECT_THAT(text, HasSubstr("`" + std::string(kind.flag) + " "));
  }
  for (const ErrorCode &code : errorCodes())
    if (code.code.starts_with("sound.") || code.code.starts_with("accel.") ||
        code.code.starts_with("image."))
      EXPECT_THAT(text, HasSubstr("`" + std::string(code.code) + "`"));
}

} // namespace
} // namespace rune::runtime
