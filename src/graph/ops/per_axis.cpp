// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "graph/ops/per_axis.h"

namespace rune::graph {

bool isAxis(int64_t axis, const TensorType &x) {
  auto rank = static_cast<int64_t>(x.dims.size());
  return axis >= 0 && axis < std::max<int64_t>(rank, 1);
}

bool fitsAxis(const TensorType &type, const TensorType &x, int64_t axis) {
  if (isSingle(type))
    return true;
  return type.dims.size() == 1 && axis < static_cast<int64_t>(x.dims.size()) &&
         unify(type.dims[0], x.dims[static_cast<size_t>(axis)]);
}

void eachPieceOf(const ParameterRun &run,
                 FunctionRef<void(const ParameterRun &)> body) {
  for (int64_t done = 0; done < run.count; done += runLength)
    body({run.parameter + done * run.step, run.step, run.start + done,
          std::min(run.count - done, runLength)});
}

Result<> eachChannel(Budget &budget, std::span<const int64_t> sizes,
                     int64_t axis, int64_t channels,
                     FunctionRef<void(const ParameterRun &)> body) {
  int64_t count = 1;
  for (int64_t size : sizes)
    count *= size;
  int64_t inner =
      channels == 1 ? count : rowMajorStrides(sizes)[static_cast<size_t>(axis)];
  if (inner == 1 && channels > 1) { // neighbours are of different channels
    for (int64_t at = 0; at < count; at += channels) {
      if (!budget.spend(static_cast<uint64_t>(channels)))
        return budget.expired();
      eachPieceOf({0, 1, at, channels}, body);
    }
    return {};
  }
  constexpr int64_t piece = 1 << 14;
  int64_t channel = 0;
  for (int64_t at = 0; at < count;) {
    int64_t end = std::min(at / inner * inner + inner, at + piece);
    if (!budget.spend(static_cast<uint64_t>(end - at)))
      return budget.expired();
    eachPieceOf({channel, 0, at, end - at}, body);
    at = end;
    if (at % inner == 0 && ++channel == channels)
      channel = 0;
  }
  return {};
}

} // namespace rune::graph
