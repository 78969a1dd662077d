// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// max_unpool(x, indices, size): puts each element where max_pool found it, in a
// tensor of zeros. Indices count through a tensor of the sizes that the window
// leads back to; where `size` is larger, that tensor lies at its beginning.
//
// source  ONNX MaxUnpool-22 and its reference implementation
#include "graph/ops/move.h"
#include "graph/ops/window.h"

#include <algorithm>

namespace rune::graph {

namespace {

/// What a window over a dimension of that size was made of; nothing if that
/// leaves 62 bits or is negative.
std::optional<Dim> unpooled(const Dim &size, const WindowAxis &axis) {
  if (!size.isFixed())
    return Dim::unknown();
  if (size.size() == 0)
    return size;
  int64_t result = 0;
  if (__builtin_mul_overflow(size.size() - 1, axis.stride, &result) ||
      __builtin_add_overflow(result, axis.kernel - axis.begin - axis.end,
                             &result) ||
      result < 0 || result >= int64_t{1} << 62)
    return std::nullopt;
  return Dim(result);
}

Result<Dims> framed(const InferContext &context) {
  const TensorType &x = context.type(0);
  Layout layout(context);
  Dims kernel;
  for (int64_t size : context.node.integers("kernel"))
    kernel.push_back(Dim(std::max<int64_t>(size, 0)));
  Window window = RUNE_TRY(windowOf(context, layout, kernel));
  Dims dims = x.dims;
  for (size_t i = 0; i < window.size(); ++i) {
    auto size = unpooled(x.dims[2 + i], window[i]);
    // max_unpool.5: sizes that can be
    if (!size)
      return context.fail(5, "dimension {} of {} gives no size", 2 + i,
                          x.str());
    dims[2 + i] = *size;
  }
  return dims;
}

Result<Types> infer(const InferContext &context) {
  const TensorType &x = context.type(0), &indices = context.type(1);
  // max_unpool.1: any elements, indices of i64, a size of i64
  if (indices.dtype != DType::I64 ||
      (context.has(2) && context.dtype(2) != DType::I64))
    return context.fail(1, "needs indices and sizes of i64, got {}",
                        indices.str());
  // max_unpool.2: as many indices as elements
  bool same = x.dims.size() >= 3 && indices.dims.size() == x.dims.size();
  for (size_t i = 0; same && i < x.dims.size(); ++i)
    same = unify(x.dims[i], indices.dims[i]).has_value();
  if (!same)
    return context.fail(2, "x is {}, the indices {}", x.str(), indices.str());
  Dims frame = RUNE_TRY(framed(context));
  if (!context.has(2))
    return Types{{x.dtype, frame}};
  // max_unpool.6: a size for each dimension, no smaller
  const TensorType &size = context.type(2);
  if (size.dims.size() != 1 ||
      !unify(size.dims[0], Dim(static_cast<int64_t>(frame.size()))))
    return context.fail(6, "the size {} for {}", size.str(), x.str());
  auto wanted = context.integers(2);
  Dims dims(frame.size(), Dim::unknown());
  for (size_t i = 0; wanted && i < dims.size(); ++i) {
    if ((*wanted)[i] < 0 ||
        (frame[i].isFixed() && (*wanted)[i] < frame[i].size()))
      return context.fail(6, "a size of {} in dimension {}, at least {}",
                          (*wanted)[i], i, frame[i].str());
    dims[i] = Dim((*wanted)[i]);
  }
  return Types{{x.dtype, dims}};
}

Result<Tensors> evaluate(const EvalContext &context) {
  std::vector<int64_t> sizes = context.results[0].sizes();
  std::vector<int64_t> frame;
  for (const Dim &dim : RUNE_TRY(framed(context)))
    frame.push_back(dim.size());
  int64_t all = static_cast<int64_t>(RUNE_TRY(elementCount(frame)));
  Strides inner = rowMajorStrides(frame), outer = rowMajorStrides(sizes);
  Elements<int64_t> indices(context.input(1).data);
  auto count =
      static_cast<int64_t>(RUNE_TRY(elementCount(context.input(0).sizes)));
  const size_t inputs[] = {0};
  Tensor result = RUNE_TRY(
      moveElements(context, inputs, [&](auto &ins, auto *out) -> Result<> {
        for (int64_t i = 0; i < count; ++i) {
          if (!context.budget.spend(frame.size()))
            return context.budget.expired();
          int64_t index = indices[i], place = 0;
          // max_unpool.7: indices within
          if (index < 0 || index >= all)
            return context.fail(7, "index {} is outside [0, {})", index, all);
          for (size_t d = 0; d < frame.size(); ++d)
            place += index / inner[d] % frame[d] * outer[d];
          out[place] = ins[0][i];
        }
        return {};
      }));
  return single(std::move(result));
}

} // namespace

OpDefinition defineMaxUnpool() {
  return {{2, 3},
          {1, 1},
          {perAxisSpec("dilations"),
           {"kernel", AttributeKind::Integers, std::nullopt, {}},
           {"layout", AttributeKind::Text, std::string("NCX"), {"NCX"}},
           perAxisSpec("pads"),
           perAxisSpec("strides")},
          infer,
          evaluate,
          completeWindow};
}

} // namespace rune::graph
