// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// libpng, which reports errors by longjmp. The rule that keeps that safe here:
// the function that calls setjmp owns nothing; everything with a destructor
// lives in PngReader, outside of the jump.
#include "runtime/capability/picture.h"

#include <png.h>

#include <csetjmp>

namespace rune::runtime {

namespace {

/// A chunk of text or profile that unpacks to more than this is refused.
constexpr png_alloc_size_t maxChunkBytes = 8 << 20;
constexpr int maxCachedChunks = 256;

class PngReader {
public:
  explicit PngReader(ByteSpan bytes) : rest_(bytes) {
    png_ =
        png_create_read_struct(PNG_LIBPNG_VER_STRING, this, onError, onWarning);
    if (png_)
      info_ = png_create_info_struct(png_);
  }
  PngReader(const PngReader &) = delete;
  ~PngReader() { png_destroy_read_struct(&png_, &info_, nullptr); }

  Result<Picture> read() {
    if (!info_)
      return error("image.corrupt", "libpng could not be started");
    if (!readHeader())
      return damaged();
    picture_.width = png_get_image_width(png_, info_);
    picture_.height = png_get_image_height(png_, info_);
    if (auto fits = checkPictureSize(picture_.width, picture_.height); !fits)
      return std::move(fits).error();
    if (!readFormat())
      return damaged();
    if (png_get_rowbytes(png_, info_) != picture_.rowBytes())
      return error("image.unsupported", "a PNG of color type {} and {} bits",
                   png_get_color_type(png_, info_),
                   png_get_bit_depth(png_, info_));
    makeRows();
    if (!readPixels())
      return damaged();
    return std::move(picture_);
  }

private:
  Diagnostic damaged() const {
    return error("image.corrupt", "the PNG is damaged: {}", reason_);
  }

  bool readHeader() {
    if (setjmp(png_jmpbuf(png_)))
      return false;
    png_set_user_limits(png_, PNG_UINT_31_MAX, PNG_UINT_31_MAX);
    png_set_chunk_malloc_max(png_, maxChunkBytes);
    png_set_chunk_cache_max(png_, maxCachedChunks);
    png_set_read_fn(png_, this, onRead);
    png_read_info(png_, info_);
    return true;
  }

  /// Asks for 8 bits, grey or red-green-blue, without alpha.
  bool readFormat() {
    if (setjmp(png_jmpbuf(png_)))
      return false;
    png_set_scale_16(png_);
    png_set_expand(png_);
    png_set_strip_alpha(png_);
    png_set_interlace_handling(png_);
    png_read_update_info(png_, info_);
    picture_.channels = png_get_channels(png_, info_);
    return true;
  }

  void makeRows() {
    picture_.pixels.resize(picture_.rowBytes() * picture_.height);
    for (uint32_t y = 0; y < picture_.height; ++y)
      rows_.push_back(picture_.pixels.data() + y * picture_.rowBytes());
  }

  bool readPixels() {
    if (setjmp(png_jmpbuf(png_)))
      return false;
    png_read_image(png_, rows_.data());
    png_read_end(png_, nullptr);
    return true;
  }

  static void onRead(png_structp png, png_bytep into, size_t count) {
    auto *reader = static_cast<PngReader *>(png_get_io_ptr(png));
    if (count > reader->rest_.size())
      png_error(png, "the file ends too early");
    std::memcpy(into, reader->rest_.data(), count);
    reader->rest_ = reader->rest_.subspan(count);
  }
  [[noreturn]] static void onError(png_structp png, png_const_charp why) {
    auto *reader = static_cast<PngReader *>(png_get_error_ptr(png));
    std::strncpy(reader->reason_, why, sizeof reader->reason_ - 1);
    png_longjmp(png, 1);
  }
  /// What libpng can read around does not change the pixels.
  static void onWarning(png_structp, png_const_charp) {}

  ByteSpan rest_;
  png_structp png_ = nullptr;
  png_infop info_ = nullptr;
  char reason_[200] = {};
  Picture picture_;
  std::vector<png_bytep> rows_;
};

} // namespace

bool isPng(ByteSpan bytes) {
  return bytes.size() >= 8 && png_sig_cmp(bytes.data(), 0, 8) == 0;
}

Result<Picture> decodePng(ByteSpan bytes) { return PngReader(bytes).read(); }

} // namespace rune::runtime
