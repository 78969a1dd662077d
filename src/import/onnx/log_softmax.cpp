// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "import/onnx/log_softmax.h"

namespace rune::import {

Result<ValueId> logSoftmax(Composer &make, ValueId x, const Integers &axes) {
  x = RUNE_TRY(make.cast(x, Composer::wideOf(make.node().dtype(x))));
  ValueId largest = RUNE_TRY(make.reduce(Op::ReduceMax, x, axes, true));
  ValueId below = RUNE_TRY(make.sub(x, largest));
  ValueId sum = RUNE_TRY(make.reduce(
      Op::ReduceSum, RUNE_TRY(make.one(Op::Exp, {below})), axes, true));
  return make.sub(below, RUNE_TRY(make.one(Op::Log, {sum})));
}

} // namespace rune::import
