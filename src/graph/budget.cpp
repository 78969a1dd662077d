// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "graph/budget.h"

namespace rune::graph {

bool Budget::look() {
  nextLook_ = work_ + stepsBetweenLooks;
  return !limits_.deadline ||
         std::chrono::steady_clock::now() < *limits_.deadline;
}

Diagnostic Budget::expired() const {
  return error("evaluate.deadline", "the deadline passed");
}

Result<> Budget::reserve(uint64_t bytes) {
  if (bytes > limits_.memoryBytes || used_ > limits_.memoryBytes - bytes)
    return error("evaluate.memory-limit",
                 "{} more bytes needed, {} of {} are in use", bytes, used_,
                 limits_.memoryBytes);
  used_ += bytes;
  return {};
}

Result<Tensor> Budget::allocate(DType dtype, std::vector<int64_t> sizes) {
  auto bytes = tensorBytes(dtype, sizes);
  if (!bytes)
    return error("evaluate.memory-limit", "{}", bytes.error().message);
  if (auto paid = reserve(*bytes); !paid)
    return std::move(paid).error();
  auto tensor = Tensor::zeros(dtype, std::move(sizes), limits_.memoryBytes);
  if (!tensor) // the machine has less than the limit allows
    return error("evaluate.memory-limit", "{}", tensor.error().message);
  return tensor;
}

} // namespace rune::graph
