// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// source  ONNX operators, ConvTranspose-1, 11, 22; DeformConv-19, 22
#include "import/onnx/node.h"
#include "import/onnx/window.h"

#include <algorithm>

namespace rune::import {
namespace {

constexpr int64_t mostPlaces = std::numeric_limits<int32_t>::max();

Result<Integers> listOr(OnnxNode &node, std::string_view name, size_t count,
                        int64_t otherwise, int64_t least) {
  auto list = RUNE_TRY(node.integers(name));
  if (!list || list->empty())
    return Integers(count, otherwise);
  if (list->size() != count)
    return node.fail("`{}` has {} numbers, needs {}", name, list->size(),
                     count);
  for (int64_t number : *list)
    if (number < least || number > mostPlaces)
      return node.fail("`{}` holds {}, needs {} to {}", name, number, least,
                       mostPlaces);
  return *std::move(list);
}

/// The spatial sizes of the weights, which `kernel_shape` may only repeat.
Result<Integers> kernelOf(OnnxNode &node, ValueId x, ValueId weights) {
  auto stated = RUNE_TRY(readKernel(node, x));
  if (node.rank(weights) != node.rank(x))
    return node.fail("`W` is `{}`, `X` is `{}`: the ranks differ",
                     node.type(weights).str(), node.type(x).str());
  Integers kernel(static_cast<size_t>(node.rank(x) - 2));
  for (size_t i = 0; i < kernel.size(); ++i) {
    const Dim &dim = node.type(weights).dims[i + 2];
    if (!dim.isFixed() && !stated)
      return node.unsupported("weights `{}` without `kernel_shape`",
                              node.type(weights).str());
    kernel[i] = dim.isFixed() ? dim.size() : (*stated)[i];
    if (kernel[i] < 1 || kernel[i] > mostPlaces ||
        (stated && (*stated)[i] != kernel[i]))
      return node.fail("`W` is `{}`, its window of {} is empty or not "
                       "`kernel_shape`",
                       node.type(weights).str(), kernel[i]);
  }
  return kernel;
}

struct Transposed {
  Integers strides, dilations, pads;
};

/// `total` elements to cut off along one axis; what is missing is added at the
/// end.
void cut(Integers &pads, size_t i, int64_t total, bool oddAtEnd) {
  size_t count = pads.size() / 2;
  int64_t half = total / 2;
  pads[i] = total < 0 ? 0 : oddAtEnd ? half : total - half;
  pads[i + count] = total - pads[i];
}

/// Output sizes become pads; what `output_padding` adds is a smaller pad at the
/// end.
///
/// source  ONNX ConvTranspose, "output_shape", "auto_pad"
Result<Transposed> readTransposed(OnnxNode &node, ValueId x,
                                  const Integers &kernel) {
  size_t count = kernel.size();
  Transposed window;
  window.strides = RUNE_TRY(listOr(node, "strides", count, 1, 1));
  window.dilations = RUNE_TRY(listOr(node, "dilations", count, 1, 1));
  window.pads = RUNE_TRY(listOr(node, "pads", 2 * count, 0, 0));
  Integers extra = RUNE_TRY(listOr(node, "output_padding", count, 0, 0));
  std::string mode = RUNE_TRY(node.text("auto_pad")).value_or("NOTSET");
  bool same = mode == "SAME_UPPER" || mode == "SAME_LOWER";
  if (!same && !mode.empty() && mode != "NOTSET" && mode != "VALID")
    return node.fail("`auto_pad` is `{}`, needs `NOTSET`, `SAME_UPPER`, "
                     "`SAME_LOWER` or `VALID`",
                     mode);
  auto shape = RUNE_TRY(node.integers("output_shape"));
  if (shape && shape->size() == count + 2) // with batch and channels
    shape->erase(shape->begin(), shape->begin() + 2);
  if (shape && !shape->empty() && shape->size() != count)
    return node.fail("`output_shape` has {} numbers, needs {}", shape->size(),
                     count);
  for (size_t i = 0; i < count; ++i) {
    int64_t reach = 0;
    if (__builtin_mul_overflow(kernel[i] - 1, window.dilations[i], &reach) ||
        reach >= mostPlaces)
      return node.fail("a window of {} elements {} apart", kernel[i],
                       window.dilations[i]);
    if (shape && !shape->empty()) {
      const Dim &dim = node.type(x).dims[i + 2];
      if (!dim.isFixed())
        return node.unsupported("`output_shape` over dimension `{}`, whose "
                                "size is not known",
                                dim.str());
      int64_t size = (*shape)[i];
      if (size < 0 || size > mostPlaces || dim.size() > mostPlaces)
        return node.fail("`output_shape` holds {}", size);
      int64_t total =
          window.strides[i] * (dim.size() - 1) + extra[i] + reach + 1 - size;
      cut(window.pads, i, total, mode == "SAME_UPPER");
      window.pads[i + count] -= extra[i];
    } else if (same) {
      // the result is size · stride long
      int64_t total = reach + 1 + extra[i] - window.strides[i];
      cut(window.pads, i, total, mode == "SAME_UPPER");
      window.pads[i + count] -= extra[i];
    } else {
      if (mode == "VALID")
        window.pads[i] = window.pads[i + count] = 0;
      window.pads[i + count] -= extra[i];
    }
  }
  return window;
}

} // namespace

/// inputs  X [N, C, D1, …], W [C, M/group, k1, …], B [M]?
/// result  [N, M, …]: each element of X spreads the kernel
/// errors  `kernel_shape` other than W's · numbers out of range ·
///         `output_shape` over a dimension that is not known
Imported importConvTranspose(OnnxNode &node) {
  ValueId x = RUNE_TRY(node.input(0, "X"));
  ValueId weights = RUNE_TRY(node.input(1, "W"));
  ValueId bias = node.optionalInput(2);
  Integers kernel = RUNE_TRY(kernelOf(node, x, weights));
  Transposed window = RUNE_TRY(readTransposed(node, x, kernel));
  int64_t groups = RUNE_TRY(node.integer("group", 1));
  return std::vector{
      RUNE_TRY(node.one(Op::ConvTranspose, {x, weights, bias},
                        {{"layout", "NCX"},
                         {"strides", std::move(window.strides)},
                         {"pads", std::move(window.pads)},
                         {"dilations", std::move(window.dilations)},
                         {"groups", groups}}))};
}

/// inputs  X [N, C, H, W], W [M, C/group, k1, k2], offset, B [M]?, mask?
/// result  [N, M, …]
/// errors  other than two spatial dimensions
Imported importDeformConv(OnnxNode &node) {
  ValueId x = RUNE_TRY(node.input(0, "X"));
  ValueId weights = RUNE_TRY(node.input(1, "W"));
  ValueId offset = RUNE_TRY(node.input(2, "offset"));
  ValueId bias = node.optionalInput(3), mask = node.optionalInput(4);
  if (node.rank(x) != 4)
    return node.unsupported("`X` is `{}`, needs [N, C, H, W]",
                            node.type(x).str());
  RUNE_TRY(kernelOf(node, x, weights));
  Integers strides = RUNE_TRY(listOr(node, "strides", 2, 1, 1));
  Integers dilations = RUNE_TRY(listOr(node, "dilations", 2, 1, 1));
  Integers pads = RUNE_TRY(listOr(node, "pads", 4, 0, 0));
  int64_t groups = RUNE_TRY(node.integer("group", 1));
  int64_t offsetGroups = RUNE_TRY(node.integer("offset_group", 1));
  return std::vector{
      RUNE_TRY(node.one(Op::DeformConv, {x, weights, offset, bias, mask},
                        {{"strides", std::move(strides)},
                         {"pads", std::move(pads)},
                         {"dilations", std::move(dilations)},
                         {"groups", groups},
                         {"offset_groups", offsetGroups}}))};
}

} // namespace rune::import
