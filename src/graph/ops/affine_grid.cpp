// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// affine_grid(theta, size): a grid for grid_sample, moved by the matrix theta
// of each batch element. `size` is that of the picture, [N, C, H, W] or [N, C,
// D, H, W].
//
//   y[n, h, w] = theta[n] · (w', h', 1)     from -1 to 1 along each dimension
//
// source  ONNX AffineGrid-20
#include "graph/ops/reals.h"
#include "graph/rows.h"

namespace rune::graph {

namespace {

Result<Types> infer(const InferContext &context) {
  const TensorType &theta = context.type(0), &size = context.type(1);
  // affine_grid.1: floats, and a size of i64
  if (!isFloat(theta.dtype) || size.dtype != DType::I64)
    return context.fail(1, "needs floats and i64, got {} and {}", theta.str(),
                        size.str());
  // affine_grid.2: [N, 2, 3] with four sizes, or [N, 3, 4] with five
  if (theta.dims.size() != 3 || size.dims.size() != 1 ||
      !size.dims[0].isFixed())
    return context.fail(2, "theta is {}, the size {}", theta.str(), size.str());
  int64_t axes = size.dims[0].size() - 2;
  if ((axes != 2 && axes != 3) || !unify(theta.dims[1], Dim(axes)) ||
      !unify(theta.dims[2], Dim(axes + 1)))
    return context.fail(2, "theta is {}, the size {}", theta.str(), size.str());
  // affine_grid.3: sizes that go with theta, 0 or more
  Dims dims = {theta.dims[0]};
  auto known = context.integers(1);
  for (int64_t i = 0; known && i < axes + 2; ++i)
    if ((*known)[static_cast<size_t>(i)] < 0 ||
        (i == 0 && !unify(theta.dims[0], Dim((*known)[0]))))
      return context.fail(3, "a size of [{}] for theta {}",
                          fmt::join(*known, ", "), theta.str());
  for (int64_t i = 2; i < axes + 2; ++i)
    dims.push_back(known ? Dim((*known)[static_cast<size_t>(i)])
                         : Dim::unknown());
  dims.push_back(Dim(axes));
  // affine_grid.4: `align_corners` is 0 or 1
  if (int64_t flag = context.node.integer("align_corners"); flag >> 1 != 0)
    return context.fail(4, "`align_corners` is {}, must be 0 or 1", flag);
  return Types{{theta.dtype, dims}};
}

Result<Tensors> evaluate(const EvalContext &context) {
  std::vector<int64_t> sizes = context.results[0].sizes();
  Reals theta = RUNE_TRY(Reals::of(context, 0));
  Reals y = RUNE_TRY(Reals::zeros(context, RUNE_TRY(elementCount(sizes))));
  if (y.empty())
    return single(RUNE_TRY(context.allocate()));
  bool aligned = context.node.integer("align_corners") != 0;
  size_t axes = sizes.size() - 2;
  auto place = [&](int64_t at, int64_t size) {
    auto i = static_cast<double>(at), n = static_cast<double>(size);
    if (aligned)
      return size == 1 ? 0.0 : -1 + 2 * i / (n - 1);
    return (2 * i + 1) / n - 1;
  };
  Odometer at(std::span<const int64_t>(sizes).first(axes + 1));
  double *out = y.from(0);
  do {
    if (!context.budget.spend(axes * axes))
      return context.budget.expired();
    const double *matrix =
        theta.from(at.at()[0] * static_cast<int64_t>(axes * (axes + 1)));
    for (size_t r = 0; r < axes; ++r, matrix += axes + 1) {
      double sum = matrix[axes];
      for (size_t c = 0; c < axes; ++c) // x stands first, it is the last axis
        sum += matrix[c] * place(at.at()[axes - c], sizes[axes - c]);
      *out++ = sum;
    }
  } while (at.advance());
  return single(RUNE_TRY(narrowed(context, y)));
}

} // namespace

OpDefinition defineAffineGrid() {
  return {{2, 2}, {1, 1}, {flagSpec("align_corners")}, infer, evaluate};
}

} // namespace rune::graph
