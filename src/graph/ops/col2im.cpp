// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// col2im(x, image, block): the columns of x, each a block of the image that a
// window saw, put back where they came from; where blocks overlap they are
// added. What convolution's im2col takes apart.
//
// source  ONNX Col2Im-18
#include "graph/known_elements.h"
#include "graph/ops/common.h"
#include "graph/rows.h"

#include <algorithm>

namespace rune::graph {

namespace {

constexpr int64_t maxWindow = INT32_MAX;

/// One spatial dimension.
struct Axis {
  int64_t image = 0, block = 1, stride = 1, dilation = 1, begin = 0, end = 0;

  /// How many places a window has; 0 where it does not fit.
  int64_t places() const {
    int64_t room = image + begin + end - dilation * (block - 1) - 1;
    return room < 0 ? 0 : room / stride + 1;
  }
};

/// The axes; nothing while the sizes are not known. Then n alone is known.
Result<std::optional<std::vector<Axis>>> axesOf(const InferContext &context) {
  std::optional<std::vector<Axis>> none;
  const auto &strides = context.node.integers("strides"),
             &dilations = context.node.integers("dilations"),
             &pads = context.node.integers("pads");
  size_t n = strides.size();
  // col2im.2: i64[n] both, n entries in `strides`, `dilations`, 2n in `pads`
  for (size_t i : {1, 2})
    if (n == 0 || n > maxRank - 2 || context.dtype(i) != DType::I64 ||
        context.rank(i) != 1 ||
        !unify(context.dims(i)[0], Dim(static_cast<int64_t>(n))) ||
        dilations.size() != n || pads.size() != 2 * n)
      return context.fail(2,
                          "sizes {} and {}, {} strides, {} dilations, {} pads",
                          context.type(1).str(), context.type(2).str(), n,
                          dilations.size(), pads.size());
  auto image = knownIntegers(context, 1), block = knownIntegers(context, 2);
  if (!image || !block)
    return none;
  std::vector<Axis> axes(n);
  for (size_t i = 0; i < n; ++i) {
    axes[i] = {(*image)[i],  (*block)[i], strides[i],
               dilations[i], pads[i],     pads[n + i]};
    // col2im.3: sizes, strides and dilations from 1 (the image from 0) to
    // 2^31 - 1, pads from 0
    for (auto [value, least] : {std::pair{axes[i].image, 0},
                                {axes[i].block, 1},
                                {axes[i].stride, 1},
                                {axes[i].dilation, 1},
                                {axes[i].begin, 0},
                                {axes[i].end, 0}})
      if (value < least || value > maxWindow)
        return context.fail(3, "{} along axis {}, must be in [{}, {}]", value,
                            i, least, maxWindow);
  }
  return std::optional(std::move(axes));
}

Result<Types> infer(const InferContext &context) {
  const ValueType &x = context.type(0);
  // col2im.1: [N, C · block, L] numbers
  if (!isNumeric(x.dtype) || x.dims.size() != 3)
    return context.fail(1, "x is {}, must be numbers [N, C, L]", x.str());
  auto axes = RUNE_TRY(axesOf(context));
  ValueType result(x.dtype, {x.dims[0], Dim::unknown()});
  result.dims.resize(2 + context.node.integers("strides").size());
  if (!axes)
    return Types{result};
  int64_t block = 1, places = 1;
  bool fits = true;
  for (size_t i = 0; i < axes->size(); ++i) {
    const Axis &axis = (*axes)[i];
    fits &= !__builtin_mul_overflow(block, axis.block, &block) &&
            !__builtin_mul_overflow(places, axis.places(), &places);
    result.dims[2 + i] = axis.image;
  }
  // col2im.4: a column for each place of the window, rows for whole blocks
  if (!fits || (x.dims[1].isFixed() && x.dims[1].size() % block != 0) ||
      !unify(x.dims[2], Dim(places)))
    return context.fail(4, "{} columns in {}, the blocks need {} (of {} rows)",
                        x.dims[2].str(), x.str(), places, block);
  if (x.dims[1].isFixed())
    result.dims[1] = x.dims[1].size() / block;
  return Types{result};
}

/// Where element `tap` of the block at `place` belongs in one image, or -1.
int64_t targetOf(const std::vector<Axis> &axes,
                 const std::vector<int64_t> &place,
                 const std::vector<int64_t> &tap) {
  int64_t target = 0;
  for (size_t i = 0; i < axes.size(); ++i) {
    int64_t at =
        place[i] * axes[i].stride - axes[i].begin + tap[i] * axes[i].dilation;
    if (at < 0 || at >= axes[i].image)
      return -1;
    target = target * axes[i].image + at;
  }
  return target;
}

template <class N>
Result<> addColumns(const EvalContext &context, const std::vector<Axis> &axes,
                    const TensorView &sums, const NumberSink<N> &out,
                    int64_t images, int64_t pixels) {
  Numbers<N> x(context.input(0)), before(sums);
  std::vector<int64_t> blocks, places;
  for (const Axis &axis : axes) {
    blocks.push_back(axis.block);
    places.push_back(axis.places());
  }
  int64_t from = 0;
  for (int64_t image = 0; image < images; ++image) {
    Odometer tap(blocks);
    do {
      Odometer place(places);
      do {
        if (!context.budget.spend(axes.size()))
          return context.budget.expired();
        int64_t target = targetOf(axes, place.at(), tap.at());
        if (target >= 0) {
          int64_t to = image * pixels + target;
          out.set(to, addWrapping<N>(before[to], x[from]));
        }
        ++from;
      } while (place.advance());
    } while (tap.advance());
  }
  return {};
}

Result<Tensors> evaluate(const EvalContext &context) {
  auto axes = *RUNE_TRY(axesOf(context));
  Tensor result = RUNE_TRY(context.allocate());
  auto count = static_cast<int64_t>(result.count());
  bool empty = count == 0 || context.input(0).data.empty();
  if (empty)
    return single(std::move(result));
  int64_t images = result.sizes()[0] * result.sizes()[1];
  bool isHalf = isFloat(context.dtype(0)) && dtypeBits(context.dtype(0)) == 16;
  uint64_t scratch = isHalf ? static_cast<uint64_t>(count) * sizeof(float) : 0;
  RUNE_TRY(context.budget.reserve(scratch));
  std::vector<float> wide(isHalf ? static_cast<size_t>(count) : 0);
  TensorView sums = result.view();
  if (isHalf)
    sums = {DType::F32,
            sums.sizes,
            {reinterpret_cast<const uint8_t *>(wide.data()), scratch}};
  RUNE_TRY(withSums(context.dtype(0), "f32", [&]<class N>(Type<N>) {
    NumberSink<N> out(sums.dtype, const_cast<uint8_t *>(sums.data.data()));
    return addColumns<N>(context, axes, sums, out, images, count / images);
  }));
  if (isHalf)
    NumberSink<float>(result).write(wide.data(), {0, 1, count});
  context.budget.release(scratch);
  return single(std::move(result));
}

} // namespace

OpDefinition defineCol2Im() {
  return {{3, 3},
          {1, 1},
          {{"dilations", AttributeKind::Integers, std::nullopt, {}},
           {"pads", AttributeKind::Integers, std::nullopt, {}},
           {"strides", AttributeKind::Integers, std::nullopt, {}}},
          infer,
          evaluate};
}

} // namespace rune::graph
