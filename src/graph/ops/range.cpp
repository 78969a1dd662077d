// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// range(start, limit, delta): start, start + delta, … while below the limit,
// above it for a negative delta.
//
// source  ONNX Range-11, numpy.arange
#include "graph/known_elements.h"
#include "graph/ops/common.h"

#include <cmath>

namespace rune::graph {

namespace {

template <class T> T scalarOf(const InferContext &context, size_t input) {
  return loadUnaligned<T>(context.values[input]->data.data());
}

/// How many; nothing if the delta is 0 or no number of elements is right.
template <class T> std::optional<int64_t> countOf(const InferContext &context) {
  if constexpr (isFloatElement<T>) {
    double start = widen(scalarOf<T>(context, 0)),
           limit = widen(scalarOf<T>(context, 1)),
           delta = widen(scalarOf<T>(context, 2));
    double count = std::ceil((limit - start) / delta);
    if (delta == 0 || !(count < 0x1p62))
      return std::nullopt;
    return count > 0 ? static_cast<int64_t>(count) : 0;
  } else {
    T start = scalarOf<T>(context, 0), limit = scalarOf<T>(context, 1),
      delta = scalarOf<T>(context, 2);
    if (delta == 0)
      return std::nullopt;
    bool up = delta > 0;
    if (up ? start >= limit : start <= limit)
      return 0;
    // as unsigned numbers neither the distance nor the step can overflow
    auto room =
        up ? static_cast<uint64_t>(limit) - static_cast<uint64_t>(start)
           : static_cast<uint64_t>(start) - static_cast<uint64_t>(limit);
    auto step =
        up ? static_cast<uint64_t>(delta) : 0 - static_cast<uint64_t>(delta);
    uint64_t count = (room - 1) / step + 1;
    if (count > static_cast<uint64_t>(INT64_MAX))
      return std::nullopt;
    return static_cast<int64_t>(count);
  }
}

/// From 0 to a name by 1 there are as many as the name says.
Dim openCount(const InferContext &context) {
  auto start = knownElements(context, 0), limit = knownElements(context, 1),
       delta = knownElements(context, 2);
  bool plain =
      start && limit && delta && (*start)[0] == Dim(0) && (*delta)[0] == Dim(1);
  return plain ? (*limit)[0] : Dim::unknown();
}

Result<Types> infer(const InferContext &context) {
  DType dtype = context.dtype(0);
  // range.1: three numbers of one type
  for (size_t i = 0; i < 3; ++i)
    if (!isNumeric(dtype) || context.dtype(i) != dtype || context.rank(i) != 0)
      return context.fail(1, "input {} is {}, all must be scalars of one type",
                          i, context.type(i).str());
  if (!context.values[0] || !context.values[1] || !context.values[2])
    return Types{ValueType(dtype, {openCount(context)})};
  auto count =
      withNumeric(dtype, [&]<class T>(Type<T>) { return countOf<T>(context); });
  // range.2: the delta is not 0, and the number of elements is one
  if (!count)
    return context.fail(2, "no number of steps leads from start to limit");
  return Types{ValueType(dtype, {*count})};
}

Result<Tensors> evaluate(const EvalContext &context) {
  Tensor result = RUNE_TRY(context.allocate());
  auto count = static_cast<int64_t>(result.count());
  RUNE_TRY(withNumeric(result.dtype(), [&]<class T>(Type<T>) -> Result<> {
    auto start = widen(scalarOf<T>(context, 0)),
         delta = widen(scalarOf<T>(context, 2));
    T *out = elementsOf<T>(result);
    for (int64_t i = 0; i < count; ++i) {
      if (!context.budget.spend(1))
        return context.budget.expired();
      using W = decltype(start);
      out[i] = narrow<T>(
          addWrapping<W>(start, mulWrapping<W>(static_cast<W>(i), delta)));
    }
    return {};
  }));
  return single(std::move(result));
}

} // namespace

OpDefinition defineRange() { return {{3, 3}, {1, 1}, {}, infer, evaluate}; }

} // namespace rune::graph
