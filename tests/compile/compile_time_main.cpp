// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// How long models take to compile: `compile_time MODEL...` prints for each its
// nodes, the bytes of code, and the milliseconds of this process's processors
// and of the clock. Build it optimised (preset `default` or `release`).
#include "base/files.h"
#include "compile/compile.h"
#include "graph/specialise.h"
#include "import/import.h"

#include <chrono>
#include <ctime>
#include <fmt/format.h>

namespace {

using namespace rune;

double processorSeconds() {
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) +
         static_cast<double>(now.tv_nsec) * 1e-9;
}
double clockSeconds() {
  return std::chrono::duration<double>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

/// Sizes that a model leaves open are 1.
std::vector<std::vector<int64_t>> sizesOf(const graph::Graph &graph) {
  std::vector<std::vector<int64_t>> sizes;
  for (graph::ValueId id : graph.inputs) {
    auto &own = sizes.emplace_back();
    for (const Dim &dim : graph.values[id].type.dims)
      own.push_back(dim.isFixed() ? dim.size() : 1);
  }
  return sizes;
}

Result<> measure(const std::string &path) {
  auto file = RUNE_TRY(FileBytes::open(path, uint64_t{2} << 30));
  auto bytes = std::make_shared<FileBytes>(std::move(file));
  Report report;
  auto model = RUNE_TRY(
      import::importModel(bytes->bytes(), bytes, Source::binary(path), report));
  auto graph = RUNE_TRY(graph::specialise(model.graph, sizesOf(model.graph)));
  double clock = clockSeconds(), processor = processorSeconds();
  auto program = RUNE_TRY(compile::compile(std::move(graph)));
  size_t regions = 0;
  for (const compile::Step &step : program.steps)
    regions += step.entry.has_value();
  fmt::print("{}: {} nodes, {} regions in {} steps, {} bytes of code, "
             "{:.0f} ms processor, {:.0f} ms clock\n",
             path, program.graph.nodes.size(), regions, program.steps.size(),
             program.code.size(), (processorSeconds() - processor) * 1e3,
             (clockSeconds() - clock) * 1e3);
  return {};
}

} // namespace

int main(int count, char **arguments) {
  int failed = 0;
  for (int i = 1; i < count; ++i)
    if (auto done = measure(arguments[i]); !done) {
      fmt::print("{}: {}\n", arguments[i], done.error().message);
      failed = 1;
    }
  return failed;
}
