// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// source  TensorFlow Lite, STRIDED_SLICE, versions 1 to 8, and SLICE
#include "import/tflite/node.h"
#include "import/tflite/sizes.h"

#include <algorithm>
#include <limits>

namespace rune::import {
namespace {

/// One dimension of the input, once masks are resolved.
struct Range {
  int64_t axis = 0;
  int64_t start = 0;
  int64_t end = 0;
  int64_t step = 1;
};

/// What to cut out, and what the result's dimensions are called.
struct Cut {
  std::vector<Range> ranges;
  /// For each dimension of the result: one of the input, or -1 for a new one.
  Integers axes;
};

bool isSet(int32_t mask, size_t bit) { return bit < 32 && mask >> bit & 1; }

/// Everything, in the direction of the step.
void takeAll(Range &range, bool fromStart, bool toEnd) {
  constexpr int64_t most = std::numeric_limits<int32_t>::max();
  if (fromStart)
    range.start = range.step > 0 ? 0 : most;
  if (toEnd)
    range.end = range.step > 0 ? most : -most;
}

class Reader {
public:
  Reader(const TfliteNode &node, const tflite::StridedSliceOptions &options,
         int64_t rank)
      : node_(node), options_(options), rank_(rank) {}

  Result<> read(ValueId begin, ValueId end, ValueId strides) {
    begin_ = RUNE_TRY(node_.constantIntegers(begin, "begin"));
    end_ = RUNE_TRY(node_.constantIntegers(end, "end"));
    strides_ = RUNE_TRY(node_.constantIntegers(strides, "strides"));
    if (begin_.size() != end_.size() || begin_.size() != strides_.size() ||
        begin_.size() > 32)
      return node_.fail("{} begins, {} ends and {} strides", begin_.size(),
                        end_.size(), strides_.size());
    return {};
  }

  Result<Cut> cut() {
    Cut cut;
    for (size_t i = 0; i < begin_.size(); ++i)
      RUNE_TRY(add(i, cut));
    while (axis_ < rank_)
      cut.axes.push_back(axis_++);
    return cut;
  }

private:
  /// Dimensions of the input that entries behind the ellipsis speak of.
  int64_t behind(size_t entry) const {
    int64_t count = 0;
    for (size_t i = entry + 1; i < begin_.size(); ++i)
      count += !isSet(options_.new_axis_mask(), i);
    return count;
  }

  Result<> add(size_t i, Cut &cut) {
    if (isSet(options_.ellipsis_mask(), i)) {
      while (axis_ < rank_ - behind(i))
        cut.axes.push_back(axis_++);
      return {};
    }
    if (isSet(options_.new_axis_mask(), i)) {
      cut.axes.push_back(-1);
      return {};
    }
    if (axis_ >= rank_)
      return node_.fail("cuts more dimensions than the input's {}", rank_);
    return addRange(i, cut);
  }

  Result<> addRange(size_t i, Cut &cut) {
    Range range{axis_, begin_[i], end_[i], strides_[i]};
    if (range.step == 0)
      return node_.fail("a stride of 0");
    if (options_.offset())
      range.end += range.start;
    if (isSet(options_.shrink_axis_mask(), i)) {
      // one element; counted from the end, -1 ends behind the last
      range.end = range.start == -1 ? std::numeric_limits<int32_t>::max()
                                    : range.start + 1;
      range.step = 1;
    } else {
      takeAll(range, isSet(options_.begin_mask(), i),
              isSet(options_.end_mask(), i));
      cut.axes.push_back(axis_);
    }
    cut.ranges.push_back(range);
    ++axis_;
    return {};
  }

  const TfliteNode &node_;
  const tflite::StridedSliceOptions &options_;
  int64_t rank_;
  int64_t axis_ = 0;
  Integers begin_, end_, strides_;
};

Result<ValueId> cutOut(const TfliteNode &node, ValueId x,
                       const std::vector<Range> &ranges) {
  Integers axes, starts, ends, steps;
  for (const Range &range : ranges) {
    axes.push_back(range.axis);
    starts.push_back(range.start);
    ends.push_back(range.end);
    steps.push_back(range.step);
  }
  if (ranges.empty())
    return x;
  ValueId from = RUNE_TRY(node.integers("starts", starts));
  ValueId to = RUNE_TRY(node.integers("ends", ends));
  ValueId along = RUNE_TRY(node.integers("axes", axes));
  ValueId by = RUNE_TRY(node.integers("steps", steps));
  return node.one(Op::Slice, {x, from, to, along, by}, {}, "cut");
}

} // namespace

/// inputs  input, begin, end, strides: i32[n]
Imported importTfliteStridedSlice(TfliteNode &node) {
  RUNE_TRY(node.checkInputs(4, 4));
  const auto *options = RUNE_TRY(node.options<tflite::StridedSliceOptions>());
  ValueId x = RUNE_TRY(node.input(0, "input"));
  Reader reader(node, *options, node.rank(x));
  RUNE_TRY(reader.read(RUNE_TRY(node.input(1, "begin")),
                       RUNE_TRY(node.input(2, "end")),
                       RUNE_TRY(node.input(3, "strides"))));
  Cut cut = RUNE_TRY(reader.cut());
  ValueId y = RUNE_TRY(cutOut(node, x, cut.ranges));
  bool same = static_cast<int64_t>(cut.axes.size()) == node.rank(y) &&
              std::ranges::count(cut.axes, -1) == 0;
  if (same)
    return std::vector{y};
  Dims sizes;
  for (int64_t axis : cut.axes)
    sizes.push_back(axis < 0 ? Dim(1)
                             : node.dims(y)[static_cast<size_t>(axis)]);
  for (const Range &range : cut.ranges)
    if (std::ranges::count(cut.axes, range.axis) == 0 &&
        node.dims(y)[static_cast<size_t>(range.axis)] == Dim(0))
      return node.fail("index {} outside of dimension {} of `{}`", range.start,
                       range.axis, node.type(x).str());
  return std::vector{RUNE_TRY(withSizes(node, y, sizes))};
}

/// inputs  input, begin i32[rank], size i32[rank]; a size of -1 is all the rest
Imported importTfliteSlice(TfliteNode &node) {
  RUNE_TRY(node.checkInputs(3, 3));
  ValueId x = RUNE_TRY(node.input(0, "input"));
  Integers begin = RUNE_TRY(
      node.constantIntegers(RUNE_TRY(node.input(1, "begin")), "begin"));
  Integers size =
      RUNE_TRY(node.constantIntegers(RUNE_TRY(node.input(2, "size")), "size"));
  if (begin.size() != static_cast<size_t>(node.rank(x)) ||
      size.size() != begin.size())
    return node.fail("{} begins and {} sizes, `input` is `{}`", begin.size(),
                     size.size(), node.type(x).str());
  std::vector<Range> ranges;
  for (size_t i = 0; i < begin.size(); ++i) {
    constexpr int64_t most = std::numeric_limits<int32_t>::max();
    Dim dim = node.dims(x)[i];
    int64_t end = size[i] == -1 ? most : begin[i] + size[i];
    if (begin[i] < 0 || size[i] < -1 || begin[i] > most ||
        (dim.isFixed() &&
         (begin[i] > dim.size() || (size[i] != -1 && end > dim.size()))))
      return node.fail("{} elements from {} of dimension {} of `{}`", size[i],
                       begin[i], i, node.type(x).str());
    ranges.push_back({static_cast<int64_t>(i), begin[i], end, 1});
  }
  return std::vector{RUNE_TRY(cutOut(node, x, ranges))};
}

} // namespace rune::import
