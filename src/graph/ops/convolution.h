// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What conv and conv_integer share: shapes, and where things stand.
#pragma once

#include "graph/ops/window.h"

namespace rune::graph {

/// Constraints 2 to 8: the dimensions of the result.
Result<Dims> inferConvolution(const InferContext &context);

/// Constraints 1 and 9 of the convolutions of integers; inputs are x,
/// weights, bias, x_zero_point, weights_zero_point. `outputs` are the weights'
/// output channels.
Result<> checkIntegerOperands(const InferContext &context);
Result<> checkZeroPoints(const InferContext &context, const Dim &outputs);
/// i8, u8, i16 or u16.
bool isQuantized(DType dtype);
/// The elements of such a tensor.
class SmallIntegers {
public:
  explicit SmallIntegers(const TensorView &view)
      : data_(view.data.data()), isWide_(dtypeBits(view.dtype) == 16),
        isSigned_(dtypeKind(view.dtype) == DTypeKind::Signed) {}

  int64_t operator[](int64_t at) const {
    if (isWide_) {
      auto element = loadUnaligned<uint16_t>(data_ + 2 * at);
      return isSigned_ ? static_cast<int16_t>(element) : element;
    }
    return isSigned_ ? static_cast<int8_t>(data_[at]) : data_[at];
  }

private:
  const uint8_t *data_;
  bool isWide_, isSigned_;
};
/// The attribute `accumulator` of integers: i32 or i64.
AttributeSpec integerAccumulatorSpec();

/// The elements of a zero point as integers: one, or one for each of `outputs`.
std::vector<int32_t> zeroPointsOf(const EvalContext &context, size_t input,
                                  int64_t outputs);
/// The elements of an integer bias, or zeros.
std::vector<int64_t> biasOf(const EvalContext &context, size_t input,
                            int64_t outputs);

} // namespace rune::graph
