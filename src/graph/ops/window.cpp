// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "graph/ops/window.h"

#include <algorithm>

namespace rune::graph {

static constexpr int64_t largestNumber = INT32_MAX;
static constexpr int64_t largestPadded = int64_t{1} << 62;

Layout::Layout(const InferContext &context) {
  size_t rank = context.rank(0);
  bool channelsLast = context.node.text("layout") == "NXC";
  channel = channelsLast ? rank - 1 : 1;
  spatial = channelsLast ? 1 : 2;
  spatialRank = rank - 2;
}

AttributeSpec layoutSpec() {
  return {"layout", AttributeKind::Text, std::string("NCX"), {"NCX", "NXC"}};
}

AttributeSpec perAxisSpec(std::string_view name) {
  return {name, AttributeKind::Integers, std::vector<int64_t>(), {}};
}

void completeWindow(const InferContext &context,
                    std::vector<Attribute> &attributes) {
  if (!context.has(0) || context.rank(0) < 2)
    return;
  auto fill = [&](std::string_view name, size_t count, int64_t value) {
    auto *list = find<std::vector<int64_t>>(attributes, name);
    if (list && list->empty())
      list->assign(count, value);
  };
  size_t rank = context.rank(0) - 2;
  fill("strides", rank, 1);
  fill("dilations", rank, 1);
  fill("pads", 2 * rank, 0);
}

Window windowAt(const Node &node, std::span<const int64_t> kernel) {
  Window window;
  const auto &pads = node.integers("pads");
  bool ceil = std::ranges::count(node.attributes, "ceil", &Attribute::name) &&
              node.integer("ceil") != 0;
  for (size_t i = 0; i < kernel.size(); ++i)
    window.push_back({kernel[i], node.integers("strides")[i],
                      node.integers("dilations")[i], pads[i],
                      pads[kernel.size() + i], ceil});
  return window;
}

Result<Window> windowOf(const InferContext &context, const Layout &layout,
                        std::span<const Dim> kernel) {
  const Node &node = context.node;
  size_t rank = layout.spatialRank;
  const auto &strides = node.integers("strides");
  const auto &dilations = node.integers("dilations");
  const auto &pads = node.integers("pads");
  // conv.3 conv_integer.3 conv_transpose.3 conv_transpose_integer.3 max_pool.3
  // average_pool.3 lp_pool.3 max_unpool.3 deform_conv.3: lists as long as the
  // spatial dimensions
  if (kernel.size() != rank || strides.size() != rank ||
      dilations.size() != rank || pads.size() != 2 * rank)
    return context.fail(3,
                        "{} spatial dimensions, but {} in the kernel, {} "
                        "strides, {} dilations, {} pads",
                        rank, kernel.size(), strides.size(), dilations.size(),
                        pads.size());
  // conv.4 conv_integer.4 conv_transpose.4 conv_transpose_integer.4 max_pool.4
  // average_pool.4 lp_pool.4 max_unpool.4 deform_conv.4: numbers that 64 bits
  // can work with
  auto positive = [](int64_t n) { return n >= 1 && n <= largestNumber; };
  auto sizes = [&](const Dim &dim) {
    return !dim.isFixed() || positive(dim.size());
  };
  auto pad = [](int64_t n) {
    return n >= -largestNumber && n <= largestNumber;
  };
  if (!std::ranges::all_of(kernel, sizes) ||
      !std::ranges::all_of(strides, positive) ||
      !std::ranges::all_of(dilations, positive) ||
      !std::ranges::all_of(pads, pad))
    return context.fail(4,
                        "kernel, strides [{}] and dilations [{}] are 1 to {}, "
                        "pads [{}] within ±{}",
                        fmt::join(strides, ", "), fmt::join(dilations, ", "),
                        largestNumber, fmt::join(pads, ", "), largestNumber);
  std::vector<int64_t> known;
  for (const Dim &dim : kernel)
    known.push_back(dim.isFixed() ? dim.size() : 0);
  return windowAt(node, known);
}

/// Nothing where the window does not fit.
static std::optional<Dim> places(const Dim &size, const WindowAxis &axis) {
  if (axis.kernel == 0)
    return Dim::unknown();
  int64_t pads = axis.begin + axis.end;
  if (!size.isFixed())
    return axis.stride == 1 && pads == axis.extent() - 1 ? size
                                                         : Dim::unknown();
  if (size.size() > largestPadded - 2 * largestNumber ||
      size.size() + std::min<int64_t>(axis.begin, 0) +
              std::min<int64_t>(axis.end, 0) <
          0)
    return std::nullopt;
  int64_t room = size.size() + pads - axis.extent();
  if (room < 0)
    return size == Dim(0) ? std::optional(Dim(0)) : std::nullopt;
  int64_t count = room / axis.stride + 1;
  // In ceil mode a part of a step gives one more place, but the last window
  // starts inside the input or before it.
  int64_t last = std::min<int64_t>(axis.end, 0) + size.size() + axis.begin;
  if (axis.ceil && room % axis.stride != 0)
    ++count;
  if (axis.ceil && (count - 1) * axis.stride >= last)
    --count;
  return Dim(count);
}

Result<Dims> placesOf(const InferContext &context, const Layout &layout,
                      const Window &window) {
  Dims dims;
  for (size_t i = 0; i < window.size(); ++i) {
    const Dim &size = context.dims(0)[layout.spatial + i];
    // conv.5 conv_integer.5 max_pool.5 average_pool.5 lp_pool.5 deform_conv.5:
    // the window fits into the padded input
    auto count = places(size, window[i]);
    if (!count)
      return context.fail(5,
                          "a window of {} does not fit into dimension {} of {} "
                          "with pads {} and {}",
                          window[i].extent(), layout.spatial + i,
                          context.type(0).str(), window[i].begin,
                          window[i].end);
    dims.push_back(*count);
  }
  return dims;
}

Strides spatialStrides(std::span<const int64_t> sizes, const Layout &layout) {
  Strides strides = rowMajorStrides(sizes);
  auto begin = strides.begin() + static_cast<std::ptrdiff_t>(layout.spatial);
  return {begin, begin + static_cast<std::ptrdiff_t>(layout.spatialRank)};
}

static int64_t ceilDiv(int64_t a, int64_t b) { return (a + b - 1) / b; }

/// The taps of one dimension that lie in [low, high). Offsets are computed from
/// the first of them, which is inside, so that they cannot overflow.
TapFinder::Line TapFinder::line(size_t i, int64_t place) const {
  const WindowAxis &axis = window_[i];
  int64_t low = std::max<int64_t>(0, -axis.begin);
  int64_t high = sizes_[i] + std::min<int64_t>(axis.end, 0);
  int64_t start = axis.start(place);
  int64_t first = start >= low ? 0 : ceilDiv(low - start, axis.dilation);
  int64_t last = start >= high ? 0
                               : std::min(axis.kernel,
                                          ceilDiv(high - start, axis.dilation));
  if (last <= first)
    return {};
  int64_t position = start + first * axis.dilation;
  bool several = last - first > 1;
  bool byKernel = other_ == Other::Kernel;
  return {last - first,
          {position * inputStrides_[i],
           (byKernel ? first : position) * otherStrides_[i]},
          {several ? axis.dilation * inputStrides_[i] : 0,
           several ? (byKernel ? 1 : axis.dilation) * otherStrides_[i] : 0}};
}

/// Every run so far, once for each tap of `line`, which changes fastest.
void TapFinder::spread(const Line &line) {
  std::vector<Run> runs;
  runs.reserve(taps_.runs.size() * static_cast<size_t>(line.count));
  for (const Run &run : taps_.runs)
    for (int64_t k = 0; k < line.count; ++k)
      runs.push_back(
          {run.input + k * line.step.input, run.other + k * line.step.other});
  taps_.runs = std::move(runs);
}

uint64_t TapFinder::scratchBytes() const {
  uint64_t runs = 2; // those before the last line, and after
  bool none = false;
  for (size_t i = 0; i < window_.size(); ++i) {
    int64_t most = std::min(window_[i].kernel, sizes_[i]);
    none |= most == 0;
    if (i + 1 < window_.size() &&
        __builtin_mul_overflow(runs, static_cast<uint64_t>(most), &runs))
      runs = UINT64_MAX / sizeof(Run);
  }
  return none ? 0 : std::min(runs, UINT64_MAX / sizeof(Run)) * sizeof(Run);
}

const Taps &TapFinder::at(std::span<const int64_t> place) {
  taps_.runs.clear();
  taps_.count = 0;
  std::vector<Line> lines(window_.size());
  Run origin;
  for (size_t i = 0; i < lines.size(); ++i) {
    lines[i] = line(i, place[i]);
    if (lines[i].count == 0)
      return taps_;
    origin.input += lines[i].start.input;
    origin.other += lines[i].start.other;
  }
  taps_.runs.push_back(origin);
  for (size_t i = 0; i + 1 < lines.size(); ++i)
    spread(lines[i]);
  taps_.count = lines.back().count;
  taps_.inputStep = lines.back().step.input;
  taps_.otherStep = lines.back().step.other;
  return taps_;
}

} // namespace rune::graph
