// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Expected pixels: testdata/make_pictures.py (what was encoded, or Pillow).
#include "runtime/capability/picture.h"

#include "base/files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace rune::runtime {
namespace {

using testing::HasSubstr;

Bytes testFile(const std::string &name) {
  auto file = FileBytes::open(
      RUNE_SOURCE_DIR "/src/runtime/capability/testdata/" + name, 1 << 20);
  EXPECT_TRUE(file) << name;
  if (!file)
    return {};
  return {file->bytes().begin(), file->bytes().end()};
}

/// The largest difference of two pictures, or 256 if their sizes differ.
int distance(const Bytes &a, const Bytes &b) {
  int most = a.size() == b.size() ? 0 : 256;
  for (size_t i = 0; i < a.size() && i < b.size(); ++i)
    most = std::max(most, std::abs(a[i] - b[i]));
  return most;
}

class Kinds : public testing::TestWithParam<const char *> {};

TEST_P(Kinds, OfPngDecodeToTheirPixels) {
  std::string name = GetParam();
  auto picture = decodePicture(testFile(name + ".png"), name);
  ASSERT_TRUE(picture) << picture.error().message;
  EXPECT_EQ(picture->width, 7u);
  EXPECT_EQ(picture->height, 5u);
  EXPECT_EQ(picture->channels, name.starts_with("grey") ? 1u : 3u);
  EXPECT_EQ(picture->pixels, testFile(name + ".pixels"));
}

INSTANTIATE_TEST_SUITE_P(Png, Kinds,
                         testing::Values("grey1", "grey8", "grey_alpha8",
                                         "palette2", "rgb8", "rgb8_adam7",
                                         "rgb16", "rgba8"));

TEST(DecodeJpeg, GivesThePixelsThatPillowGives) {
  for (std::string name : {"colour", "progressive", "grey", "cmyk"}) {
    auto picture = decodePicture(testFile(name + ".jpg"), name);
    ASSERT_TRUE(picture) << picture.error().message;
    EXPECT_EQ(picture->width, 32u);
    EXPECT_EQ(picture->channels, name == "grey" ? 1u : 3u);
    EXPECT_LE(distance(picture->pixels, testFile(name + ".pixels")), 2) << name;
  }
}

TEST(DecodePicture, RefusesEveryTruncation) {
  for (const char *name :
       {"rgb8_adam7.png", "palette2.png", "colour.jpg", "progressive.jpg"}) {
    Bytes whole = testFile(name);
    // The last two bytes of a JPEG only say that it ends; the last chunk of a
    // PNG too.
    size_t end = whole.size() - (isPng(whole) ? 12 : 2);
    for (size_t length = 0; length < end; ++length) {
      auto picture = decodePicture(ByteSpan(whole).first(length), name);
      ASSERT_FALSE(picture) << name << " " << length;
      EXPECT_THAT(picture.error().code, testing::StartsWith("image."));
    }
  }
}

TEST(DecodePicture, SurvivesEveryFlippedByte) {
  for (const char *name : {"rgba8.png", "progressive.jpg", "cmyk.jpg"}) {
    Bytes bytes = testFile(name);
    for (uint8_t &byte : bytes) {
      byte ^= 0xFF;
      auto picture = decodePicture(bytes, name);
      if (picture)
        EXPECT_EQ(picture->pixels.size(),
                  picture->rowBytes() * picture->height);
      byte ^= 0xFF;
    }
  }
}

TEST(DecodePicture, SaysWhatIsWrong) {
  auto text = decodePicture(asBytes("GIF89a"), "a.gif");
  EXPECT_EQ(text.error().code, "image.unknown-format");
  EXPECT_EQ(text.error().message, "`a.gif`: neither PNG nor JPEG: it looks "
                                  "like a GIF picture");
  EXPECT_EQ(decodePicture({}, "none").error().code, "image.unknown-format");
  auto bomb = decodePicture(testFile("bomb.png"), "bomb.png");
  EXPECT_EQ(bomb.error().code, "image.too-big");
  EXPECT_THAT(bomb.error().message, HasSubstr("32768 x 32768"));
  Bytes damaged = testFile("rgb8.png");
  damaged[29] ^= 1; // in the checksum of the header
  auto crc = decodePicture(damaged, "x.png");
  EXPECT_EQ(crc.error().code, "image.corrupt");
  EXPECT_THAT(crc.error().message, HasSubstr("CRC"));
}

TEST(Resize, GivesWhatPillowsBicubicGives) {
  Picture picture{23, 17, 3, testFile("resize_23x17.pixels")};
  for (auto [width, height] : {std::pair{28u, 28u},
                               {7u, 5u},
                               {23u, 40u},
                               {50u, 17u},
                               {1u, 1u},
                               {60u, 4u},
                               {22u, 16u}}) {
    Picture result = resize(picture, width, height);
    EXPECT_EQ(result.width, width);
    Bytes expected =
        testFile(fmt::format("resize_to_{}x{}.pixels", width, height));
    EXPECT_LE(distance(result.pixels, expected), 1) << width << "x" << height;
  }
}

TEST(Resize, ToTheSameSizeChangesNothing) {
  Picture picture{23, 17, 3, testFile("resize_23x17.pixels")};
  EXPECT_EQ(resize(picture, 23, 17).pixels, picture.pixels);
}

TEST(ToFormat, TurnsAndWeighsChannels) {
  Picture colour{2, 1, 3, {10, 20, 30, 255, 0, 0}};
  EXPECT_EQ(toFormat(colour, PixelFormat::Rgb).pixels, colour.pixels);
  EXPECT_EQ(toFormat(colour, PixelFormat::Bgr).pixels,
            (Bytes{30, 20, 10, 0, 0, 255}));
  // 0.2126*10 + 0.7152*20 + 0.0722*30 = 18.596; 0.2126*255 = 54.213
  EXPECT_EQ(toFormat(colour, PixelFormat::Grey).pixels, (Bytes{18, 54}));
  Picture grey{2, 1, 1, {7, 9}};
  EXPECT_EQ(toFormat(grey, PixelFormat::Rgb).pixels, (Bytes{7, 7, 7, 9, 9, 9}));
  EXPECT_EQ(toFormat(grey, PixelFormat::Grey).pixels, grey.pixels);
}

} // namespace
} // namespace rune::runtime
