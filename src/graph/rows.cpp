// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "graph/rows.h"

namespace rune::graph {

Strides stretchedStrides(std::span<const int64_t> sizes,
                         std::span<const int64_t> wanted) {
  Strides own = rowMajorStrides(sizes);
  Strides strides(wanted.size(), 0);
  size_t shift = wanted.size() - sizes.size();
  for (size_t i = 0; i < sizes.size(); ++i)
    if (sizes[i] != 1)
      strides[shift + i] = own[i];
  return strides;
}

template <size_t operands>
Result<> eachRow(
    Budget &budget, std::span<const int64_t> sizes,
    const std::array<Strides, operands> &strides,
    std::type_identity_t<FunctionRef<Result<>(const Row<operands> &)>> body) {
  for (int64_t size : sizes)
    if (size == 0)
      return {};
  size_t outer = sizes.empty() ? 0 : sizes.size() - 1;
  Row<operands> row;
  row.count = sizes.empty() ? 1 : sizes[outer];
  for (size_t i = 0; i < operands; ++i)
    row.step[i] = sizes.empty() ? 0 : strides[i][outer];
  Odometer odometer(sizes.first(outer));
  do {
    if (!budget.spend(static_cast<uint64_t>(row.count)))
      return budget.expired();
    for (size_t i = 0; i < operands; ++i)
      row.start[i] = odometer.offset(strides[i]);
    RUNE_TRY(body(row));
  } while (odometer.advance());
  return {};
}

#define RUNE_EACH_ROW(operands)                                                \
  template Result<> eachRow<operands>(                                         \
      Budget &, std::span<const int64_t>,                                      \
      const std::array<Strides, operands> &,                                   \
      std::type_identity_t<FunctionRef<Result<>(const Row<operands> &)>>);
RUNE_EACH_ROW(1)
RUNE_EACH_ROW(2)
RUNE_EACH_ROW(3)
RUNE_EACH_ROW(4)
#undef RUNE_EACH_ROW

} // namespace rune::graph
