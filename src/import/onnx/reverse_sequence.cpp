// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// source  ONNX operators, ReverseSequence-10
#include "import/onnx/node.h"

namespace rune::import {

/// inputs  input; sequence_lens [batch]
/// result  input with the first elements along `time_axis` of each batch in
///         reverse order, as many as its length
/// errors  axes that are not 0 and 1
Imported importReverseSequence(OnnxNode &node) {
  ValueId x = RUNE_TRY(node.input(0, "input"));
  ValueId lengths = RUNE_TRY(node.input(1, "sequence_lens"));
  int64_t batch = RUNE_TRY(node.integer("batch_axis", 1));
  int64_t time = RUNE_TRY(node.integer("time_axis", 0));
  if (batch + time != 1 || batch * time != 0)
    return node.fail("`batch_axis` {} and `time_axis` {}, needs 0 and 1", batch,
                     time);
  return std::vector{
      RUNE_TRY(node.one(Op::ReverseSequence, {x, lengths},
                        {{"batch_axis", batch}, {"time_axis", time}}))};
}

} // namespace rune::import
