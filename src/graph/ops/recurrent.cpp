// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "graph/ops/recurrent.h"

#include <cstring>

namespace rune::graph {

namespace {

/// True if `dim` may be `factor` times `unit`.
bool isMultiple(const Dim &dim, int64_t factor, const Dim &unit) {
  if (!dim.isFixed())
    return true;
  return dim.size() % factor == 0 &&
         (!unit.isFixed() || dim.size() / factor == unit.size());
}

Result<> checkRank(const InferContext &context, size_t input, size_t rank) {
  // lstm.2, lstm_integer.2: dimensions
  if (context.has(input) && context.rank(input) != rank)
    return context.fail(2, "{} must have {} dimensions",
                        context.type(input).str(), rank);
  return {};
}

Dim orLeft(const Dim &a, const Dim &b) { return unify(a, b).value_or(a); }

} // namespace

AttributeSpec sequenceLayoutSpec() {
  return {"layout", AttributeKind::Text, std::string("TNC"), {"TNC", "NTC"}};
}

Result<> checkVector(const InferContext &context, size_t input,
                     int64_t factor) {
  if (!context.has(input))
    return {};
  RUNE_TRY(checkRank(context, input, 1));
  const Dim &hidden = context.dims(2)[1];
  if (!isMultiple(context.dims(input)[0], factor, hidden))
    return context.fail(3, "{} does not go with {} hidden elements",
                        context.type(input).str(), hidden.str());
  return {};
}

Result<Types> inferLstm(const InferContext &context,
                        const RecurrentInputs &inputs) {
  RUNE_TRY(checkRank(context, 0, 3));
  for (size_t input : {size_t{1}, size_t{2}, inputs.h, inputs.c})
    RUNE_TRY(checkRank(context, input, 2));
  bool stepsFirst = context.node.text("layout") == "TNC";
  const Dims &x = context.dims(0), &weights = context.dims(1),
             &recurrent = context.dims(2);
  const Dim &hidden = recurrent[1];
  // lstm.3, lstm_integer.3: sizes agree
  if (!isMultiple(recurrent[0], gateCount, hidden) ||
      !isMultiple(weights[0], gateCount, hidden) || !unify(x[2], weights[1]))
    return context.fail(3, "{}, {} and {} do not go together",
                        context.type(0).str(), context.type(1).str(),
                        context.type(2).str());
  RUNE_TRY(checkVector(context, inputs.bias, gateCount));
  Dim batch = x[stepsFirst ? 1 : 0], width = hidden;
  for (size_t state : {inputs.h, inputs.c})
    if (context.has(state)) {
      const Dims &dims = context.dims(state);
      if (!unify(dims[0], batch) || !unify(dims[1], width))
        return context.fail(3, "{} must be [{}, {}]", context.type(state).str(),
                            batch.str(), width.str());
      batch = orLeft(batch, dims[0]);
      width = orLeft(width, dims[1]);
    }
  Dims y = stepsFirst ? Dims{x[0], batch, width} : Dims{batch, x[1], width};
  DType h = context.dtype(context.has(inputs.h) ? inputs.h : 0);
  DType c = context.dtype(context.has(inputs.c) ? inputs.c : 0);
  return Types{{h, y}, {h, {batch, width}}, {c, {batch, width}}};
}

Sequence::Sequence(const EvalContext &context)
    : stepsFirst(context.node.text("layout") == "TNC"),
      steps(context.input(0).sizes[stepsFirst ? 0 : 1]),
      batch(context.input(0).sizes[stepsFirst ? 1 : 0]),
      channels(context.input(0).sizes[2]), hidden(context.input(2).sizes[1]) {}

Result<Tensor> initialState(const EvalContext &context, size_t index,
                            size_t from) {
  // an output nobody asked for is kept all the same
  Sequence sequence(context);
  DType dtype = context.dtype(context.has(from) ? from : 0);
  Tensor state = index < context.results.size()
                     ? RUNE_TRY(context.allocate(index))
                     : RUNE_TRY(context.budget.allocate(
                           dtype, {sequence.batch, sequence.hidden}));
  if (context.has(from) && !state.bytes().empty())
    std::memcpy(state.bytes().data(), context.input(from).data.data(),
                state.bytes().size());
  return state;
}

Tensors asMany(const EvalContext &context, Tensors results) {
  for (; results.size() > context.results.size(); results.pop_back())
    context.budget.release(results.back().bytes().size());
  return results;
}

} // namespace rune::graph
