// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "import/onnx/window.h"

#include <algorithm>

namespace rune::import {
namespace {

/// No stride, size or pad of a real model is near this; sums of them stay
/// small.
constexpr int64_t mostPlaces = std::numeric_limits<int32_t>::max();

Result<> checkList(const OnnxNode &node, std::string_view name,
                   const Integers &list, size_t count, int64_t least) {
  if (list.size() != count)
    return node.fail("`{}` has {} numbers, needs {}", name, list.size(), count);
  for (int64_t number : list)
    if (number < least || number > mostPlaces)
      return node.fail("`{}` holds {}, needs {} to {}", name, number, least,
                       mostPlaces);
  return {};
}

Result<Integers> listOr(OnnxNode &node, std::string_view name, size_t count,
                        int64_t otherwise) {
  auto list = RUNE_TRY(node.integers(name));
  if (!list)
    return Integers(count, otherwise);
  RUNE_TRY(checkList(node, name, *list, count, otherwise));
  return *std::move(list);
}

/// Elements to add along one dimension so that the window, `reach` wide, meets
/// ⌈size/stride⌉ places.
Result<int64_t> samePad(const OnnxNode &node, const Dim &dim, int64_t stride,
                        int64_t reach) {
  if (stride == 1)
    return reach - 1; // whatever the size
  if (!dim.isFixed())
    return node.unsupported("`auto_pad` with stride {} over dimension `{}`, "
                            "whose size is not known",
                            stride, dim.str());
  int64_t size = dim.size();
  int64_t places = size / stride + (size % stride != 0);
  if (places == 0)
    return int64_t{0};
  int64_t atLastPlace = size - (places - 1) * stride;
  return std::max<int64_t>(0, reach - atLastPlace);
}

Result<> padLikeSame(const OnnxNode &node, ValueId x, const Integers &kernel,
                     bool oddAtEnd, Window &window) {
  size_t count = kernel.size();
  for (size_t i = 0; i < count; ++i) {
    const Dim &dim = node.type(x).dims[i + 2];
    int64_t reach = (kernel[i] - 1) * window.dilations[i] + 1;
    if (reach > mostPlaces)
      return node.fail("a window of {} elements, at most {} are allowed", reach,
                       mostPlaces);
    int64_t pad = RUNE_TRY(samePad(node, dim, window.strides[i], reach));
    window.pads[i] = oddAtEnd ? pad / 2 : pad - pad / 2;
    window.pads[i + count] = pad - window.pads[i];
  }
  return {};
}

} // namespace

Result<Window> readWindow(OnnxNode &node, ValueId x, const Integers &kernel,
                          bool dilated) {
  size_t count = kernel.size();
  Window window;
  window.strides = RUNE_TRY(listOr(node, "strides", count, 1));
  window.dilations = dilated ? RUNE_TRY(listOr(node, "dilations", count, 1))
                             : Integers(count, 1);
  window.pads = RUNE_TRY(listOr(node, "pads", 2 * count, 0));
  std::string mode = RUNE_TRY(node.text("auto_pad")).value_or("NOTSET");
  if (mode.empty() || mode == "NOTSET")
    return window;
  if (std::ranges::any_of(window.pads, [](int64_t pad) { return pad != 0; }))
    return node.fail("`auto_pad` is `{}`, but `pads` are given too", mode);
  window.automatic = true;
  if (mode == "SAME_UPPER" || mode == "SAME_LOWER")
    RUNE_TRY(padLikeSame(node, x, kernel, mode == "SAME_UPPER", window));
  else if (mode != "VALID")
    return node.fail("`auto_pad` is `{}`, needs `NOTSET`, `SAME_UPPER`, "
                     "`SAME_LOWER` or `VALID`",
                     mode);
  return window;
}

Result<std::optional<Integers>> readKernel(OnnxNode &node, ValueId x) {
  if (node.rank(x) < 3)
    return node.fail("`X` is `{}`, needs [N, C, D1, …]", node.type(x).str());
  auto kernel = RUNE_TRY(node.integers("kernel_shape"));
  if (kernel)
    RUNE_TRY(checkList(node, "kernel_shape", *kernel,
                       static_cast<size_t>(node.rank(x) - 2), 1));
  return kernel;
}

namespace {

/// The spatial sizes of the weights, which `kernel_shape` may only repeat; it
/// stands alone where they are not known.
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
    if (stated && (*stated)[i] != kernel[i])
      return node.fail("`kernel_shape` has {} where `W` (`{}`) has {}",
                       (*stated)[i], node.type(weights).str(), kernel[i]);
    if (kernel[i] < 1)
      return node.fail("`W` is `{}`: an empty window",
                       node.type(weights).str());
  }
  return kernel;
}

} // namespace

Result<std::vector<Attribute>> readConvolution(OnnxNode &node, ValueId x,
                                               ValueId weights) {
  Integers kernel = RUNE_TRY(kernelOf(node, x, weights));
  Window window = RUNE_TRY(readWindow(node, x, kernel, true));
  int64_t groups = RUNE_TRY(node.integer("group", 1));
  if (groups < 1)
    return node.fail("`group` is {}, needs 1 or more", groups);
  return std::vector<Attribute>{{"layout", "NCX"},
                                {"strides", std::move(window.strides)},
                                {"pads", std::move(window.pads)},
                                {"dilations", std::move(window.dilations)},
                                {"groups", groups}};
}

} // namespace rune::import
