// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "graph/ops/resize_axis.h"

#include <algorithm>
#include <numeric>

namespace rune::graph {

Result<Dims> inferResize(const InferContext &context, int64_t largest) {
  const TensorType &x = context.type(0), &sizes = context.type(1);
  const auto &axes = context.node.integers("axes");
  // resize_nearest.2 resize_linear.2: axes ascending, each once, in range
  if (!areAxes(axes, x.dims.size()))
    return context.fail(2, "`axes` [{}] are not ascending axes of {}",
                        fmt::join(axes, ", "), x.str());
  // resize_nearest.1 resize_linear.1: a size for each axis
  if (sizes.dtype != DType::I64 || sizes.dims.size() != 1 ||
      !unify(sizes.dims[0], Dim(static_cast<int64_t>(axes.size()))))
    return context.fail(1, "sizes are {}, must be i64[{}]", sizes.str(),
                        axes.size());
  auto wanted = context.integers(1);
  Dims dims = x.dims;
  for (size_t i = 0; i < axes.size(); ++i) {
    Dim &dim = dims[static_cast<size_t>(axes[i])];
    int64_t size = wanted ? (*wanted)[i] : 0;
    // resize_nearest.3 resize_linear.3: sizes that floats can count
    if (size < 0 || size > largest ||
        (dim.isFixed() &&
         (dim.size() > largest || (dim.size() == 0 && size > 0))))
      return context.fail(3, "dimension {} of {} cannot become {}", axes[i],
                          x.str(), size);
    dim = wanted ? Dim(size) : Dim::unknown();
  }
  return dims;
}

void completeResize(const InferContext &context,
                    std::vector<Attribute> &attributes) {
  auto *axes = find<std::vector<int64_t>>(attributes, "axes");
  if (axes && axes->empty() && context.has(0)) {
    axes->resize(context.rank(0));
    std::iota(axes->begin(), axes->end(), 0);
  }
  completeAxes(context, attributes, "axes");
}

float ResizeAxis::place(int64_t at) const {
  auto q = static_cast<float>(at);
  float scale =
      aligned() ? static_cast<float>(size - 1) / static_cast<float>(newSize - 1)
                : static_cast<float>(size) / static_cast<float>(newSize);
  if (mode == "half_pixel")
    return (q + 0.5F) * scale - 0.5F;
  return (mode == "tf_half_pixel_for_nn" ? q + 0.5F : q) * scale;
}

} // namespace rune::graph
