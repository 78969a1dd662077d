// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Another rate through speexdsp's resampler, a windowed sinc, at its highest
// quality. The half filter that it would put in front is skipped, so that
// sample 0 stays at time 0; silence is fed behind the end until the last sample
// has come out.
#include "runtime/capability/sound.h"

#include <speex/speex_resampler.h>

#include <algorithm>
#include <array>

namespace rune::runtime {

namespace {

/// ceil(count * to / from)
uint64_t scaled(uint64_t count, uint32_t from, uint32_t to) {
  auto wide = static_cast<unsigned __int128>(count) * to;
  return static_cast<uint64_t>((wide + from - 1) / from);
}

class Resampler : public SoundSource {
public:
  Resampler(std::unique_ptr<SoundSource> source, uint32_t hz)
      : source_(std::move(source)), sourceHz_(source_->format().hz) {
    format_ = source_->format();
    format_.hz = hz;
    if (format_.frames)
      format_.frames = scaled(*format_.frames, sourceHz_, hz);
    int failed = 0;
    state_ = speex_resampler_init(1, sourceHz_, hz, SPEEX_RESAMPLER_QUALITY_MAX,
                                  &failed);
    if (state_)
      speex_resampler_skip_zeros(state_);
  }
  Resampler(const Resampler &) = delete;
  ~Resampler() override {
    if (state_)
      speex_resampler_destroy(state_);
  }

  bool isReady() const { return state_ != nullptr; }

  Result<size_t> read(std::span<double> mono) override {
    size_t count = 0;
    while (count < mono.size()) {
      if (begin_ == end_)
        RUNE_TRY(refill());
      uint64_t left = atEnd_ ? last_ - given_ : UINT64_MAX;
      size_t part = std::min<uint64_t>(mono.size() - count, left);
      if (part == 0)
        break;
      size_t made = process(mono.subspan(count, part));
      count += made;
      given_ += made;
    }
    return count;
  }

private:
  /// More of the source; silence behind its end.
  Result<> refill() {
    size_t count = 0;
    std::array<double, blockSize> block;
    if (!atEnd_)
      count = RUNE_TRY(source_->read(block));
    sourceCount_ += count;
    if (count < block.size() && !atEnd_) {
      atEnd_ = true;
      last_ = scaled(sourceCount_, sourceHz_, format_.hz);
    }
    std::fill(block.begin() + static_cast<ptrdiff_t>(count), block.end(), 0.0);
    std::ranges::transform(block, input_.begin(), [](double sample) {
      return static_cast<float>(sample);
    });
    begin_ = 0;
    end_ = input_.size();
    return {};
  }

  size_t process(std::span<double> mono) {
    std::array<float, blockSize> block;
    auto taken = static_cast<spx_uint32_t>(end_ - begin_);
    auto made =
        static_cast<spx_uint32_t>(std::min<size_t>(mono.size(), block.size()));
    speex_resampler_process_float(state_, 0, input_.data() + begin_, &taken,
                                  block.data(), &made);
    begin_ += taken;
    std::copy_n(block.begin(), made, mono.begin());
    return made;
  }

  static constexpr size_t blockSize = 4096;

  std::unique_ptr<SoundSource> source_;
  uint32_t sourceHz_;
  SpeexResamplerState *state_ = nullptr;
  std::array<float, blockSize> input_ = {};
  size_t begin_ = 0;
  size_t end_ = 0;
  uint64_t sourceCount_ = 0;
  uint64_t given_ = 0;
  bool atEnd_ = false;
  /// Where the sound ends, known at its end.
  uint64_t last_ = 0;
};

} // namespace

Result<std::unique_ptr<SoundSource>>
resampled(std::unique_ptr<SoundSource> source, uint32_t hz) {
  uint32_t from = source->format().hz;
  if (from == hz)
    return source;
  if (uint64_t{std::max(from, hz)} >
      uint64_t{maxRateRatio} * std::min(from, hz))
    return error("sound.unsupported",
                 "{} Hz cannot be brought to {} Hz, the rates may differ by a "
                 "factor of {} at most",
                 from, hz, maxRateRatio);
  auto resampler = std::make_unique<Resampler>(std::move(source), hz);
  if (!resampler->isReady())
    return error("sound.unsupported", "{} Hz cannot be brought to {} Hz", from,
                 hz);
  return std::unique_ptr<SoundSource>(std::move(resampler));
}

} // namespace rune::runtime
