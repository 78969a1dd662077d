// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Stored programs that were damaged: whatever the bytes, `load` refuses them or
// gives a program whose tables fit its graph, whose weights can all be read,
// and which is stored and loaded again as the same. Code is not run: nobody
// checks what it does (artifact.h).
#include "compile/artifact.h"
#include "compile/artifact_seed.h"

#include "compile/arena.h"

#include <cstdlib>

namespace rune::compile {
namespace {

/// The self-test's bug: it needs a program that loads and whose code is another
/// than that of the seeds.
void planted(const Program &program) {
  constexpr uint8_t ret = 0xC3;
  if (std::getenv("RUNE_FUZZ_PLANTED") && !program.code.empty() &&
      program.code.back() != ret)
    __builtin_trap();
}

void readAll(ByteSpan bytes) {
  // ends of pages; weights that nobody reads have no memory of their own
  constexpr size_t step = 4096;
  volatile uint8_t seen = 0;
  for (size_t i = 0; i < bytes.size() && i < 64 * step; i += step)
    seen = static_cast<uint8_t>(seen + bytes[i]);
  if (!bytes.empty())
    seen = static_cast<uint8_t>(seen + bytes.back());
}

void checkTables(const Program &program) {
  const graph::Graph &graph = program.graph;
  RUNE_CHECK(program.places.size() == graph.values.size(),
             "one place for each value");
  RUNE_CHECK(program.scratchAt <= program.arenaBytes, "scratch has room");
  uint32_t next = 0;
  for (const Step &step : program.steps) {
    RUNE_CHECK(step.firstNode == next && step.lastNode > next,
               "steps stand behind each other");
    RUNE_CHECK(!step.entry || *step.entry < program.code.size(),
               "entries lie in the code");
    next = step.lastNode;
  }
  RUNE_CHECK(next == graph.nodes.size(), "steps are all nodes");
  for (const Packed &packed : program.packed) {
    RUNE_CHECK(reinterpret_cast<uintptr_t>(packed.data.data()) % 64 == 0,
               "weights are aligned");
    readAll(packed.data);
  }
  for (ByteSpan bytes : constantsOf(graph))
    readAll(bytes);
}

void checkAgain(const Program &program, std::span<const ByteSpan> known) {
  auto stored = store(program, known);
  RUNE_CHECK(stored.ok(), "what was loaded is stored");
  Packed data = Packed::of(stored->data);
  auto again = load(stored->head, data.data, data.owner, known);
  RUNE_CHECK(again.ok(), "what was stored is loaded");
  RUNE_CHECK(again->places.size() == program.places.size() &&
                 again->steps.size() == program.steps.size() &&
                 again->code == program.code &&
                 again->arenaBytes == program.arenaBytes,
             "it is the same");
}

} // namespace
} // namespace rune::compile

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
  using namespace rune::compile;
  static const test::Model model;
  test::Seed seed = test::readSeed({bytes, size});
  auto program =
      load(seed.head, seed.data.data, seed.data.owner, model.constants());
  auto mark = dataMarkOf(seed.head);
  if (!program)
    return 0;
  RUNE_CHECK(mark.ok() && mark->bytes == seed.data.data.size(),
             "what is loaded says what its data is");
  planted(*program);
  checkTables(*program);
  checkAgain(*program, model.constants());
  return 0;
}
