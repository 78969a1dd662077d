// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compile/window_table.h"

#include "compile/library/fast/blocking.h"
// its loops need not be vectors here
#pragma clang diagnostic ignored "-Wpass-failed"
#include "compile/library/fast/rows.h"

namespace rune::compile {

namespace {

library::Attribute listOf(const std::vector<int64_t> &numbers) {
  return {0, 0, numbers.data(), static_cast<int64_t>(numbers.size())};
}

library::View viewOf(const std::vector<int64_t> &sizes) {
  return {nullptr, sizes.data(), static_cast<int32_t>(sizes.size()),
          library::Type::F32};
}

} // namespace

Bytes windowTable(const graph::Graph &graph, const graph::Node &node,
                  int64_t pitch) {
  auto sizesOf = [&](graph::ValueId id) {
    return graph.values[id].type.sizes();
  };
  std::vector<int64_t> x = sizesOf(node.inputs[0]),
                       weights = sizesOf(node.inputs[1]),
                       y = sizesOf(node.outputs[0]);
  x.back() = pitch;
  library::Attribute strides = listOf(node.integers("strides")),
                     dilations = listOf(node.integers("dilations")),
                     pads = listOf(node.integers("pads"));
  library::Window window{
      strides, dilations, pads, {}, static_cast<int32_t>(x.size()) - 2};
  for (int32_t d = 0; d < window.rank; ++d)
    window.kernel[d] = weights[2 + static_cast<size_t>(d)];
  library::WindowRows rows(viewOf(x), viewOf(y), window);
  Bytes table(static_cast<size_t>(
      library::windowTableBytes(rows.imageRows(), rows.taps())));
  if (!table.empty())
    rows.addresses<int32_t>(0, library::inPadding, 0, rows.imageRows(),
                            reinterpret_cast<int32_t *>(table.data()),
                            rows.imageRows());
  return table;
}

} // namespace rune::compile
