// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Any bytes as a .tflite: imported, or refused with a message. What is imported
// has been verified, so it must say what its outputs are.
#include "import/tflite/importer.h"

#include <cstdlib>

namespace {

/// ./dev fuzz --selftest sets this; the bug below is then real.
bool planted() {
  static const bool set = std::getenv("RUNE_FUZZ_PLANTED") != nullptr;
  return set;
}

/// The graphs of all seeds are called `seed` and made `by a script`: the fuzzer
/// must change a letter and keep the model valid.
bool isRenamed(const rune::import::ImportedModel &model) {
  return model.graph.name != "seed" || model.info.producer != "by a script";
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  using namespace rune;
  Report report;
  auto model = import::importTflite({data, size}, nullptr,
                                    Source::binary("fuzzed.tflite"), report);
  RUNE_CHECK(model.ok() != report.failed(), "a refusal says why");
  if (!model) {
    for (const Diagnostic &diagnostic : report.diagnostics())
      renderJson(diagnostic);
    return 0;
  }
  for (graph::ValueId output : model->graph.outputs)
    model->graph.values[output].type.str();
  if (planted() && isRenamed(*model))
    __builtin_trap();
  return 0;
}
