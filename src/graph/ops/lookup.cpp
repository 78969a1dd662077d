// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// lookup(x, table): any function of a small integer. Entry 0 is for the
// smallest value of x's type.
//
// source  TensorFlow Lite's lookup tables
#include "graph/ops/move.h"
#include "graph/ops/table_lookup.h"
#include "graph/ops/unary.h"

#include <limits>

namespace rune::graph {

namespace {

bool isSmall(DType dtype) { return isInteger(dtype) && dtypeBits(dtype) <= 16; }

Result<Types> infer(const InferContext &context) {
  const TensorType &x = context.type(0), &table = context.type(1);
  // lookup.1: small integers, and something to look up
  if (!isSmall(x.dtype) || table.dtype == DType::Utf8)
    return context.fail(1,
                        "needs i8, u8, i16 or u16 and a table, got {} and {}",
                        x.str(), table.str());
  int64_t flag = context.node.integer("interpolate");
  bool isVector = table.dims.size() == 1;
  // lookup.3: interpolation is for 16 bits
  if (flag >> 1 != 0 ||
      (flag == 1 &&
       (x.dtype != DType::I16 || table.dtype != DType::I16 || !isVector ||
        !unify(table.dims[0], Dim(interpolatedEntries)))))
    return context.fail(3,
                        "`interpolate` is {} for {} and {}; 1 needs i16 and "
                        "i16[513], all else 0",
                        flag, x.str(), table.str());
  // lookup.2: an entry for each value
  int64_t entries = int64_t{1} << dtypeBits(x.dtype);
  if (flag == 0 && (!isVector || !unify(table.dims[0], Dim(entries))))
    return context.fail(2, "the table of {} is {}, must have {} entries",
                        dtypeName(x.dtype), table.str(), entries);
  return Types{{table.dtype, x.dims}};
}

Result<Tensors> interpolateAll(const EvalContext &context) {
  Tensor result = RUNE_TRY(context.allocate());
  Elements<int16_t> in(context.input(0).data), table(context.input(1).data);
  auto *out = elementsOf<int16_t>(result);
  RUNE_TRY(eachPiece(context.budget, static_cast<int64_t>(result.count()),
                     [&](int64_t from, int64_t to) {
                       for (int64_t i = from; i < to; ++i)
                         out[i] = interpolate(in[i], table);
                     }));
  return single(std::move(result));
}

Result<Tensors> evaluate(const EvalContext &context) {
  if (context.node.integer("interpolate") != 0)
    return interpolateAll(context);
  auto count = RUNE_TRY(elementCount(context.input(0).sizes));
  const size_t inputs[] = {1};
  return single(RUNE_TRY(
      moveElements(context, inputs, [&](auto &ins, auto *out) -> Result<> {
        return withInteger(context.dtype(0), [&]<class T>(Type<T>) {
          Elements<T> x(context.input(0).data);
          return eachPiece(context.budget, static_cast<int64_t>(count),
                           [&](int64_t from, int64_t to) {
                             constexpr auto least = static_cast<int64_t>(
                                 std::numeric_limits<T>::min());
                             for (int64_t i = from; i < to; ++i)
                               out[i] =
                                   ins[0][static_cast<int64_t>(x[i]) - least];
                           });
        });
      })));
}

} // namespace

OpDefinition defineLookup() {
  return {{2, 2}, {1, 1}, {flagSpec("interpolate")}, infer, evaluate};
}

} // namespace rune::graph
