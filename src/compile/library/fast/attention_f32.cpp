// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Attention on f32 without a matrix of scores: a block of queries meets the
// keys 256 at a time; the largest score so far and the sum of exponentials go
// along, and what was summed is scaled whenever the largest one grows. So the
// scratch does not depend on the length of the sequence.
//
// source  docs/ops.md: attention; Milakov and Gimelshein 2018,
//         arXiv:1805.02867; Dao et al. 2022, arXiv:2205.14135
#include "compile/library/fast/folds_f32.h"
#include "compile/library/fast/math_f32.h"
#include "compile/library/fast/product_tile.h"
#include "compile/library/fast/transpose.h"
#include "compile/library/walk.h"

#pragma clang fp contract(on)

using namespace rune::library;

namespace {

constexpr float lowest = -std::numeric_limits<float>::infinity();

template <int vectorBytes> class Attention {
  static constexpr TileShape tile = productF32(vectorBytes);
  static constexpr int width = tile.columns(), lanes = tile.lanes;
  enum { Q, K, V, Mask };
  enum { causalAttribute, scaleAttribute };

public:
  explicit Attention(const Fused &fused)
      : fused_(fused), call_(*fused.call), heads_(call_.in[Q].sizes[1]),
        group_(heads_ / call_.in[K].sizes[1]),
        shape_{tile, call_.in[Q].sizes[2], call_.in[K].sizes[2],
               call_.in[K].sizes[3], call_.in[V].sizes[3]},
        isCausal_(call_.attributes[causalAttribute].integer != 0) {
    double scale = call_.attributes[scaleAttribute].number;
    scale_ = static_cast<float>(
        scale == 0 ? 1 / __builtin_sqrt(static_cast<double>(shape_.size))
                   : scale);
    if (!has(call_, Mask))
      return;
    int64_t wanted[] = {call_.in[Q].sizes[0], heads_, shape_.queries,
                        shape_.keys};
    mask_ =
        stretched(call_.in[Mask], {nullptr, wanted, 4, call_.in[Mask].type});
  }

  int32_t run() {
    int64_t planes = fused_.rows / shape_.queries;
    int64_t workers = call_.control->workers;
    int64_t parts = ceilDiv(shape_.queries, shape_.most());
    if (planes * parts < workers)
      parts = ceilDiv(workers, planes);
    int64_t most = ceilDiv(ceilDiv(shape_.queries, parts), tile.rows);
    most *= tile.rows;
    parts = ceilDiv(shape_.queries, most);
    return eachTask(
        fused_, planes * parts, [&](int64_t task, uint8_t *scratch) {
          int64_t first = task % parts * most;
          attend(task / parts, first, atMost(most, shape_.queries - first),
                 reinterpret_cast<float *>(scratch));
        });
  }

private:
  /// Of the rows of a block.
  struct Running {
    float largest[AttentionShape::mostQueries];
    float sum[AttentionShape::mostQueries];
    /// False as long as the mask leaves out all keys.
    bool left[AttentionShape::mostQueries];
  };

  void attend(int64_t plane, int64_t first, int64_t rows, float *scratch) {
    const View &k = call_.in[K], &v = call_.in[V];
    int64_t head = plane % heads_;
    int64_t keys = plane / heads_ * k.sizes[1] + head / group_;
    const float *q = elements<float>(call_.in[Q]) +
                     (plane * shape_.queries + first) * shape_.size;
    const float *key = elements<float>(k) + keys * shape_.keys * shape_.size;
    const float *value =
        elements<float>(v) + keys * shape_.keys * shape_.values;
    const float *queries[AttentionShape::mostQueries];
    Running running;
    for (int64_t r = 0; r < rows; ++r) {
      queries[r] = q + r * shape_.size;
      running.largest[r] = lowest;
      running.sum[r] = 0;
      running.left[r] = !has(call_, Mask);
    }
    float *sums = scratch + shape_.sumsAt();
    for (int64_t i = 0; i < shape_.most() * shape_.wide(); ++i)
      sums[i] = 0;
    for (int64_t from = 0; from < shape_.keys; from += shape_.keysAtOnce()) {
      if (mustStop(call_))
        return;
      int64_t count = atMost(shape_.keysAtOnce(), shape_.keys - from);
      score(queries, rows, key + from * shape_.size, count, scratch);
      for (int64_t r = 0; r < rows; ++r)
        weigh(plane, first + r, r, from, count, running, scratch);
      addValues(rows, value + from * shape_.values, count, scratch);
    }
    finish(plane * shape_.queries + first, rows, running, sums);
  }

  /// The scaled products of queries and keys.
  void score(const float *const *queries, int64_t rows, const float *key,
             int64_t count, float *scratch) {
    const float zeros[width] = {};
    float *panel = scratch + shape_.panelsAt();
    float *sums = scratch + shape_.panelAt();
    float *scores = scratch + shape_.scoresAt();
    int64_t size = shape_.size, apart = shape_.keysAtOnce();
    for (int64_t j = 0; j < count; j += width) {
      int64_t columns = atMost(width, count - j);
      if (columns < width)
        for (int64_t i = 0; i < size * width; ++i)
          panel[i] = 0;
      turn(key + j * size, size, columns, size, panel, width);
      for (int64_t i = 0; i < rows; i += tile.rows) {
        int64_t now = atMost(tile.rows, rows - i);
        multiplyRows<lanes, tile.rows, tile.vectors>(
            now,
            {queries + i, AttentionShape::mostQueries, 1, size, panel, width,
             zeros, 0},
            0, sums);
        using Lanes = F32s<lanes>;
        for (int64_t r = 0; r < now; ++r)
          for (int at = 0; at < width; at += lanes)
            storeVector<Lanes>(scores + (i + r) * apart + j + at,
                               loadVector<Lanes>(sums + r * width + at) *
                                   scale_);
      }
    }
  }

  /// Scores of one query as weights, of which the largest so far is 1.
  void weigh(int64_t plane, int64_t query, int64_t r, int64_t from,
             int64_t count, Running &running, float *scratch) {
    float *row = scratch + shape_.scoresAt() + r * shape_.keysAtOnce();
    if (has(call_, Mask))
      running.left[r] |= mask(plane, query, from, count, row);
    if (isCausal_)
      for (int64_t j = query < from ? 0 : query + 1 - from; j < count; ++j)
        row[j] += lowest;
    float before = running.largest[r];
    float largest = largestOf<lanes>(row, count);
    largest = before > largest ? before : largest;
    running.largest[r] = largest;
    float shift = largest == lowest ? 0 : largest;
#pragma clang loop vectorize(assume_safety) vectorize_width(lanes)             \
    interleave_count(2)
    for (int64_t j = 0; j < count; ++j)
      row[j] = f32::exp(row[j] - shift);
    float kept = before == lowest ? 0 : f32::exp(before - shift);
    running.sum[r] = running.sum[r] * kept + sumOf<lanes>(row, count);
    if (from == 0 || kept == 1)
      return;
    float *sums = scratch + shape_.sumsAt();
    for (int64_t at = 0; at < shape_.wide(); at += width)
      for (int64_t c = 0; c < width; ++c)
        sums[at * shape_.most() + r * width + c] *= kept;
  }

  /// Adds the mask; true if it leaves a key.
  bool mask(int64_t plane, int64_t query, int64_t from, int64_t count,
            float *row) {
    const View &view = call_.in[Mask];
    int64_t at = plane / heads_ * mask_.of[0] + plane % heads_ * mask_.of[1] +
                 query * mask_.of[2] + from * mask_.of[3];
    const float *own = elements<float>(view) + at;
    int32_t left = 0;
    for (int64_t j = 0; j < count; ++j) {
      float added = own[j * mask_.of[3]];
      left |= !(added == lowest);
      row[j] += added;
    }
    return left != 0;
  }

  /// Values by their weights, onto the sums.
  void addValues(int64_t rows, const float *value, int64_t count,
                 float *scratch) {
    const float *weights[AttentionShape::mostQueries];
    for (int64_t r = 0; r < rows; ++r)
      weights[r] = scratch + shape_.scoresAt() + r * shape_.keysAtOnce();
    for (int64_t e = 0; e < shape_.values; e += width) {
      const float *panel = value + e;
      int64_t step = shape_.values, columns = shape_.values - e;
      if (columns < width) {
        float *end = scratch + shape_.endAt();
        for (int64_t j = 0; j < count; ++j)
          for (int64_t c = 0; c < width; ++c)
            end[j * width + c] =
                c < columns ? value[j * shape_.values + e + c] : 0;
        panel = end;
        step = width;
      }
      float *sums = scratch + shape_.sumsAt() + e * shape_.most();
      for (int64_t i = 0; i < rows; i += tile.rows)
        multiplyRows<lanes, tile.rows, tile.vectors>(
            atMost(tile.rows, rows - i),
            {weights + i, AttentionShape::mostQueries, 1, count, panel, step,
             sums + i * width, width},
            0, sums + i * width);
    }
  }

  void finish(int64_t row, int64_t rows, const Running &running, float *sums) {
    for (int64_t e = 0; e < shape_.values; e += width) {
      float *panel = sums + e * shape_.most();
      for (int64_t r = 0; r < rows; ++r)
        for (int64_t c = 0; c < width; ++c)
          panel[r * width + c] =
              running.left[r] ? panel[r * width + c] / running.sum[r] : 0;
      fused_.finish(panel, width, row, rows, e,
                    atMost(width, shape_.values - e), fused_.operands);
    }
  }

  const Fused &fused_;
  const Call &call_;
  int64_t heads_, group_;
  AttentionShape shape_;
  bool isCausal_;
  float scale_;
  Strides mask_;
};

} // namespace

RUNE_FAST(AttentionF32_16) { return Attention<16>(fused).run(); }
RUNE_FAST(AttentionF32_32) { return Attention<32>(fused).run(); }
RUNE_FAST(AttentionF32_64) { return Attention<64>(fused).run(); }
