// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One row of 8-bit integers by weights that stay bytes: what such a product
// costs is reading them. They are widened in registers and summed in pairs, as
// everywhere (product_i16.cpp); their zero points are taken from the sum, as
// often as the row's sum says.
#include "compile/library/fast/dot.h"
#include "compile/library/fast/product_row.h"
#include "compile/library/walk.h"

using namespace rune::library;

namespace {

template <int vectorBytes> class Bytes {
public:
  explicit Bytes(const Fused &fused) : fused_(fused) {
    const View &x = fused.call->in[0];
    panels_ = {width, x.sizes[x.rank - 1]};
  }

  int32_t run() {
    return eachColumns<vectorBytes>(
        fused_, panels_.inner, [&](int64_t from, int64_t to, uint8_t *scratch) {
          auto *x = reinterpret_cast<int16_t *>(scratch);
          const View &row = fused_.call->in[0];
          int32_t total = row.type == Type::I8
                              ? widen(elements<int8_t>(row), x)
                              : widen(elements<uint8_t>(row), x);
          eachPanels<vectorBytes>(
              from, to, [&]<int count>(int64_t column, Count<count>) {
                alignas(64) int32_t sums[count * width];
                multiply<count>(x, total,
                                static_cast<const uint8_t *>(fused_.packed) +
                                    column / width * panels_.panelBytes(),
                                panels_, sums);
                fused_.finish(sums, count * width, 0, 1, column,
                              atMost(count * width, to - column),
                              fused_.operands);
              });
        });
  }

private:
  static constexpr TileShape tile = productF32(vectorBytes);
  static constexpr int lanes = tile.lanes, vectors = tile.vectors;
  static constexpr int64_t width = tile.columns();
  using Sums = Vector<int32_t, lanes>;
  using Pairs = Vector<int16_t, 2 * lanes>;

  /// The row less its zero point, filled up to whole pairs; its sum.
  template <class X> int32_t widen(const X *x, int16_t *to) const {
    const Call &call = *fused_.call;
    auto zero =
        static_cast<int16_t>(has(call, 3) ? loadInteger(call.in[3], 0) : 0);
    int64_t inner = panels_.inner;
    uint32_t total = 0;
#pragma clang loop vectorize(assume_safety)
    for (int64_t k = 0; k < inner; ++k) {
      to[k] = static_cast<int16_t>(static_cast<int16_t>(x[k]) - zero);
      total += static_cast<uint32_t>(static_cast<int32_t>(to[k]));
    }
    if (inner % 2 != 0)
      to[inner] = 0;
    return static_cast<int32_t>(total);
  }

  template <int count>
  [[gnu::noinline]] static void
  multiply(const int16_t *x, int32_t total, const uint8_t *panel,
           const BytePanels &panels, int32_t *to) {
    int64_t next = panels.panelBytes();
    Sums sums[count][vectors];
    for (int p = 0; p < count; ++p)
      for (int v = 0; v < vectors; ++v) {
        const uint8_t *head = panel + p * next + v * sizeof(Sums);
        sums[p][v] =
            loadVector<Sums>(head) - loadVector<Sums>(head + width * 4) * total;
      }
    const uint8_t *row = panel + width * 8;
    for (int64_t k = 0; k < panels.pairs(); ++k) {
      Sums left = loadVector<int32_t>(x + 2 * k);
      for (int p = 0; p < count; ++p)
        for (int v = 0; v < vectors; ++v) {
          auto bytes = loadVector<Vector<int8_t, 2 * lanes>>(row + p * next +
                                                             v * 2 * lanes);
          sums[p][v] =
              dotPairs<lanes>(sums[p][v], __builtin_bit_cast(Pairs, left),
                              __builtin_convertvector(bytes, Pairs));
        }
      row += width * 2;
    }
    for (int p = 0; p < count; ++p)
      for (int v = 0; v < vectors; ++v)
        storeVector(to + p * width + v * lanes, sums[p][v]);
  }

  const Fused &fused_;
  BytePanels panels_;
};

} // namespace

RUNE_FAST(RowI8_16) { return Bytes<16>(fused).run(); }
RUNE_FAST(RowI8_32) { return Bytes<32>(fused).run(); }
RUNE_FAST(RowI8_64) { return Bytes<64>(fused).run(); }
