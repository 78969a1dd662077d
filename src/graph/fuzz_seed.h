// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// For tests: the seeds of graph_load_fuzz are stored graphs of today.
// `RUNE_UPDATE=1` writes them anew.
#pragma once

#include "graph/store.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>

namespace rune::graph::test {

/// The form graph_load_fuzz.cpp takes.
inline Bytes seedOf(const StoredGraph &stored) {
  ByteWriter out;
  out.u16(static_cast<uint16_t>(stored.weights.size()));
  for (ByteSpan weight : stored.weights) {
    out.u16(static_cast<uint16_t>(weight.size()));
    out.raw(weight);
  }
  out.raw(stored.table);
  return out.take();
}

inline void expectSeed(const std::string &name, const Graph &graph) {
  SCOPED_TRACE(name);
  auto stored = store(graph);
  ASSERT_TRUE(stored.ok());
  Bytes seed = seedOf(*stored);
  std::string path =
      RUNE_SOURCE_DIR "/src/graph/fuzz_seeds/graph_load_fuzz/" + name;
  if (std::getenv("RUNE_UPDATE"))
    std::ofstream(path, std::ios::binary) << asText(seed);
  std::ifstream file(path, std::ios::binary);
  std::string bytes{std::istreambuf_iterator<char>(file), {}};
  EXPECT_TRUE(std::ranges::equal(asBytes(bytes), seed));
}

} // namespace rune::graph::test
