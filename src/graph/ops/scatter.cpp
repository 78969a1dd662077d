// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "graph/ops/scatter.h"

namespace rune::graph {

AttributeSpec reductionSpec() {
  return {"reduction",
          AttributeKind::Text,
          std::string("none"),
          {"none", "add", "mul", "max", "min"}};
}

Result<> checkReduction(const InferContext &context, int rule) {
  bool combines = context.node.text("reduction") != "none";
  // scatter_elements.5 scatter_nd.4: one type, numbers where they are combined
  if (context.dtype(0) != context.dtype(2) ||
      (combines && !isNumeric(context.dtype(0))))
    return context.fail(rule, "updates {} of {} (reduction `{}`)",
                        context.type(2).str(), context.type(0).str(),
                        context.node.text("reduction"));
  return {};
}

} // namespace rune::graph
