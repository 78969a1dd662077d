// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cli/random_inputs.h"

#include "graph/numbers.h"

#include <random>

namespace rune::cli {

namespace {

void fill(Tensor &tensor, std::mt19937_64 &random) {
  auto count = static_cast<int64_t>(tensor.count());
  if (dtypeKind(tensor.dtype()) == DTypeKind::Float) {
    graph::NumberSink<double> sink(tensor);
    for (int64_t i = 0; i < count; ++i)
      sink.set(i, static_cast<double>(random() >> 11) * 0x1p-52 - 1);
  } else if (tensor.dtype() == DType::Bool || dtypeBits(tensor.dtype()) > 8) {
    graph::NumberSink<int64_t> sink(tensor);
    for (int64_t i = 0; i < count; ++i)
      sink.set(i, static_cast<int64_t>(random() & 1));
  } else {
    for (uint8_t &byte : tensor.bytes())
      byte = static_cast<uint8_t>(random());
  }
}

} // namespace

Result<std::vector<Tensor>> randomInputs(const graph::Graph &graph,
                                         uint64_t seed) {
  std::mt19937_64 random(seed);
  std::vector<Tensor> tensors;
  for (graph::ValueId id : graph.inputs) {
    const graph::Value &value = graph.values[id];
    if (!value.type.isTensor() || !value.type.isStatic())
      return error("bench.input", "no input can be made up for `{}`, {}",
                   value.name, value.type.str());
    Tensor tensor =
        RUNE_TRY(Tensor::zeros(value.type.dtype, value.type.sizes()));
    if (value.type.dtype != DType::Utf8)
      fill(tensor, random);
    tensors.push_back(std::move(tensor));
  }
  return tensors;
}

} // namespace rune::cli
