// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Triangular filters, evenly spaced on the mel scale, over a power spectrum.
// Each spectrum bin lies between two neighbouring edges: on the rising side of
// one triangle and, with what is left of 1, on the falling side of the one
// before. So one weight a bin is all there is to keep.
//
//   mel(f) = 2595 · log10(1 + f / 700)
//
// source  HTK Book 3.4, §5.4, equation 5.13
#pragma once

#include "block_kit.h"

#include <cmath>

namespace rune::mel {

inline double melOfHertz(double hertz) {
  return 2595 * std::log10(1 + hertz / 700);
}
inline double hertzOfMel(double mel) {
  return 700 * (std::pow(10, mel / 2595) - 1);
}

struct BandLimits {
  uint32_t count;
  double lowHz, highHz;

  /// Edge 0 to count + 1: band b rises from edge b to b + 1, falls to b + 2.
  double edge(uint32_t number) const {
    double low = melOfHertz(lowHz), high = melOfHertz(highHz);
    return hertzOfMel(low + (high - low) * number / (count + 1));
  }
};

class MelBands {
public:
  /// errors  `invalid-argument` when a band meets no bin · `out-of-memory`
  static kit::Or<MelBands> make(BandLimits limits, double sampleRate,
                                uint32_t fftSize) {
    MelBands bands;
    bands.weights_ = BLOCK_TRY(kit::keepRoom<float>(fftSize / 2 + 1));
    bands.edges_ = BLOCK_TRY(kit::keepRoom<uint32_t>(limits.count + 2));
    double hertzPerBin = sampleRate / fftSize;
    uint32_t bin = 0;
    for (uint32_t band = 0; band < limits.count + 2; ++band) {
      double from = band ? limits.edge(band - 1) : 0, to = limits.edge(band);
      for (; bin <= fftSize / 2 && bin * hertzPerBin < to; ++bin)
        bands.weights_[bin] =
            static_cast<float>((bin * hertzPerBin - from) / (to - from));
      bands.edges_[band] = bin;
    }
    for (uint32_t band = 0; band < limits.count; ++band)
      if (bands.edges_[band] == bands.edges_[band + 2])
        return kit::fail(
            "invalid-argument", "mel_bins", "argument `mel_bins` is ",
            kit::Digits(limits.count), ": band ", kit::Digits(band), ", ",
            kit::Digits(std::round(limits.edge(band))), " to ",
            kit::Digits(std::round(limits.edge(band + 2))),
            " Hz, lies between two of the ", kit::Digits(fftSize / 2 + 1),
            " lines of the spectrum, needed fewer bands or a larger "
            "`fft_size`");
    return bands;
  }

  uint32_t count() const { return static_cast<uint32_t>(edges_.size()) - 2; }

  /// energies[b] = Σ triangle_b(bin) · power[bin]
  void sum(std::span<const float> power, std::span<float> energies) const {
    float falling = 0; // of the band before, which rose already
    for (uint32_t band = 0; band <= count(); ++band) {
      // Between edge `band` and the next: down for the band before, up for
      // this.
      float rising = 0;
      for (uint32_t bin = edges_[band]; bin < edges_[band + 1]; ++bin) {
        falling += (1 - weights_[bin]) * power[bin];
        rising += weights_[bin] * power[bin];
      }
      if (band > 0)
        energies[band - 1] = falling;
      falling = rising;
    }
  }

private:
  /// How far each bin is on its way from the edge before it to the next.
  std::span<float> weights_;
  /// The first bin at or behind each edge.
  std::span<uint32_t> edges_;
};

} // namespace rune::mel
