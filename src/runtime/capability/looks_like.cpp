// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "runtime/capability/looks_like.h"

#include <algorithm>

namespace rune::runtime {

namespace {

struct Signature {
  size_t offset;
  std::string_view bytes;
  std::string_view name;
};

using namespace std::literals;

/// Kinds of RIFF stand before RIFF itself.
constexpr Signature signatures[] = {
    {0, "\xFF\xD8\xFF"sv, "a JPEG picture"},
    {0, "\x89PNG\r\n"sv, "a PNG picture"},
    {0, "GIF8"sv, "a GIF picture"},
    {8, "WEBP"sv, "a WebP picture"},
    {8, "WAVE"sv, "a WAV sound"},
    {8, "AVI "sv, "an AVI film"},
    {0, "RIFX"sv, "a big-endian RIFF file"},
    {0, "RIFF"sv, "a RIFF file"},
    {0, "fLaC"sv, "a FLAC sound"},
    {0, "OggS"sv, "an Ogg stream"},
    {0, "ID3"sv, "an MP3 sound"},
    {0, "\xFF\xFB"sv, "an MP3 sound"},
    {0, "\xFF\xF3"sv, "an MP3 sound"},
    {0, "FORM"sv, "an AIFF sound"},
    {0, ".snd"sv, "an AU sound"},
    {4, "ftyp"sv, "an MP4 film or sound"},
    {0, "\x1A\x45\xDF\xA3"sv, "a Matroska or WebM film"},
    {0, "\0asm"sv, "a WebAssembly module"},
    {0, "PK\3\4"sv, "a ZIP archive"},
    {0, "\x1F\x8B"sv, "a gzip archive"},
    {0, "%PDF"sv, "a PDF document"},
    {0,
     "\x7F"
     "ELF"sv,
     "a program"},
    {0, "II*\0"sv, "a TIFF picture"},
    {0, "MM\0*"sv, "a TIFF picture"},
};

const Signature *signatureOf(ByteSpan bytes) {
  std::string_view text = asText(bytes);
  for (const Signature &signature : signatures)
    if (text.size() >= signature.offset &&
        text.substr(signature.offset).starts_with(signature.bytes))
      return &signature;
  return nullptr;
}

/// No control characters but white space in the first bytes, and UTF-8 as far
/// as that can be told of a beginning.
bool isText(ByteSpan bytes) {
  constexpr size_t looked = 256;
  bool cut = bytes.size() > looked;
  bytes = bytes.first(std::min(bytes.size(), looked));
  while (cut && !bytes.empty() && bytes.back() >= 0x80)
    bytes = bytes.first(bytes.size() - 1);
  auto printed = [](uint8_t c) {
    return c >= 0x20 ? c != 0x7F : c == '\t' || c == '\n' || c == '\r';
  };
  return std::ranges::all_of(bytes, printed) && isUtf8(bytes);
}

} // namespace

bool isKnownBinary(ByteSpan bytes) { return signatureOf(bytes) != nullptr; }

std::string looksLike(ByteSpan bytes) {
  if (bytes.empty())
    return "it is empty";
  if (const Signature *signature = signatureOf(bytes))
    return fmt::format("it looks like {}", signature->name);
  if (isText(bytes))
    return "it looks like text";
  return fmt::format(
      "it begins with {:02x}",
      fmt::join(bytes.first(std::min<size_t>(bytes.size(), 8)), " "));
}

} // namespace rune::runtime
