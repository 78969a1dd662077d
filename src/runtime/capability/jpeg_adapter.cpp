// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// libjpeg-turbo, which reports errors by a function that must not return. As in
// png_adapter.cpp, the functions that call setjmp own nothing.
#include "runtime/capability/picture.h"

#include <csetjmp>
#include <cstdio>

#include <jerror.h>
#include <jpeglib.h>

namespace rune::runtime {

namespace {

/// A progressive picture may come in many passes over all its pixels; more than
/// this is an attack.
constexpr int maxScans = 100;

class JpegReader {
public:
  explicit JpegReader(ByteSpan bytes) : bytes_(bytes) {
    jpeg_.err = jpeg_std_error(&errors_);
    errors_.error_exit = onError;
    errors_.emit_message = onMessage;
    progress_.progress_monitor = onProgress;
    jpeg_.client_data = this;
  }
  JpegReader(const JpegReader &) = delete;
  ~JpegReader() { jpeg_destroy_decompress(&jpeg_); }

  Result<Picture> read() {
    if (!readHeader())
      return damaged();
    picture_.width = jpeg_.image_width;
    picture_.height = jpeg_.image_height;
    if (auto fits = checkPictureSize(picture_.width, picture_.height); !fits)
      return std::move(fits).error();
    if (!start())
      return damaged();
    picture_.channels = jpeg_.output_components == 1 ? 1 : 3;
    picture_.pixels.resize(picture_.rowBytes() * picture_.height);
    if (jpeg_.output_components == 4)
      inks_.resize(uint64_t{picture_.width} * 4);
    if (!readPixels())
      return damaged();
    return std::move(picture_);
  }

private:
  Diagnostic damaged() const {
    return error("image.corrupt", "the JPEG is damaged: {}", reason_);
  }

  bool readHeader() {
    if (setjmp(jump_))
      return false;
    jpeg_create_decompress(&jpeg_);
    jpeg_.progress = &progress_;
    jpeg_mem_src(&jpeg_, bytes_.data(), bytes_.size());
    jpeg_read_header(&jpeg_, TRUE);
    return true;
  }

  bool start() {
    if (setjmp(jump_))
      return false;
    jpeg_.out_color_space = outputSpace();
    jpeg_start_decompress(&jpeg_);
    return true;
  }

  J_COLOR_SPACE outputSpace() const {
    switch (jpeg_.jpeg_color_space) {
    case JCS_GRAYSCALE:
      return JCS_GRAYSCALE;
    case JCS_CMYK:
    case JCS_YCCK:
      return JCS_CMYK;
    default:
      return JCS_RGB;
    }
  }

  bool readPixels() {
    if (setjmp(jump_))
      return false;
    while (jpeg_.output_scanline < jpeg_.output_height)
      readRow();
    jpeg_finish_decompress(&jpeg_);
    return true;
  }

  void readRow() {
    JSAMPROW target =
        picture_.pixels.data() + jpeg_.output_scanline * picture_.rowBytes();
    JSAMPROW row = inks_.empty() ? target : inks_.data();
    if (jpeg_read_scanlines(&jpeg_, &row, 1) == 1 && !inks_.empty())
      mixInks(target);
  }

  /// Cyan, magenta, yellow and black to colours. Adobe's programs, and who
  /// follows them, store the inks inverted.
  void mixInks(uint8_t *rgb) const {
    uint8_t flip = jpeg_.saw_Adobe_marker ? 0 : 255;
    for (uint32_t x = 0; x < picture_.width; ++x) {
      const uint8_t *ink = inks_.data() + 4 * x;
      unsigned light = ink[3] ^ flip;
      for (int channel = 0; channel < 3; ++channel)
        rgb[3 * x + channel] =
            static_cast<uint8_t>(((ink[channel] ^ flip) * light + 127) / 255);
    }
  }

  static JpegReader &of(j_common_ptr jpeg) {
    return *static_cast<JpegReader *>(jpeg->client_data);
  }
  [[noreturn]] static void stop(j_common_ptr jpeg) {
    JpegReader &reader = of(jpeg);
    char text[JMSG_LENGTH_MAX] = {};
    jpeg->err->format_message(jpeg, text);
    std::snprintf(reader.reason_, sizeof reader.reason_, "%s", text);
    std::longjmp(reader.jump_, 1);
  }
  [[noreturn]] static void onError(j_common_ptr jpeg) { stop(jpeg); }

  /// Warnings of the library mean made-up pixels, except for these three.
  static void onMessage(j_common_ptr jpeg, int level) {
    int code = jpeg->err->msg_code;
    if (level < 0 && code != JWRN_EXTRANEOUS_DATA && code != JWRN_ADOBE_XFORM &&
        code != JWRN_JFIF_MAJOR)
      stop(jpeg);
  }
  static void onProgress(j_common_ptr jpeg) {
    JpegReader &reader = of(jpeg);
    if (reader.jpeg_.input_scan_number <= maxScans)
      return;
    std::snprintf(reader.reason_, sizeof reader.reason_, "more than %d scans",
                  maxScans);
    std::longjmp(reader.jump_, 1);
  }

  ByteSpan bytes_;
  jpeg_decompress_struct jpeg_ = {};
  jpeg_error_mgr errors_ = {};
  jpeg_progress_mgr progress_ = {};
  std::jmp_buf jump_;
  char reason_[JMSG_LENGTH_MAX] = {};
  Picture picture_;
  Bytes inks_;
};

} // namespace

bool isJpeg(ByteSpan bytes) {
  return bytes.size() >= 3 && bytes[0] == 0xFF && bytes[1] == 0xD8 &&
         bytes[2] == 0xFF;
}

Result<Picture> decodeJpeg(ByteSpan bytes) { return JpegReader(bytes).read(); }

} // namespace rune::runtime
