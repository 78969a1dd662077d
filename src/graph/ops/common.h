// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Small things several operators need.
#pragma once

#include "graph/dims.h"
#include "graph/numbers.h"
#include "graph/op.h"

namespace rune::graph {

/// A list of one tensor: tensors cannot be copied into an initialiser list.
Tensors single(Tensor tensor);

/// The attribute of that name and kind, if it was given so.
template <class T>
T *find(std::vector<Attribute> &attributes, std::string_view name) {
  for (Attribute &attribute : attributes)
    if (attribute.name == name)
      return std::get_if<T>(&attribute.value);
  return nullptr;
}

/// Makes the axes in `name` count from the front, ascending; for `complete`.
void completeAxes(const InferContext &context,
                  std::vector<Attribute> &attributes, std::string_view name);
/// The same for one axis.
void completeAxis(const InferContext &context,
                  std::vector<Attribute> &attributes, std::string_view name);

/// True if `axes` are ascending, distinct and in [0, rank).
bool areAxes(std::span<const int64_t> axes, size_t rank);

/// One element: a scalar, or a vector of one.
bool isSingle(const TensorType &type);

/// An attribute that is 0 or 1.
AttributeSpec flagSpec(std::string_view name, int64_t fallback = 0);
/// The attribute `dtype`, required: one of these element types.
AttributeSpec dtypeSpec(std::vector<std::string_view> allowed);
DType dtypeOf(const Node &node);

/// The attribute `accumulator`: the type sums are kept in.
AttributeSpec accumulatorSpec();
/// Fills an empty `accumulator`: f32 for floats of up to 32 bits, f64 for f64;
/// for integers the type itself, or with `wideIntegers` that of 64 bits.
void completeAccumulator(const InferContext &context,
                         std::vector<Attribute> &attributes,
                         bool wideIntegers = false);
/// True if sums of `dtype` may be kept in `accumulator`: a float of at least 32
/// bits that is no narrower, or an integer of the same sign that is no
/// narrower.
bool mayAccumulate(DType dtype, std::string_view accumulator);

/// Calls `f(Type<T>{}, Type<A>{})` with element type and accumulator of floats.
template <class F>
auto withFloatAccumulator(DType dtype, std::string_view accumulator, F &&f) {
  return withFloat(dtype, [&]<class T>(Type<T> element) {
    if constexpr (std::is_same_v<T, double>)
      return f(element, Type<double>{});
    else
      return accumulator == "f64" ? f(element, Type<double>{})
                                  : f(element, Type<float>{});
  });
}

/// The same for integers too, whose sums are kept in 64 bits: wrapped at the
/// end, that equals wrapping at each step in any narrower accumulator.
template <class F>
auto withAccumulator(DType dtype, std::string_view accumulator, F &&f) {
  if (isFloat(dtype))
    return withFloatAccumulator(dtype, accumulator, f);
  return withInteger(dtype, [&]<class T>(Type<T> element) {
    using Sum = std::conditional_t<std::is_signed_v<T>, int64_t, uint64_t>;
    return f(element, Type<Sum>{});
  });
}

/// The elements of `tensor` for writing; `width` bytes are those of one.
void *elementData(Tensor &tensor, size_t width);
template <class T> T *elementsOf(Tensor &tensor) {
  return static_cast<T *>(elementData(tensor, sizeof(T)));
}

} // namespace rune::graph
