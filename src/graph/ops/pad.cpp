// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// pad(x, pads, value, axes): more elements, or fewer, at both ends of the
// dimensions in `axes` (without them, of all). Negative pads crop, before
// anything is added. Along one dimension of n elements that were not cropped:
//
//   constant  y[i + begin] = x[i], elsewhere value (0, false or "" without one)
//   edge      the nearest element
//   reflect   mirrored at the outermost elements, again and again if need be
//   symmetric mirrored at their outer edges: they are repeated
//   wrap      repeated from the other end
//
// source  ONNX Pad-23, numpy.pad
#include "graph/ops/move.h"
#include "graph/rows.h"

#include <algorithm>

namespace rune::graph {

namespace {

struct AxisPads {
  int64_t begin = 0;
  int64_t end = 0;
};

Result<> checkOperands(const InferContext &context) {
  const TensorType &x = context.type(0);
  // pad.1: pads are i64[2n]
  const TensorType &pads = context.type(1);
  if (pads.dtype != DType::I64 || pads.dims.size() != 1)
    return context.fail(1, "pads are {}, must be i64[2n]", pads.str());
  auto tooMany = [](const Dim &dim) {
    return dim.isFixed() && dim.size() > static_cast<int64_t>(2 * maxRank);
  };
  // pad.2: the value is one element of x's type
  if (context.has(2)) {
    const TensorType &value = context.type(2);
    if (value.dtype != x.dtype || !isSingle(value))
      return context.fail(2, "the value is {}, must be one {}", value.str(),
                          dtypeName(x.dtype));
  }
  // pad.3: axes are i64[n], twice as many pads
  Dim axes = static_cast<int64_t>(x.dims.size());
  if (context.has(3)) {
    if (context.dtype(3) != DType::I64 || context.rank(3) != 1)
      return context.fail(3, "axes are {}, must be i64[n]",
                          context.type(3).str());
    axes = context.dims(3)[0];
  }
  if (tooMany(pads.dims[0]) || tooMany(axes) ||
      (pads.dims[0].isFixed() && axes.isFixed() &&
       (axes.size() > static_cast<int64_t>(x.dims.size()) ||
        pads.dims[0].size() != 2 * axes.size())))
    return context.fail(3, "{} pads for {} axes of {}", pads.dims[0].str(),
                        axes.str(), x.str());
  return {};
}

/// The pads of every dimension; nothing while they are not known.
Result<std::optional<std::vector<AxisPads>>>
padsOf(const InferContext &context) {
  size_t rank = context.rank(0);
  std::optional<std::vector<AxisPads>> none;
  auto pads = context.integers(1);
  std::vector<int64_t> axes;
  for (size_t i = 0; i < rank; ++i)
    axes.push_back(static_cast<int64_t>(i));
  if (context.has(3)) {
    auto given = context.integers(3);
    if (!given)
      return none;
    axes = *given;
  }
  if (!pads)
    return none;
  std::vector<AxisPads> all(rank);
  std::vector<bool> seen(rank);
  for (size_t i = 0; i < axes.size(); ++i) {
    // pad.4: axes in [-rank, rank), each once
    int64_t axis = fromEnd(axes[i], rank);
    if (axis < 0 || axis >= static_cast<int64_t>(rank) || seen[axis])
      return context.fail(4, "axes [{}] are not distinct dimensions of {}",
                          fmt::join(axes, ", "), context.type(0).str());
    seen[axis] = true;
    all[axis] = {(*pads)[i], (*pads)[axes.size() + i]};
  }
  return std::optional(std::move(all));
}

/// Nothing where more is cropped than there is, something is made of nothing,
/// or the size leaves 63 bits.
std::optional<Dim> padded(const Dim &size, const AxisPads &pads,
                          std::string_view mode) {
  if (!size.isFixed())
    return pads.begin == 0 && pads.end == 0 ? size : Dim::unknown();
  int64_t kept = 0, result = 0;
  if (__builtin_add_overflow(size.size(), std::min<int64_t>(pads.begin, 0),
                             &kept) ||
      __builtin_add_overflow(kept, std::min<int64_t>(pads.end, 0), &kept) ||
      kept < 0)
    return std::nullopt;
  if (__builtin_add_overflow(kept, std::max<int64_t>(pads.begin, 0), &result) ||
      __builtin_add_overflow(result, std::max<int64_t>(pads.end, 0), &result))
    return std::nullopt;
  if (mode != "constant" && kept == 0 && result > 0)
    return std::nullopt;
  return Dim(result);
}

Result<Types> infer(const InferContext &context) {
  RUNE_TRY(checkOperands(context));
  auto pads = RUNE_TRY(padsOf(context));
  TensorType result = context.type(0);
  if (!pads)
    return Types{{result.dtype, Dims(result.dims.size())}};
  for (size_t i = 0; i < result.dims.size(); ++i) {
    // pad.5: no more is cropped than there is; the other modes need an element
    auto size = padded(result.dims[i], (*pads)[i], context.node.text("mode"));
    if (!size)
      return context.fail(5,
                          "dimension {} of {} cannot take pads {} and {} "
                          "(`{}`)",
                          i, context.type(0).str(), (*pads)[i].begin,
                          (*pads)[i].end, context.node.text("mode"));
    result.dims[i] = *size;
  }
  return Types{result};
}

/// Where result element `at` of one dimension comes from: `low` ≤ source <
/// `low + kept`; nothing for the value.
std::optional<int64_t> sourceOf(int64_t at, int64_t low, int64_t kept,
                                std::string_view mode) {
  if (at >= 0 && at < kept)
    return low + at;
  if (mode == "constant")
    return std::nullopt;
  if (mode == "edge")
    return low + (at < 0 ? 0 : kept - 1);
  auto modulo = [](int64_t a, int64_t b) { return (a % b + b) % b; };
  if (mode == "wrap")
    return low + modulo(at, kept);
  if (mode == "symmetric") {
    int64_t place = modulo(at, 2 * kept);
    return low + (place < kept ? place : 2 * kept - 1 - place);
  }
  if (kept == 1)
    return low;
  int64_t period = 2 * (kept - 1);
  int64_t place = modulo(at, period);
  return low + (place < kept ? place : period - place);
}

/// For each index along one dimension of the result, its offset in x, or -1.
std::vector<int64_t> offsetsOf(int64_t size, int64_t resultSize,
                               const AxisPads &pads, int64_t stride,
                               std::string_view mode) {
  int64_t low = std::max<int64_t>(0, -pads.begin);
  int64_t kept = size - low + std::min<int64_t>(pads.end, 0);
  std::vector<int64_t> offsets(static_cast<size_t>(resultSize));
  for (int64_t i = 0; i < resultSize; ++i) {
    auto source =
        sourceOf(i - std::max<int64_t>(pads.begin, 0), low, kept, mode);
    offsets[i] = source ? *source * stride : -1;
  }
  return offsets;
}

struct PadMap {
  std::vector<int64_t> sizes;
  std::vector<std::vector<int64_t>> offsets;
};

template <class Ins, class Out>
Result<> fill(const EvalContext &context, const PadMap &map, const Ins &ins,
              Out *out) {
  Odometer odometer(map.sizes);
  do {
    if (!context.budget.spend(map.sizes.size()))
      return context.budget.expired();
    int64_t from = 0;
    for (size_t i = 0; i < map.sizes.size() && from >= 0; ++i) {
      int64_t offset = map.offsets[i][odometer.at()[i]];
      from = offset < 0 ? -1 : from + offset;
    }
    if (from >= 0)
      *out = ins[0][from];
    else if (ins.size() > 1)
      *out = ins[1][0];
    ++out;
  } while (odometer.advance());
  return {};
}

Result<Tensors> evaluate(const EvalContext &context) {
  auto pads = *RUNE_TRY(padsOf(context));
  PadMap map{context.results[0].sizes(), {}};
  std::span<const int64_t> x = context.input(0).sizes;
  Strides strides = rowMajorStrides(x);
  bool empty = std::ranges::count(map.sizes, 0) > 0;
  // paid before the maps are made: a size may be absurd
  uint64_t bytes = 0;
  for (int64_t size : map.sizes)
    bytes += std::min<uint64_t>(size, uint64_t{1} << 56) * sizeof(int64_t);
  RUNE_TRY(context.budget.reserve(empty ? 0 : bytes));
  for (size_t i = 0; i < map.sizes.size() && !empty; ++i)
    map.offsets.push_back(offsetsOf(x[i], map.sizes[i], pads[i], strides[i],
                                    context.node.text("mode")));
  std::vector<size_t> inputs = {0};
  if (context.has(2))
    inputs.push_back(2);
  Tensor result = RUNE_TRY(
      moveElements(context, inputs, [&](auto &ins, auto *out) -> Result<> {
        return empty ? Result<>() : fill(context, map, ins, out);
      }));
  context.budget.release(empty ? 0 : bytes);
  return single(std::move(result));
}

} // namespace

OpDefinition definePad() {
  return {{2, 4},
          {1, 1},
          {{"mode",
            AttributeKind::Text,
            std::string("constant"),
            {"constant", "reflect", "symmetric", "edge", "wrap"}}},
          infer,
          evaluate};
}

} // namespace rune::graph
