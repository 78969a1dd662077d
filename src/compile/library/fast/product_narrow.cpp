// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One row of f32 by weights that fewer bits hold without loss: what a product
// of one row costs is reading its weights (compile/narrow_weights.h finds out
// what they are).
//
// Numbers of 4 bits: eight of one column lie in an element of 32 bits, from
// where two shifts bring each out with its sign. The sum of a block is
// multiplied by the block's scale.
#include "compile/library/fast/product_row.h"

#pragma clang fp contract(on)

using namespace rune::library;

namespace {

template <class Element, int vectorBytes> int32_t oneRow(const Fused &fused) {
  const View &a = fused.call->in[0];
  return multiplyOneRow<vectorBytes, Element>(fused, a.sizes[a.rank - 1]);
}

template <int vectorBytes> class Nibbles {
public:
  explicit Nibbles(const Fused &fused) : fused_(fused) {
    const View &a = fused.call->in[0];
    auto *head = static_cast<const uint8_t *>(fused.packed);
    panels_ = {width, a.sizes[a.rank - 1], *head != 0};
    first_ = head + NibblePanels::headBytes;
  }

  int32_t run() {
    return eachColumns<vectorBytes>(
        fused_, panels_.inner, [&](int64_t from, int64_t to, uint8_t *scratch) {
          auto *x = reinterpret_cast<float *>(scratch);
          fill(x);
          int64_t column = from;
          for (; column + streams * width <= to; column += streams * width)
            multiply<streams>(x, column, to);
          for (; column < to; column += width)
            multiply<1>(x, column, to);
        });
  }

private:
  static constexpr TileShape tile = productF32(vectorBytes);
  static constexpr int lanes = tile.lanes, vectors = tile.vectors;
  static constexpr int64_t width = tile.columns();
  static constexpr int streams = 2;
  using V = Vector<float, lanes>;
  using Words = Vector<int32_t, lanes>;

  /// The row, with zeros behind it.
  void fill(float *to) const {
    const float *x = elements<float>(fused_.call->in[0]);
    int64_t all = panels_.blocks() * nibbleBlock;
    for (int64_t k = 0; k < panels_.inner; ++k)
      to[k] = x[k];
    for (int64_t k = panels_.inner; k < all; ++k)
      to[k] = 0;
  }

  template <int count>
  void multiply(const float *x, int64_t column, int64_t to) const {
    alignas(64) float sums[count * width];
    const uint8_t *panel = first_ + column / width * panels_.panelBytes();
    if (panels_.hasOffsets)
      multiplyPanels<count, true>(x, panel, panels_, sums);
    else
      multiplyPanels<count, false>(x, panel, panels_, sums);
    fused_.finish(sums, count * width, 0, 1, column,
                  atMost(count * width, to - column), fused_.operands);
  }

  template <int count, bool hasOffsets>
  [[gnu::noinline]] static void
  multiplyPanels(const float *x, const uint8_t *panel,
                 const NibblePanels &panels, float *to) {
    // numbers of neighbouring places are summed side by side
    constexpr int chains = 2;
    int64_t next = panels.panelBytes();
    V sums[count][vectors];
    for (int p = 0; p < count; ++p)
      for (int v = 0; v < vectors; ++v)
        sums[p][v] = loadVector<V>(panel + p * next + v * sizeof(V));
    const uint8_t *block = panel + width * 4;
    for (int64_t b = 0; b < panels.blocks(); ++b) {
      V parts[chains][count][vectors] = {};
      Words offsets[count][vectors] = {};
      for (int p = 0; hasOffsets && p < count; ++p)
        for (int v = 0; v < vectors; ++v)
          offsets[p][v] = loadVector<Words>(block + p * next + width * 4 +
                                            v * sizeof(Words));
      const uint8_t *numbers = block + width * (hasOffsets ? 8 : 4);
      for (int64_t k = 0; k < nibbleBlock; k += nibblesInOne) {
        Words words[count][vectors];
        for (int p = 0; p < count; ++p)
          for (int v = 0; v < vectors; ++v)
            words[p][v] =
                loadVector<Words>(numbers + p * next + v * sizeof(Words));
        numbers += width * 4;
        // else the sums were places in memory
#pragma clang loop unroll(full)
        for (int i = 0; i < nibblesInOne; ++i) {
          V left = x[k + i];
          for (int p = 0; p < count; ++p)
            for (int v = 0; v < vectors; ++v) {
              Words number = (words[p][v] << (28 - 4 * i)) >> 28;
              if constexpr (hasOffsets)
                number += offsets[p][v];
              parts[i % chains][p][v] +=
                  left * __builtin_convertvector(number, V);
            }
        }
      }
      x += nibbleBlock;
      for (int p = 0; p < count; ++p)
        for (int v = 0; v < vectors; ++v)
          sums[p][v] += (parts[0][p][v] + parts[1][p][v]) *
                        loadVector<V>(block + p * next + v * sizeof(V));
      block += panels.blockBytes();
    }
    for (int p = 0; p < count; ++p)
      for (int v = 0; v < vectors; ++v)
        storeVector(to + p * width + v * lanes, sums[p][v]);
  }

  const Fused &fused_;
  NibblePanels panels_;
  const uint8_t *first_;
};

} // namespace

RUNE_FAST(RowF16F32_16) { return oneRow<F16, 16>(fused); }
RUNE_FAST(RowF16F32_32) { return oneRow<F16, 32>(fused); }
RUNE_FAST(RowF16F32_64) { return oneRow<F16, 64>(fused); }
RUNE_FAST(RowBF16F32_16) { return oneRow<BF16, 16>(fused); }
RUNE_FAST(RowBF16F32_32) { return oneRow<BF16, 32>(fused); }
RUNE_FAST(RowBF16F32_64) { return oneRow<BF16, 64>(fused); }
RUNE_FAST(RowI4F32_16) { return Nibbles<16>(fused).run(); }
RUNE_FAST(RowI4F32_32) { return Nibbles<32>(fused).run(); }
RUNE_FAST(RowI4F32_64) { return Nibbles<64>(fused).run(); }
