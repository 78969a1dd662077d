// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// source  LiteRT, STABLEHLO_COMPOSITE: an operator that a converter kept whole,
//         with a graph of plain operators that does the same
#include "import/tflite/node.h"

namespace rune::import {

/// result  what its decomposition gives; name and attributes are for those who
///         know better
Imported importTfliteStablehloComposite(TfliteNode &node) {
  const tflite::CompositeOptions *options = node.compositeOptions();
  if (!options)
    return node.fail("it states no graph");
  std::vector<ValueId> inputs;
  for (size_t i = 0; i < node.inputs(); ++i)
    inputs.push_back(RUNE_TRY(node.input(i, "operand")));
  return node.inlined(options->graph(), std::move(inputs), "decomposition");
}

} // namespace rune::import
