// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// if(condition, captured…): the results of the first body where the condition
// is true, else of the second.
//
// source  ONNX If-25
#include "graph/ops/control.h"

namespace rune::graph {

static Result<Types> infer(const InferContext &context) {
  // if.1: the condition is one bool
  if (context.dtype(0) != DType::Bool || !isScalar(context.type(0)))
    return context.fail(1, "the condition is {}, must be one bool",
                        context.type(0).str());
  Types results;
  for (const Graph *body : context.bodies) {
    BodyTypes names;
    // if.2: both bodies take what stands behind the condition
    if (body->inputs.size() + 1 != context.inputs())
      return context.fail(2, "body `{}` takes {} values, gets {}", body->name,
                          body->inputs.size(), context.inputs() - 1);
    for (size_t i = 0; i < body->inputs.size(); ++i)
      if (!names.bind(inputType(*body, i), context.type(i + 1)))
        return context.fail(2, "body `{}` takes {}, gets {}", body->name,
                            inputType(*body, i).str(),
                            context.type(i + 1).str());
    // if.3: both give as many results as the node, of the same element types
    if (body->outputs.size() != context.node.outputs.size())
      return context.fail(3, "body `{}` has {} results, the node {}",
                          body->name, body->outputs.size(),
                          context.node.outputs.size());
    for (size_t i = 0; i < body->outputs.size(); ++i) {
      ValueType type = names.outside(outputType(*body, i));
      if (body == context.bodies[0]) {
        results.push_back(std::move(type));
        continue;
      }
      auto both = join(results[i], type);
      if (!both)
        return context.fail(3, "result {} is {} in one body, {} in the other",
                            i, results[i].str(), type.str());
      results[i] = *std::move(both);
    }
  }
  return results;
}

static Result<Items> plan(const PlanContext &context) {
  size_t body = context.number(0) != 0 ? 0 : 1;
  return context.runner.run(
      *context.bodies[body],
      Items(context.items.begin() + 1, context.items.end()));
}

OpDefinition defineIf() {
  OpDefinition op{{1, maxPerNode}, {1, maxPerNode}, {}, infer, nullptr};
  op.variadic = true;
  op.plan = plan;
  return op;
}

} // namespace rune::graph
