// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// PNG and JPEG bytes through our decoders, then all that IMAGE does with a
// picture. Checksums of PNG chunks are put right first, or the fuzzer would
// never get past them.
#include "runtime/capability/picture.h"

#include <zlib.h>

#include <cstdlib>

using namespace rune;
using namespace rune::runtime;

namespace {

constexpr uint64_t maxFuzzedPixels = 1 << 18;

uint32_t bigEndian(const uint8_t *at) {
  return uint32_t{at[0]} << 24 | uint32_t{at[1]} << 16 | uint32_t{at[2]} << 8 |
         at[3];
}

void fixChecksums(Bytes &png) {
  for (size_t at = 8; png.size() - at >= 12;) {
    uint32_t length = bigEndian(&png[at]);
    if (length > png.size() - at - 12)
      return;
    auto sum = static_cast<uint32_t>(
        crc32(0, &png[at + 4], static_cast<uInt>(length) + 4));
    uint8_t *place = &png[at + 8 + length];
    for (int i = 0; i < 4; ++i)
      place[i] = static_cast<uint8_t>(sum >> (24 - 8 * i));
    at += 12 + length;
  }
}

/// Large pictures only take time.
bool isSmall(const Bytes &bytes) {
  if (!isPng(bytes) || bytes.size() < 24)
    return true;
  return uint64_t{bigEndian(&bytes[16])} * bigEndian(&bytes[20]) <=
         maxFuzzedPixels;
}

/// The planted bug of `./dev fuzz --selftest`: a JPEG a little narrower than
/// the seeds, which are 16 wide, so that a width was changed and the rest still
/// fits.
bool isPlanted(const Picture &picture, ByteSpan bytes) {
  static const bool planted = std::getenv("RUNE_FUZZ_PLANTED") != nullptr;
  return planted && isJpeg(bytes) && picture.width >= 9 && picture.width < 16;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  Bytes bytes(data, data + size);
  if (!isSmall(bytes))
    return 0;
  if (isPng(bytes))
    fixChecksums(bytes);
  auto picture = decodePicture(bytes, "fuzzed");
  if (!picture)
    return 0;
  if (picture->pixels.size() != picture->rowBytes() * picture->height ||
      isPlanted(*picture, bytes))
    __builtin_trap();
  Picture small = resize(*picture, 5, 7);
  for (PixelFormat format :
       {PixelFormat::Rgb, PixelFormat::Bgr, PixelFormat::Grey})
    if (toFormat(small, format).pixels.size() % 35 != 0)
      __builtin_trap();
  return 0;
}
