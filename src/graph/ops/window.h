// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Windows that slide over the spatial dimensions: what convolution and pooling
// share. A window at place p covers, in each dimension, the positions
//
//   p · stride - begin + k · dilation      for k in [0, kernel)
//
// of which those outside the input are padding. Negative pads crop: then the
// positions cropped away count as outside. Numbers are limited so that all of
// this fits 64 bits: kernels, strides and dilations below 2^31, pads within
// ±2^31, padded sizes below 2^62.
//
// source  ONNX Conv-22, MaxPool-22, AveragePool-22
#pragma once

#include "graph/ops/common.h"
#include "graph/rows.h"

namespace rune::graph {

/// The window along one spatial dimension.
struct WindowAxis {
  /// 0 while it is not known (convolution with symbolic weights).
  int64_t kernel = 1;
  int64_t stride = 1;
  int64_t dilation = 1;
  int64_t begin = 0;
  int64_t end = 0;
  bool ceil = false;

  /// Positions from the first to the last tap.
  int64_t extent() const { return (kernel - 1) * dilation + 1; }
  int64_t start(int64_t place) const { return place * stride - begin; }
};
using Window = std::vector<WindowAxis>;

/// Where channels and spatial dimensions stand.
struct Layout {
  explicit Layout(const InferContext &context);

  size_t channel;
  /// The first spatial dimension; all of them follow each other.
  size_t spatial;
  size_t spatialRank;
};

/// The attributes `layout`, `strides`, `pads`, `dilations`, which every user of
/// windows declares among its own.
AttributeSpec layoutSpec();
AttributeSpec perAxisSpec(std::string_view name);
/// Fills the lists that were left empty: strides and dilations of 1, no pads.
void completeWindow(const InferContext &context,
                    std::vector<Attribute> &attributes);

/// Constraints 3 (lists as long as there are spatial dimensions) and 4 (numbers
/// in range). `kernel` has one entry per spatial dimension.
Result<Window> windowOf(const InferContext &context, const Layout &layout,
                        std::span<const Dim> kernel);
/// The same without checks, at run time.
Window windowAt(const Node &node, std::span<const int64_t> kernel);

/// Constraint 5 (the window fits): how many places there are along each spatial
/// dimension of x.
Result<Dims> placesOf(const InferContext &context, const Layout &layout,
                      const Window &window);

/// Row-major strides of the spatial dimensions of a tensor in that layout.
Strides spatialStrides(std::span<const int64_t> sizes, const Layout &layout);

/// A straight line of taps inside the input: `count` elements of the input,
/// `Taps::step` apart from `input` on, each with its number from `other` on.
struct Run {
  int64_t input = 0;
  int64_t other = 0;
};

/// The taps of one place that lie inside the input.
struct Taps {
  std::vector<Run> runs;
  int64_t count = 0;
  int64_t inputStep = 0;
  int64_t otherStep = 0;

  int64_t total() const { return count * static_cast<int64_t>(runs.size()); }
};

/// Finds the taps of a place. `Other::Kernel`: the second number counts along
/// the kernel. `Other::Position`: along the input.
class TapFinder {
public:
  enum class Other { Kernel, Position };

  TapFinder(const Window &window, std::span<const int64_t> sizes,
            Strides inputStrides, Strides otherStrides, Other other)
      : window_(window), sizes_(sizes.begin(), sizes.end()),
        inputStrides_(std::move(inputStrides)),
        otherStrides_(std::move(otherStrides)), other_(other) {}

  const Taps &at(std::span<const int64_t> place);

  /// What `at` may need at most, to be paid before: a window over all of a long
  /// thin input has a run for each of its rows.
  uint64_t scratchBytes() const;

private:
  struct Line {
    int64_t count = 0;
    Run start, step;
  };
  Line line(size_t axis, int64_t place) const;
  void spread(const Line &line);

  const Window &window_;
  std::vector<int64_t> sizes_;
  Strides inputStrides_;
  Strides otherStrides_;
  Other other_;
  Taps taps_;
};

} // namespace rune::graph
