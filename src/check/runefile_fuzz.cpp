// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Any bytes as a Runefile, read and checked, and everything we say of it
// printed. Promise: no crash, and a pipeline or an error.
#include "check/front_test_support.h"

#include <cstdlib>

using namespace rune;

/// For the self-test: a bug that shows only in a pipeline with an edge from a
/// second output.
static void plantedBug(const check::Pipeline &pipeline) {
  static const bool planted = std::getenv("RUNE_FUZZ_PLANTED") != nullptr;
  if (!planted)
    return;
  for (const check::Stage &stage : pipeline.stages)
    for (const check::Edge &edge : stage.inputs)
      if (edge.port == 1)
        __builtin_trap();
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  std::string text(reinterpret_cast<const char *>(data), size);
  bool strict = size % 2 == 1;
  check::Front front = check::front(text, strict);
  (void)front.text();
  for (const Diagnostic &diagnostic : front.report.diagnostics())
    (void)renderJson(diagnostic);
  if (front.pipeline.has_value() == front.report.failed())
    __builtin_trap();
  if (front.pipeline)
    plantedBug(*front.pipeline);
  return 0;
}
