// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "engine/native/context.h"

#include "base/bytes.h"

#include <algorithm>
#include <numeric>
#include <tuple>

namespace rune::engine::native {

ContextLayout::ContextLayout(const wasm::Module &module) {
  // wasm/limits.h keeps the sum far below 2^32.
  uint64_t at = alignTo(sizeof(GuestContext), cellBytes);
  auto take = [&](uint64_t count, uint64_t each) {
    uint64_t place = at;
    at = alignTo(at + count * each, cellBytes);
    return static_cast<uint32_t>(place);
  };
  memories = take(module.memories.size(), sizeof(MemorySlot));
  tables = take(module.tables.size(), sizeof(TableState *));
  globals = take(module.globals.size(), cellBytes);
  types = take(module.types.size(), sizeof(uint64_t));
  bytes = static_cast<uint32_t>(at);
}

std::vector<uint32_t>
firstOfEqual(const std::vector<wasm::FunctionType> &types) {
  auto less = [&](uint32_t a, uint32_t b) {
    const wasm::FunctionType &x = types[a], &y = types[b];
    return std::tie(x.parameters, x.results, a) <
           std::tie(y.parameters, y.results, b);
  };
  std::vector<uint32_t> order(types.size());
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(), less);
  std::vector<uint32_t> first(types.size());
  for (size_t i = 0; i < order.size(); ++i)
    first[order[i]] = i > 0 && types[order[i]] == types[order[i - 1]]
                          ? first[order[i - 1]]
                          : order[i];
  return first;
}

} // namespace rune::engine::native
