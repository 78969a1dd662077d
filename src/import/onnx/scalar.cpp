// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "import/onnx/scalar.h"

#include "graph/numeric.h"

#include <cmath>
#include <limits>

namespace rune::import {
namespace {

/// Calls `use(T{})` with the C++ type of an element; a bool is a byte.
template <class Use> auto withType(DType dtype, Use use) {
  return graph::withNumeric(
      dtype == DType::Bool ? DType::U8 : dtype,
      [&](auto type) { return use(typename decltype(type)::type{}); });
}

} // namespace

Tensor scalarOf(DType dtype, double value) {
  RUNE_CHECK(dtype != DType::Utf8 && !isStorage(dtype),
             "a numeric element type");
  auto tensor = Tensor::zeros(dtype, {});
  RUNE_CHECK(tensor, "a scalar is a tensor");
  withType(dtype, [&]<class T>(T) {
    storeUnaligned(tensor->bytes().data(), graph::narrow<T>(value));
  });
  return *std::move(tensor);
}

bool isNumberOf(DType dtype, double value) {
  if (isFloat(dtype))
    return true;
  if (!isInteger(dtype) && dtype != DType::Bool)
    return false;
  return withType(dtype, [&]<class T>(T) {
    if constexpr (std::is_integral_v<T>) {
      // Both bounds are powers of two, exact as doubles.
      double least = static_cast<double>(std::numeric_limits<T>::min());
      double behind = std::ldexp(1.0, std::numeric_limits<T>::digits);
      return value >= least && value < behind && value == std::trunc(value);
    } else {
      return false;
    }
  });
}

double largestOf(DType dtype) {
  switch (dtype) {
  case DType::F16:
    return 65504;
  case DType::BF16:
    return 0x1.FEp127;
  case DType::F64:
    return std::numeric_limits<double>::max();
  default:
    return std::numeric_limits<float>::max();
  }
}

std::optional<double> scalarIn(const TensorView &tensor) {
  if (tensor.dtype == DType::Utf8 || isStorage(tensor.dtype) ||
      tensor.data.size() != dtypeBytes(tensor.dtype))
    return std::nullopt;
  return withType(tensor.dtype, [&]<class T>(T) {
    return static_cast<double>(
        graph::widen(loadUnaligned<T>(tensor.data.data())));
  });
}

} // namespace rune::import
