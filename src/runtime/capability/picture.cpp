// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "runtime/capability/picture.h"

#include "runtime/capability/looks_like.h"

#include <utility>

namespace rune::runtime {

Result<> checkPictureSize(uint64_t width, uint64_t height) {
  if (width == 0 || height == 0)
    return error("image.corrupt", "a picture of {} x {} pixels", width, height);
  if (width > maxPictureSide || height > maxPictureSide)
    return error("image.too-big",
                 "a picture of {} x {} pixels, no side may be above {}", width,
                 height, maxPictureSide);
  if (width * height > maxPicturePixels)
    return error("image.too-big",
                 "a picture of {} x {} pixels, more than {} are not read",
                 width, height, maxPicturePixels);
  return {};
}

static Result<Picture> decode(ByteSpan bytes) {
  if (isPng(bytes))
    return decodePng(bytes);
  if (isJpeg(bytes))
    return decodeJpeg(bytes);
  return error("image.unknown-format", "neither PNG nor JPEG: {}",
               looksLike(bytes));
}

Result<Picture> decodePicture(ByteSpan bytes, std::string_view name) {
  auto picture = decode(bytes);
  if (!picture)
    picture.error().message =
        fmt::format("`{}`: {}", name, picture.error().message);
  return picture;
}

static void swapRedAndBlue(Picture &picture) {
  for (size_t i = 0; i + 2 < picture.pixels.size(); i += 3)
    std::swap(picture.pixels[i], picture.pixels[i + 2]);
}

static Picture greyToRgb(const Picture &grey) {
  Picture colour{grey.width, grey.height, 3, {}};
  colour.pixels.reserve(grey.pixels.size() * 3);
  for (uint8_t light : grey.pixels)
    colour.pixels.insert(colour.pixels.end(), 3, light);
  return colour;
}

static Picture rgbToGrey(const Picture &colour) {
  Picture grey{colour.width, colour.height, 1, {}};
  grey.pixels.reserve(colour.pixels.size() / 3);
  for (size_t i = 0; i + 2 < colour.pixels.size(); i += 3) {
    const uint8_t *rgb = &colour.pixels[i];
    grey.pixels.push_back(static_cast<uint8_t>(
        (2126u * rgb[0] + 7152u * rgb[1] + 722u * rgb[2]) / 10000));
  }
  return grey;
}

Picture toFormat(Picture picture, PixelFormat format) {
  bool wantsGrey = format == PixelFormat::Grey;
  if (wantsGrey != (picture.channels == 1))
    picture = wantsGrey ? rgbToGrey(picture) : greyToRgb(picture);
  if (format == PixelFormat::Bgr)
    swapRedAndBlue(picture);
  return picture;
}

} // namespace rune::runtime
