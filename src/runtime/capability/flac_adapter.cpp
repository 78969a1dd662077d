// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// FLAC through libFLAC, which calls back for bytes and with frames. One frame
// (at most 65535 samples) is held at a time. What the library would read
// around, lost sync or a wrong checksum, is an error here.
//
// source  RFC 9639
#include "runtime/capability/sound.h"

#include <FLAC/stream_decoder.h>

#include <algorithm>

namespace rune::runtime {

namespace {

/// The length of an ID3v2 tag in front of the sound, or 0.
size_t id3Bytes(ByteSpan bytes) {
  if (bytes.size() < 10 || asText(bytes.first(3)) != "ID3")
    return 0;
  size_t length = 0;
  for (size_t i = 6; i < 10; ++i)
    length = length << 7 | (bytes[i] & 0x7F);
  return length + 10;
}

class Flac : public SoundSource {
public:
  explicit Flac(ByteSpan bytes)
      : rest_(bytes), decoder_(FLAC__stream_decoder_new()) {}
  Flac(const Flac &) = delete;
  ~Flac() override {
    if (decoder_)
      FLAC__stream_decoder_delete(decoder_);
  }

  /// Reads up to the first frame.
  Result<> open() {
    if (!decoder_ ||
        FLAC__stream_decoder_init_stream(
            decoder_, onRead, nullptr, nullptr, nullptr, nullptr, onFrame,
            onMetadata, onError, this) != FLAC__STREAM_DECODER_INIT_STATUS_OK)
      return error("sound.corrupt", "libFLAC could not be started");
    bool went =
        FLAC__stream_decoder_process_until_end_of_metadata(decoder_) != 0;
    if (!why_.empty())
      return damaged(why_);
    if (!went || format_.hz == 0 || format_.channels == 0 || format_.bits == 0)
      return damaged("it breaks off in its head");
    return {};
  }

  Result<size_t> read(std::span<double> mono) override {
    size_t count = 0;
    while (count < mono.size()) {
      if (at_ == frame_.size() && !RUNE_TRY(nextFrame()))
        break;
      size_t part = std::min(mono.size() - count, frame_.size() - at_);
      std::copy_n(frame_.begin() + static_cast<ptrdiff_t>(at_), part,
                  mono.begin() + static_cast<ptrdiff_t>(count));
      at_ += part;
      count += part;
    }
    return count;
  }

private:
  static Diagnostic damaged(std::string_view why) {
    return error("sound.corrupt", "the FLAC is damaged: {}", why);
  }

  /// False at the end of the sound.
  Result<bool> nextFrame() {
    frame_.clear();
    at_ = 0;
    while (frame_.empty()) {
      bool went = FLAC__stream_decoder_process_single(decoder_) != 0;
      if (!why_.empty())
        return damaged(why_);
      if (FLAC__stream_decoder_get_state(decoder_) ==
          FLAC__STREAM_DECODER_END_OF_STREAM)
        break;
      if (!went)
        return damaged("libFLAC cannot go on");
    }
    given_ += frame_.size();
    if (frame_.empty() && given_ < format_.frames.value_or(0))
      return damaged(fmt::format("it breaks off after {} of {} samples", given_,
                                 *format_.frames));
    if (given_ > format_.frames.value_or(UINT64_MAX))
      return damaged(fmt::format("it has more than the {} samples of its head",
                                 *format_.frames));
    return !frame_.empty();
  }

  void take(const FLAC__Frame &frame, const FLAC__int32 *const channels[]) {
    const FLAC__FrameHeader &header = frame.header;
    if (header.channels != format_.channels ||
        header.bits_per_sample != format_.bits ||
        header.sample_rate != format_.hz) {
      why_ = "it changes its format on the way";
      return;
    }
    double scale = 1 / static_cast<double>(uint64_t{1} << (format_.bits - 1));
    for (uint32_t i = 0; i < header.blocksize; ++i) {
      double sum = 0;
      for (uint32_t channel = 0; channel < header.channels; ++channel)
        sum += channels[channel][i];
      frame_.push_back(sum / header.channels * scale);
    }
  }

  static Flac &of(void *data) { return *static_cast<Flac *>(data); }

  static FLAC__StreamDecoderReadStatus onRead(const FLAC__StreamDecoder *,
                                              FLAC__byte into[], size_t *count,
                                              void *data) {
    ByteSpan &rest = of(data).rest_;
    *count = std::min(*count, rest.size());
    if (*count == 0)
      return FLAC__STREAM_DECODER_READ_STATUS_END_OF_STREAM;
    std::copy_n(rest.begin(), *count, into);
    rest = rest.subspan(*count);
    return FLAC__STREAM_DECODER_READ_STATUS_CONTINUE;
  }

  static FLAC__StreamDecoderWriteStatus
  onFrame(const FLAC__StreamDecoder *, const FLAC__Frame *frame,
          const FLAC__int32 *const channels[], void *data) {
    of(data).take(*frame, channels);
    return of(data).why_.empty() ? FLAC__STREAM_DECODER_WRITE_STATUS_CONTINUE
                                 : FLAC__STREAM_DECODER_WRITE_STATUS_ABORT;
  }

  static void onMetadata(const FLAC__StreamDecoder *,
                         const FLAC__StreamMetadata *metadata, void *data) {
    if (metadata->type != FLAC__METADATA_TYPE_STREAMINFO)
      return;
    const FLAC__StreamMetadata_StreamInfo &info = metadata->data.stream_info;
    SoundFormat &format = of(data).format_;
    format = {"FLAC",        info.sample_rate,
              info.channels, info.bits_per_sample,
              false,         {}};
    if (info.total_samples != 0)
      format.frames = info.total_samples;
  }

  static void onError(const FLAC__StreamDecoder *,
                      FLAC__StreamDecoderErrorStatus status, void *data) {
    std::string &why = of(data).why_;
    if (!why.empty())
      return;
    switch (status) {
    case FLAC__STREAM_DECODER_ERROR_STATUS_LOST_SYNC:
      why = "a frame is missing where one should begin";
      break;
    case FLAC__STREAM_DECODER_ERROR_STATUS_BAD_HEADER:
      why = "the head of a frame is wrong";
      break;
    case FLAC__STREAM_DECODER_ERROR_STATUS_FRAME_CRC_MISMATCH:
      why = "the checksum of a frame is wrong";
      break;
    default:
      why = "it uses what FLAC has not defined";
    }
  }

  ByteSpan rest_;
  FLAC__StreamDecoder *decoder_;
  /// Of the current frame, mixed; read up to `at_`.
  std::vector<double> frame_;
  size_t at_ = 0;
  uint64_t given_ = 0;
  std::string why_;
};

} // namespace

bool isFlac(ByteSpan bytes) {
  size_t tag = id3Bytes(bytes);
  return tag < bytes.size() && asText(bytes.subspan(tag)).starts_with("fLaC");
}

Result<std::unique_ptr<SoundSource>> openFlac(ByteSpan bytes) {
  auto flac = std::make_unique<Flac>(bytes.subspan(id3Bytes(bytes)));
  RUNE_TRY(flac->open());
  return std::unique_ptr<SoundSource>(std::move(flac));
}

} // namespace rune::runtime
