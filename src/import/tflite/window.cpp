// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "import/tflite/window.h"

#include <algorithm>
#include <limits>

namespace rune::import {

constexpr int64_t mostPlaces = std::numeric_limits<int32_t>::max();

Result<int64_t> positive(const TfliteNode &node, std::string_view what,
                         int64_t value) {
  if (value < 1 || value > mostPlaces)
    return node.fail("{} is {}, needs 1 to {}", what, value, mostPlaces);
  return value;
}

/// Elements to add along a dimension so that a window, `reach` wide, meets
/// ⌈size/stride⌉ places.
static Result<int64_t> padOf(const TfliteNode &node, const Dim &dim,
                             int64_t stride, int64_t reach) {
  if (stride == 1)
    return reach - 1; // whatever the size
  if (!dim.isFixed())
    return node.unsupported("padding `same` with stride {} over dimension "
                            "`{}`, whose size is not known",
                            stride, dim.str());
  int64_t places = dim.size() / stride + (dim.size() % stride != 0);
  if (places == 0)
    return int64_t{0};
  return std::max<int64_t>(0, (places - 1) * stride + reach - dim.size());
}

Result<> place(const TfliteNode &node, ValueId x, int8_t padding,
               TfliteWindow &window) {
  size_t spatial = window.kernel.size();
  if (node.rank(x) != static_cast<int64_t>(spatial) + 2)
    return node.fail("`input` is `{}`, needs {} dimensions", node.type(x).str(),
                     spatial == 2 ? "four" : "five");
  if (padding != 0 && padding != 1)
    return node.fail("padding number {} is not known", padding);
  window.pads.assign(2 * spatial, 0);
  for (size_t i = 0; i < spatial; ++i) {
    int64_t kernel = RUNE_TRY(positive(node, "the window", window.kernel[i]));
    int64_t stride = RUNE_TRY(positive(node, "the stride", window.strides[i]));
    int64_t dilation =
        RUNE_TRY(positive(node, "the dilation", window.dilations[i]));
    int64_t reach = (kernel - 1) * dilation + 1;
    if (reach > mostPlaces)
      return node.fail("a window of {} elements, at most {} are allowed", reach,
                       mostPlaces);
    if (padding == 1)
      continue;
    int64_t pad = RUNE_TRY(padOf(node, node.dims(x)[i + 1], stride, reach));
    window.pads[i] = pad / 2;
    window.pads[i + spatial] = pad - pad / 2;
  }
  return {};
}

} // namespace rune::import
