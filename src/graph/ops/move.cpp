// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "graph/ops/move.h"

namespace rune::graph {

Result<Tensor> textTensor(const EvalContext &context,
                          std::vector<int64_t> sizes,
                          std::span<const std::string_view> elements,
                          uint64_t scratch) {
  uint64_t bytes = 0;
  for (std::string_view element : elements)
    if (__builtin_add_overflow(bytes, element.size() + sizeof(uint32_t),
                               &bytes))
      return error("evaluate.memory-limit", "too many strings");
  RUNE_TRY(context.budget.reserve(bytes));
  ByteWriter out;
  for (std::string_view element : elements)
    out.text(element);
  Tensor tensor = RUNE_TRY(Tensor::copyOf({DType::Utf8, sizes, out.bytes()}));
  context.budget.release(scratch);
  return tensor;
}

} // namespace rune::graph
