// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Operators that are put together from several of ours: names for the parts,
// and the element types in which they are computed.
#pragma once

#include "import/onnx/node.h"

namespace rune::import {

class Composer {
public:
  explicit Composer(OnnxNode &node) : node_(node) {}

  OnnxNode &node() const { return node_; }
  /// `name` with a number behind it, so that no two parts share one.
  std::string part(std::string_view name);

  /// A node of ours, called after its operator.
  Result<ValueId> one(Op op, std::vector<ValueId> inputs,
                      std::vector<Attribute> attributes = {});
  /// A scalar of the element type of `like`.
  ValueId scalar(double value, ValueId like);
  ValueId scalarOf(double value, DType dtype);
  ValueId integers(const Integers &values);
  /// A constant of these numbers; integers are the caller's to have checked.
  Result<ValueId> constant(DType dtype, Integers sizes,
                           std::span<const double> values);
  Result<ValueId> constant(Integers sizes, std::span<const int64_t> values);

  /// The value itself if it is of that type.
  Result<ValueId> cast(ValueId value, DType dtype);
  /// f32 for floats of 16 bits, else the type itself.
  static DType wideOf(DType dtype);
  /// As wideOf; f64 for integers.
  static DType realOf(DType dtype);
  /// Infinities become the largest finite numbers.
  Result<ValueId> finite(ValueId value);

  /// a + b, a - b, a · b, a / b
  Result<ValueId> add(ValueId a, ValueId b) { return one(Op::Add, {a, b}); }
  Result<ValueId> sub(ValueId a, ValueId b) { return one(Op::Sub, {a, b}); }
  Result<ValueId> mul(ValueId a, ValueId b) { return one(Op::Mul, {a, b}); }
  Result<ValueId> div(ValueId a, ValueId b) { return one(Op::Div, {a, b}); }
  /// a where the condition holds, else b.
  Result<ValueId> choose(ValueId condition, ValueId a, ValueId b) {
    return one(Op::Where, {condition, a, b});
  }
  /// Reduces over `axes`; the dimensions stay as 1 with `keep`.
  Result<ValueId> reduce(Op op, ValueId x, const Integers &axes, bool keep);
  /// The same elements under `shape`.
  Result<ValueId> reshape(ValueId x, const Integers &shape);

  /// The last step: the result in `dtype`, under the name of the layer.
  Result<ValueId> finish(ValueId value, DType dtype);

private:
  OnnxNode &node_;
  size_t parts_ = 0;
};

} // namespace rune::import
