// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "import/onnx/bodies.h"

#include "graph/ops.h"
#include "graph/plan.h"

#include <onnx_facts.pb.h>

#include <algorithm>

namespace rune::import {

using graph::ValueId;
using graph::ValueType;

Diagnostic reported() {
  return error("import.reported", "the reasons are in the report");
}

static Bodies::Values addInputs(graph::GraphBuilder &builder,
                                const onnx::GraphProto &graph,
                                const graph::Types &types) {
  Bodies::Values values;
  for (size_t i = 0; i < types.size(); ++i) {
    auto at = static_cast<int>(i);
    values.push_back(builder.input(at < graph.input_size()
                                       ? graph.input(at).name()
                                       : fmt::format("input{}", i),
                                   types[i]));
  }
  return values;
}

Result<Body> Bodies::body(const onnx::GraphProto &graph,
                          const graph::Types &inputs, std::string_view part) {
  return build(
      part,
      [&](Bodies &inside, graph::GraphBuilder &builder) -> Result<Values> {
        return inside.inlined(graph, addInputs(builder, graph, inputs), {});
      });
}

/// Makes what a turn changes less known; false if nothing has to change.
static Result<bool> widen(graph::Types &inputs, const graph::Graph &body,
                          size_t first, size_t firstOut, size_t carried,
                          bool give) {
  bool changed = false;
  for (size_t i = 0; i < carried; ++i) {
    ValueType &in = inputs[first + i];
    const ValueType &out = graph::outputType(body, firstOut + i);
    if (graph::accepts(in, out))
      continue;
    auto both = graph::join(in, out);
    if (!both)
      return error("import.malformed",
                   "body `{}` takes `{}` and gives it on as `{}`", body.name,
                   in.str(), out.str());
    in = give ? ValueType::of(in.form, in.dtype, std::nullopt)
              : *std::move(both);
    changed = true;
  }
  return changed;
}

Result<Body> Bodies::settled(const onnx::GraphProto &graph, graph::Types inputs,
                             size_t first, size_t firstOut, size_t carried,
                             std::string_view part) {
  // Each round a value loses names and numbers, then its rank.
  constexpr int rounds = 4;
  for (int round = 0;; ++round) {
    Body made = RUNE_TRY(build(part, make));
    if (made.graph.outputs.size() < firstOut + carried)
      return error("import.malformed",
                   "body `{}` has {} outputs, {} are carried on",
                   made.graph.name, made.graph.outputs.size(), carried);
    if (!RUNE_TRY(widen(inputs, made.graph, first, firstOut, carried,
                        round >= rounds - 2)) ||
        round == rounds)
      return made;
  }
}

static void extend(Body &body, const std::vector<ValueId> &all,
                   const Body &other) {
  std::vector<ValueId> inputs;
  for (ValueId captured : all) {
    auto own = std::ranges::find(body.captures, captured);
    if (own != body.captures.end()) {
      inputs.push_back(
          body.graph.inputs[static_cast<size_t>(own - body.captures.begin())]);
      continue;
    }
    auto theirs = std::ranges::find(other.captures, captured);
    ValueId there =
        other.graph
            .inputs[static_cast<size_t>(theirs - other.captures.begin())];
    inputs.push_back(static_cast<ValueId>(body.graph.values.size()));
    body.graph.values.push_back(other.graph.values[there]);
  }
  body.graph.inputs = std::move(inputs);
}

void shareCaptures(Body &a, Body &b) {
  std::vector<ValueId> all = a.captures;
  for (ValueId captured : b.captures)
    if (!std::ranges::count(all, captured))
      all.push_back(captured);
  Body first = a;
  extend(a, all, b);
  extend(b, all, first);
  a.captures = b.captures = all;
}

} // namespace rune::import
