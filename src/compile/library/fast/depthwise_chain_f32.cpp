// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A convolution and the depthwise one behind it, in f32 over channels-last
// images: the first makes a panel of channels of a band of rows, which its own
// finish (bias, activation) leaves in scratch; the second reads it there at
// once. What is between is written to memory by neither. Bands share few rows,
// which are made twice.
#include "compile/library/fast/chain.h"
#include "compile/library/fast/depthwise_panel.h"
#include "compile/library/fast/product_tile.h"
#include "compile/library/fast/row_blocks.h"

using namespace rune::library;

namespace {

/// Rows of the image that a depthwise convolution reads: of one image of the
/// batch, at a place in the panel.
struct SourceRows {
  /// The number of the first row's first pixel among all of the batch.
  int64_t pixel;
  int64_t rows;
  /// Where that pixel stands.
  float *to;
};

/// They are made by the convolution in front.
template <int vectorBytes> class MadeRows {
  static constexpr TileShape shape = productF32(vectorBytes);
  static constexpr int pitch = shape.columns();
  static constexpr int mostOperands = 128;

public:
  explicit MadeRows(const Fused &fused)
      : feeder_(*fused.feeder), x_(feeder_.call->in[0]),
        window_(convWindow(*feeder_.call)),
        windows_(x_, feeder_.call->out[0], window_), taps_(windows_.taps()),
        inner_(feeder_.call->in[1].sizes[1]),
        panelElements_((1 + taps_ * inner_) * pitch),
        weights_(packedWeights<float>(feeder_, windows_)) {}

  int64_t taps() const { return taps_; }
  int64_t inner() const { return inner_; }
  /// The weights of the depthwise convolution.
  const float *behind() const {
    return weights_ + ceilDiv(feeder_.columns, pitch) * panelElements_;
  }
  void cut(const ChainShape &chain) {
    width_ = chain.width;
    lineBytes_ = chain.rowBytes();
    hoists_ = chain.hoists();
    gathered_ = chain.gathered();
    most_ = chain.sumsRows();
    addressesAt_ = chain.addressesAt();
    sumsAt_ = chain.sumsAt();
  }

  void begin(const SourceRows &rows, uint8_t *scratch) const {
    auto *zeros = reinterpret_cast<float *>(scratch);
    for (int64_t c = 0; c < inner_; ++c)
      zeros[c] = 0;
    if (hoists_)
      gather(rows.pixel, rows.rows * width_, scratch);
  }

  /// The channels of the panel `p`.
  void fill(const SourceRows &rows, int64_t p, int64_t columns,
            uint8_t *scratch) const {
    void *operands[mostOperands];
    for (int64_t i = 1; i < feeder_.operandCount; ++i)
      operands[i] = feeder_.operands[i];
    auto *sums = reinterpret_cast<float *>(scratch + sumsAt_);
    const float *weights = weights_ + p * panelElements_;
    int64_t pixels = rows.rows * width_;
    int64_t inLine = 0;
    auto line = reinterpret_cast<uintptr_t>(rows.to);
    for (int64_t i = 0; i < pixels; i += most_) {
      int64_t count = atMost(most_, pixels - i);
      if (!hoists_)
        gather(rows.pixel + i, count, scratch);
      const float *const *from = addresses(scratch) + (hoists_ ? i : 0);
      if (columns <= shape.lanes)
        multiply<2 * shape.rows, 1>(from, count, weights, sums);
      else
        multiply<shape.rows, shape.vectors>(from, count, weights, sums);
      int64_t step = columns <= shape.lanes ? shape.lanes : pitch;
      // row of the image by row
      for (int64_t r = 0; r < count;) {
        int64_t run = atMost(width_ - inLine, count - r),
                pixel = rows.pixel + i + r;
        // where the image's first pixel and channel would be
        operands[0] = reinterpret_cast<void *>(
            line -
            static_cast<uintptr_t>(((pixel - inLine) * pitch + p * pitch) * 4));
        feeder_.finish(sums + r * step, step, pixel, run, p * pitch, columns,
                       operands);
        r += run;
        inLine += run;
        if (inLine == width_) {
          inLine = 0;
          line += static_cast<uintptr_t>(lineBytes_);
        }
      }
    }
  }

private:
  const float **addresses(uint8_t *scratch) const {
    return reinterpret_cast<const float **>(scratch + addressesAt_);
  }
  /// Where what so many pixels are made from begins.
  void gather(int64_t pixel, int64_t count, uint8_t *scratch) const {
    auto *table = windowTableBytes(windows_.imageRows(), taps_) == 0
                      ? nullptr
                      : static_cast<const int32_t *>(feeder_.packed);
    RowBlock<float> block(windows_, table, reinterpret_cast<float *>(scratch),
                          pixel, count, {0, 0}, addresses(scratch), gathered_,
                          scratch);
    block.gather(elements<float>(x_));
  }

  /// All sums of so many rows, tile by tile. Those of one tap are cut into
  /// pieces, as product_block.h does.
  template <int rows, int vectors>
  void multiply(const float *const *from, int64_t count, const float *weights,
                float *sums) const {
    constexpr int64_t step = vectors * shape.lanes;
    int64_t most = taps_ == 1 ? mostInner : inner_;
    for (int64_t first = 0; first < inner_; first += most) {
      TileInput in{from,
                   gathered_,
                   taps_,
                   atMost(most, inner_ - first),
                   weights + (1 + first) * pitch,
                   pitch,
                   weights,
                   0};
      for (int64_t r = 0; r < count;) {
        float *tile = sums + r * step;
        in.addresses = from + r;
        if (first > 0) {
          in.start = tile;
          in.startStep = step;
        }
        int64_t left = count - r;
        if (left >= rows) {
          multiplyTile<shape.lanes, rows, vectors>(in, first, tile);
          r += rows;
        } else {
          multiplyRows<shape.lanes, shape.rows, vectors>(
              atMost(shape.rows, left), in, first, tile);
          r += shape.rows;
        }
      }
    }
  }

  const Fused &feeder_;
  const View &x_;
  Window window_;
  WindowRows windows_;
  int64_t taps_, inner_, panelElements_;
  const float *weights_;
  int64_t width_ = 0, lineBytes_ = 0, gathered_ = 0, most_ = 0,
          addressesAt_ = 0, sumsAt_ = 0;
  bool hoists_ = false;
};

/// They are in memory, and copied.
template <int vectorBytes> class KeptRows {
  static constexpr TileShape shape = productF32(vectorBytes);
  static constexpr int pitch = shape.columns();

public:
  explicit KeptRows(const Fused &fused)
      : x_(elements<float>(fused.call->in[0])), channels_(fused.columns),
        weights_(static_cast<const float *>(fused.packed)) {}

  int64_t taps() const { return 0; }
  int64_t inner() const { return 0; }
  const float *behind() const { return weights_; }
  void cut(const ChainShape &chain) {
    width_ = chain.width;
    line_ = chain.paddedWidth() * pitch;
  }
  void begin(const SourceRows &, uint8_t *) const {}

  void fill(const SourceRows &rows, int64_t p, int64_t columns,
            uint8_t *) const {
    const float *from = x_ + rows.pixel * channels_ + p * pitch;
    float *line = rows.to;
    for (int64_t r = 0; r < rows.rows; ++r) {
      if (columns == pitch)
        copyWhole(from, line);
      else
        copyPart(from, line, columns);
      from += width_ * channels_;
      line += line_;
    }
  }

private:
  void copyWhole(const float *from, float *to) const {
    using V = Vector<float, shape.lanes>;
    for (int64_t i = 0; i < width_; ++i, from += channels_, to += pitch)
#pragma unroll
      for (int c = 0; c < pitch; c += shape.lanes)
        storeVector(to + c, loadVector<V>(from + c));
  }
  /// Of the last panel; nothing behind the image is read.
  void copyPart(const float *from, float *to, int64_t columns) const {
    using V = Vector<float, shape.lanes>;
    for (int64_t i = 0; i < width_; ++i, from += channels_, to += pitch) {
      int64_t c = 0;
      for (; c + shape.lanes <= columns; c += shape.lanes)
        storeVector(to + c, loadVector<V>(from + c));
      for (; c < columns; ++c)
        to[c] = from[c];
    }
  }

  const float *x_;
  int64_t channels_;
  const float *weights_;
  int64_t width_ = 0, line_ = 0;
};

template <int vectorBytes, class Source> class Depthwise {
  static constexpr TileShape shape = productF32(vectorBytes);
  static constexpr int pitch = shape.columns();

public:
  explicit Depthwise(const Fused &fused)
      : fused_(fused), source_(fused), window_(convWindow(*fused.call)),
        shape_(shapeOf()), padded_(shape_.paddedWidth()),
        bandRows_(shape_.bandRows()), chunk_(shape_.chunk()),
        pixels_(shape_.pixels()), panelAt_(shape_.panelAt()),
        panels_(ceilDiv(fused.columns, pitch)), taps_(window_.taps()),
        weights_(source_.behind()),
        panelWindow_{shape_.kernel[0], shape_.kernel[1],
                     shape_.dilation[0] * padded_ * pitch,
                     shape_.dilation[1] * pitch, shape_.stride[1] * pitch} {
    source_.cut(shape_);
  }

  int32_t run() const {
    int64_t images = fused_.call->in[0].sizes[0], rows = bandRows_, parts = 1;
    int64_t bands = ceilDiv(shape_.outHeight, rows);
    int64_t workers = usefulWorkers();
    if (workers > 1) {
      // panels share nothing, bands some rows
      parts = atMost(panels_, ceilDiv(4 * workers, images * bands));
      if (images * bands * parts < 2 * workers) {
        rows = ceilDiv(shape_.outHeight, ceilDiv(4 * workers, images * parts));
        rows = atMost(rows, bandRows_);
        bands = ceilDiv(shape_.outHeight, rows);
      }
    }
    return eachTask(
        fused_, images * bands * parts, [&](int64_t task, uint8_t *scratch) {
          int64_t part = task % parts, row = task / parts % bands * rows;
          make(
              {task / parts / bands, row, atMost(rows, shape_.outHeight - row)},
              {part * panels_ / parts, (part + 1) * panels_ / parts}, scratch);
        });
  }

private:
  /// Rows of the result, of one image.
  struct Band {
    int64_t image, row, rows;
  };

  ChainShape shapeOf() const {
    const View &x = fused_.call->in[0], &y = fused_.call->out[0];
    ChainShape chain{};
    chain.tile = shape;
    chain.taps = source_.taps();
    chain.inner = source_.inner();
    chain.height = x.sizes[1];
    chain.width = x.sizes[2];
    chain.outHeight = y.sizes[1];
    chain.outWidth = y.sizes[2];
    for (int d = 0; d < 2; ++d) {
      chain.kernel[d] = window_.kernel[d];
      chain.stride[d] = integerAt(window_.strides, d);
      chain.dilation[d] = integerAt(window_.dilations, d);
    }
    chain.top = window_.begin(0);
    chain.left = window_.begin(1);
    return chain;
  }

  int64_t usefulWorkers() const {
    const View &x = fused_.call->in[0];
    int64_t products = countOf(x) * source_.taps() * source_.inner() +
                       fused_.rows * fused_.columns * taps_;
    int64_t workers =
        atMost(fused_.call->control->workers, products / leastProducts);
    return workers < 1 ? 1 : workers;
  }

  void make(const Band &band, Share panels, uint8_t *scratch) const {
    auto *panel = reinterpret_cast<float *>(scratch + panelAt_);
    clearPadding(band, panel);
    int64_t begin = shape_.begin(band.row),
            below = begin - shape_.firstRow(band.row);
    SourceRows rows{(band.image * shape_.height + begin) * shape_.width,
                    shape_.end(band.row, band.rows) - begin,
                    panel + (below * padded_ + shape_.left) * pitch};
    source_.begin(rows, scratch);
    for (int64_t p = panels.first; p < panels.end; ++p) {
      int64_t columns = atMost(pitch, fused_.columns - p * pitch);
      source_.fill(rows, p, columns, scratch);
      consume(band, p, columns, panel);
    }
  }

  void clearPadding(const Band &band, float *panel) const {
    int64_t row = shape_.firstRow(band.row), padded = padded_;
    for (int64_t r = 0; r < shape_.rowsFor(band.rows); ++r, ++row) {
      float *line = panel + r * padded * pitch;
      if (row < 0 || row >= shape_.height) {
        clear(line, padded);
        continue;
      }
      int64_t behind = shape_.left + shape_.width;
      clear(line, shape_.left);
      clear(line + behind * pitch, padded - behind);
    }
  }
  static void clear(float *to, int64_t pixels) {
    using V = Vector<float, shape.lanes>;
    for (int64_t i = 0; i < pixels * pitch; i += shape.lanes)
      storeVector(to + i, V{});
  }

  void consume(const Band &band, int64_t p, int64_t columns,
               const float *panel) const {
    const float *weights = weights_ + p * (1 + taps_) * pitch;
    int64_t chunk = chunk_, width = shape_.outWidth;
    alignas(64) float tile[ChainShape::mostPixels * pitch];
    for (int64_t r = 0; r < band.rows; ++r) {
      const float *line = panel + r * shape_.stride[0] * padded_ * pitch;
      int64_t row =
          (band.image * shape_.outHeight + band.row + r) * shape_.outWidth;
      for (int64_t i = 0; i < width; i += chunk) {
        int64_t at = i + chunk <= width ? i : width - chunk;
        sum(columns, line + at * panelWindow_.pixelStep, weights, tile);
        fused_.finish(tile, pitch, row + at, chunk, p * pitch, columns,
                      fused_.operands);
      }
    }
  }

  /// A chunk of pixels.
  void sum(int64_t columns, const float *first, const float *weights,
           float *tile) const {
    auto with = [&]<int stride, int wide, int... sizes>() {
      sumChunkOf<shape.lanes, pitch, stride, wide, sizes...>(
          pixels_, panelWindow_, chunk_, columns, first, weights, tile);
    };
    if (!shape_.isUsual())
      with.template operator()<0, 0, 8, 4, 1>();
    else if (shape_.stride[1] == 1)
      with.template operator()<1, 3, 8, 7, 6, 5, 4, 2, 1>();
    else
      with.template operator()<2, 3, 8, 7, 6, 5, 4, 2, 1>();
  }

  const Fused &fused_;
  Source source_;
  Window window_;
  ChainShape shape_;
  int64_t padded_, bandRows_, chunk_, pixels_, panelAt_, panels_, taps_;
  const float *weights_;
  PanelWindow panelWindow_;
};

template <int vectorBytes> int32_t chain(const Fused &fused) {
  return Depthwise<vectorBytes, MadeRows<vectorBytes>>(fused).run();
}
template <int vectorBytes> int32_t alone(const Fused &fused) {
  return Depthwise<vectorBytes, KeptRows<vectorBytes>>(fused).run();
}

} // namespace

RUNE_FAST(DepthwiseChainF32_16) { return chain<16>(fused); }
RUNE_FAST(DepthwiseChainF32_32) { return chain<32>(fused); }
RUNE_FAST(DepthwiseChainF32_64) { return chain<64>(fused); }
RUNE_FAST(DepthwisePanelF32_16) { return alone<16>(fused); }
RUNE_FAST(DepthwisePanelF32_32) { return alone<32>(fused); }
RUNE_FAST(DepthwisePanelF32_64) { return alone<64>(fused); }
