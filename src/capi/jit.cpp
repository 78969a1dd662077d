// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A function is traced: its operators become nodes of a GraphBuilder. The
// first fault is kept with the line it comes from; what follows from it is
// traced no further. A body of a branch or a loop is a trace of its own, which
// takes what it uses of the traces around it as further inputs.
#include "capi/arrays.h"
#include "capi/messages.h"
#include "device/cpu/cpu_model.h"

#include "graph/builder.h"
#include "graph/numbers.h"
#include "graph/ops.h"

#include "rune/jit.hpp"

#include <algorithm>

namespace rune::expr {

struct Trace {
  explicit Trace(std::shared_ptr<Trace> around)
      : outer(std::move(around)), depth(outer ? outer->depth + 1 : 0),
        builder("jit") {}

  std::shared_ptr<Trace> outer;
  size_t depth;
  graph::GraphBuilder builder;
  /// Of the outermost trace: the first that went wrong.
  std::optional<Message> fault;
  uint32_t names = 0;
  /// Values of the traces around, and the inputs that stand for them.
  std::vector<std::pair<Tensor, graph::ValueId>> captured;

  Trace &outermost() { return outer ? outer->outermost() : *this; }
  bool failed() { return outermost().fault.has_value(); }
  std::string name(std::string_view what) {
    return fmt::format("{}{}", what, outermost().names++);
  }
  void fail(const Diagnostic &why, const std::source_location &at) {
    Trace &first = outermost();
    if (first.fault)
      return;
    first.fault = capi::messageOf(why);
    first.fault->code = "jit.shape";
    first.fault->place =
        fmt::format("{}:{}:{}", at.file_name(), at.line(), at.column());
  }
};

namespace {

using graph::Op;
using graph::ValueId;
using TracePtr = std::shared_ptr<Trace>;
using Where = std::source_location;

bool isAround(const Trace &outer, const Trace &inner) {
  return inner.outer &&
         (inner.outer.get() == &outer || isAround(outer, *inner.outer));
}

/// The value of a tensor within `trace`: brought in, if it is of one around.
ValueId valueIn(const TracePtr &trace, const Tensor &tensor) {
  if (tensor.trace() == trace)
    return tensor.value();
  for (const auto &[known, id] : trace->captured)
    if (known.trace() == tensor.trace() && known.value() == tensor.value())
      return id;
  if (!isAround(*tensor.trace(), *trace)) {
    trace->fail(error("jit.shape", "a tensor of a body is used outside of it"),
                Where::current());
    return graph::noValue;
  }
  graph::ValueType type = tensor.trace()->builder.type(tensor.value());
  ValueId id = trace->builder.input(trace->name("captured"), std::move(type));
  trace->captured.emplace_back(tensor, id);
  return id;
}

/// The innermost of the traces of some tensors; null if a tensor has none.
TracePtr traceOf(std::initializer_list<const Operand *> operands) {
  TracePtr inner;
  for (const Operand *operand : operands) {
    const TracePtr &trace = operand->tensor.trace();
    if (!operand->number && trace && (!inner || trace->depth > inner->depth))
      inner = trace;
  }
  return inner;
}

/// A tensor of a failed trace.
Tensor nothing(const TracePtr &trace) { return {trace, graph::noValue}; }

bool isUsable(const Operand &operand) {
  return operand.number ||
         (operand.tensor.trace() && operand.tensor.value() != graph::noValue);
}

Result<graph::Constant> scalarOf(double number, DType dtype) {
  if (dtype == DType::Utf8)
    return error("jit.shape", "a number beside texts");
  auto tensor = RUNE_TRY(rune::Tensor::zeros(dtype, {}));
  if (isFloat(dtype))
    graph::NumberSink<double>(tensor).set(0, number);
  else
    graph::NumberSink<int64_t>(tensor).set(0, static_cast<int64_t>(number));
  return graph::Constant::of(std::move(tensor));
}

/// A node on operands; numbers take the type of the first tensor.
Tensor apply(Op op, std::initializer_list<const Operand *> operands,
             std::vector<graph::Attribute> attributes = {}) {
  TracePtr trace = traceOf(operands);
  const Where &at = (*operands.begin())->where;
  if (!trace)
    return {};
  if (trace->failed() ||
      !std::ranges::all_of(operands, [](auto *o) { return isUsable(*o); }))
    return nothing(trace);
  std::optional<DType> dtype;
  for (const Operand *operand : operands)
    if (!operand->number)
      dtype =
          operand->tensor.trace()->builder.type(operand->tensor.value()).dtype;
  std::vector<ValueId> ids;
  for (const Operand *operand : operands) {
    if (!operand->number) {
      ids.push_back(valueIn(trace, operand->tensor));
      continue;
    }
    auto scalar = scalarOf(*operand->number, *dtype);
    if (!scalar)
      return trace->fail(scalar.error(), at), nothing(trace);
    ids.push_back(
        trace->builder.constant(trace->name("number"), std::move(*scalar)));
  }
  auto made = trace->builder.one(op, trace->name(graph::opName(op)),
                                 std::move(ids), std::move(attributes));
  if (!made)
    return trace->fail(made.error(), at), nothing(trace);
  return {trace, *made};
}

Tensor integers(const TracePtr &trace, const std::vector<int64_t> &numbers) {
  auto tensor =
      rune::Tensor::zeros(DType::I64, {static_cast<int64_t>(numbers.size())});
  std::ranges::copy(numbers, tensor->as<int64_t>().begin());
  return {trace,
          trace->builder.constant(trace->name("numbers"),
                                  graph::Constant::of(*std::move(tensor)))};
}

Tensor reduce(Op op, const Operand &x, std::vector<int64_t> axes, bool keep) {
  return apply(op, {&x},
               {{"axes", std::move(axes)}, {"keep_dims", int64_t{keep}}});
}

/// A body: its results as outputs.
struct Body {
  TracePtr trace;
  std::vector<Tensor> outputs;
};

Result<graph::Graph> finish(Body &body) {
  for (size_t i = 0; i < body.outputs.size(); ++i)
    body.trace->builder.output(valueIn(body.trace, body.outputs[i]),
                               fmt::format("result{}", i));
  return std::move(body.trace->builder).finish();
}

} // namespace

Element Tensor::element() const {
  if (!trace_ || value_ == graph::noValue)
    return Element::F32;
  return static_cast<Element>(trace_->builder.type(value_).dtype);
}

std::vector<int64_t> Tensor::sizes() const {
  std::vector<int64_t> sizes;
  if (trace_ && value_ != graph::noValue)
    for (const Dim &dim : trace_->builder.type(value_).dims)
      sizes.push_back(dim.isFixed() ? dim.size() : -1);
  return sizes;
}

#define RUNE_TWO(name, op)                                                     \
  Tensor name(const Operand &a, const Operand &b) {                            \
    return apply(Op::op, {&a, &b});                                            \
  }
RUNE_TWO(operator+, Add)
RUNE_TWO(operator-, Sub)
RUNE_TWO(operator*, Mul)
RUNE_TWO(operator/, Div)
RUNE_TWO(operator<, Less)
RUNE_TWO(operator<=, LessEqual)
RUNE_TWO(equal, Equal)
RUNE_TWO(minimum, Minimum)
RUNE_TWO(maximum, Maximum)
RUNE_TWO(pow, Pow)
RUNE_TWO(matmul, MatMul)
#undef RUNE_TWO
Tensor operator>(const Operand &a, const Operand &b) {
  return apply(Op::Less, {&b, &a});
}
Tensor operator>=(const Operand &a, const Operand &b) {
  return apply(Op::LessEqual, {&b, &a});
}

#define RUNE_ONE(name, op)                                                     \
  Tensor name(const Operand &x) { return apply(Op::op, {&x}); }
RUNE_ONE(operator-, Neg)
RUNE_ONE(abs, Abs)
RUNE_ONE(exp, Exp)
RUNE_ONE(log, Log)
RUNE_ONE(sqrt, Sqrt)
RUNE_ONE(tanh, Tanh)
RUNE_ONE(sigmoid, Sigmoid)
RUNE_ONE(erf, Erf)
RUNE_ONE(gelu, Gelu)
RUNE_ONE(relu, Relu)
#undef RUNE_ONE

/// The numbers take the type of the other, not of the condition.
Tensor where(const Operand &condition, const Operand &a, const Operand &b) {
  if (a.number && b.number) {
    if (condition.tensor.trace())
      condition.tensor.trace()->fail(
          error("jit.shape", "`where` needs a tensor to choose from"),
          condition.where);
    return nothing(condition.tensor.trace());
  }
  return apply(Op::Where, {&condition, &a, &b});
}

Tensor cast(const Operand &x, Element element) {
  return apply(
      Op::Cast, {&x},
      {{"dtype", std::string(dtypeName(static_cast<DType>(element)))}});
}

Tensor conv(const Operand &x, const Operand &weights,
            const ConvOptions &options) {
  size_t spatial = std::max<size_t>(x.tensor.sizes().size(), 2) - 2;
  auto orElse = [](const std::vector<int64_t> &list, size_t count,
                   int64_t value) {
    return list.empty() ? std::vector<int64_t>(count, value) : list;
  };
  return apply(Op::Conv, {&x, &weights},
               {{"dilations", orElse(options.dilations, spatial, 1)},
                {"groups", options.groups},
                {"layout", std::string("NCX")},
                {"pads", orElse(options.pads, 2 * spatial, 0)},
                {"strides", orElse(options.strides, spatial, 1)}});
}

Tensor softmax(const Operand &x, int64_t axis) {
  return apply(Op::Softmax, {&x}, {{"axes", std::vector<int64_t>{axis}}});
}
Tensor sum(const Operand &x, std::vector<int64_t> axes, bool keep) {
  return reduce(Op::ReduceSum, x, std::move(axes), keep);
}
Tensor mean(const Operand &x, std::vector<int64_t> axes, bool keep) {
  return reduce(Op::ReduceMean, x, std::move(axes), keep);
}
Tensor max(const Operand &x, std::vector<int64_t> axes, bool keep) {
  return reduce(Op::ReduceMax, x, std::move(axes), keep);
}

Tensor reshape(const Operand &x, std::vector<int64_t> sizes) {
  TracePtr trace = traceOf({&x});
  if (!trace || trace->failed() || !isUsable(x))
    return nothing(trace);
  Operand shape(integers(trace, sizes), x.where);
  return apply(Op::Reshape, {&x, &shape});
}

Tensor transpose(const Operand &x, std::vector<int64_t> permutation) {
  return apply(Op::Transpose, {&x}, {{"permutation", std::move(permutation)}});
}

Tensor gather(const Operand &x, const Operand &indices, int64_t axis) {
  return apply(Op::Gather, {&x, &indices}, {{"axis", axis}});
}

Tensor concat(std::vector<Tensor> tensors, int64_t axis, Where at) {
  TracePtr trace;
  for (const Tensor &tensor : tensors)
    if (tensor.trace() && (!trace || tensor.trace()->depth > trace->depth))
      trace = tensor.trace();
  if (!trace || trace->failed())
    return nothing(trace);
  std::vector<ValueId> ids;
  for (const Tensor &tensor : tensors) {
    if (!isUsable(tensor))
      return nothing(trace);
    ids.push_back(valueIn(trace, tensor));
  }
  auto made = trace->builder.one(Op::Concat, trace->name("concat"),
                                 std::move(ids), {{"axis", axis}});
  if (!made)
    return trace->fail(made.error(), at), nothing(trace);
  return {trace, *made};
}

Tensor constant(const Operand &beside, const TensorRef &elements) {
  TracePtr trace = traceOf({&beside});
  if (!trace || trace->failed())
    return nothing(trace);
  auto copy = rune::Tensor::copyOf(
      {static_cast<DType>(elements.element),
       elements.sizes,
       {static_cast<const uint8_t *>(elements.data), elements.bytes}});
  if (!copy)
    return trace->fail(copy.error(), beside.where), nothing(trace);
  return {trace,
          trace->builder.constant(trace->name("constant"),
                                  graph::Constant::of(*std::move(copy)))};
}

namespace {

/// Inputs of a body, of the types of tensors around it.
std::vector<Tensor> inputsOf(const TracePtr &inner,
                             const std::vector<Tensor> &outer) {
  std::vector<Tensor> inputs;
  for (const Tensor &tensor : outer)
    inputs.emplace_back(
        inner,
        inner->builder.input(inner->name("input"),
                             tensor.trace()->builder.type(tensor.value())));
  return inputs;
}

/// Adds a node with bodies that take `fixed` inputs and what they capture.
std::vector<Tensor> addWithBodies(const TracePtr &trace, Op op,
                                  std::vector<Tensor> fixed,
                                  std::vector<Body> bodies,
                                  std::vector<graph::Attribute> attributes,
                                  const Where &at) {
  size_t results = bodies[0].outputs.size() - (op == Op::Loop ? 1 : 0);
  auto failed = [&] { return std::vector<Tensor>(results, nothing(trace)); };
  if (trace->failed())
    return failed();
  // Bring in what the bodies give, then let each take what any of them takes,
  // in one order.
  std::vector<Tensor> captured;
  for (Body &body : bodies)
    for (const Tensor &output : body.outputs)
      (void)valueIn(body.trace, output);
  auto isKnown = [&](const Tensor &tensor) {
    return std::ranges::any_of(captured, [&](const Tensor &each) {
      return each.trace() == tensor.trace() && each.value() == tensor.value();
    });
  };
  for (Body &body : bodies)
    for (const auto &[tensor, id] : body.trace->captured)
      if (!isKnown(tensor))
        captured.push_back(tensor);
  std::vector<graph::Graph> graphs;
  for (Body &body : bodies) {
    for (const Tensor &tensor : captured)
      (void)valueIn(body.trace, tensor);
    auto ownInputs = body.trace->captured;
    auto graph = finish(body);
    if (!graph)
      return trace->fail(graph.error(), at), failed();
    // the inputs behind the fixed ones, in the order of `captured`
    size_t first = graph->inputs.size() - ownInputs.size();
    std::vector<ValueId> ordered(graph->inputs.begin(),
                                 graph->inputs.begin() +
                                     static_cast<int64_t>(first));
    for (const Tensor &tensor : captured)
      for (size_t i = 0; i < ownInputs.size(); ++i)
        if (ownInputs[i].first.trace() == tensor.trace() &&
            ownInputs[i].first.value() == tensor.value())
          ordered.push_back(graph->inputs[first + i]);
    graph->inputs = std::move(ordered);
    graphs.push_back(std::move(*graph));
  }
  std::vector<ValueId> ids;
  for (const auto *list : {&fixed, &captured})
    for (const Tensor &tensor : *list)
      ids.push_back(tensor.trace() ? valueIn(trace, tensor) : graph::noValue);
  auto made =
      trace->builder.node(op, trace->name(graph::opName(op)), std::move(ids),
                          std::move(attributes), results, std::move(graphs));
  if (!made)
    return trace->fail(made.error(), at), failed();
  std::vector<Tensor> tensors;
  for (ValueId id : *made)
    tensors.emplace_back(trace, id);
  return tensors;
}

} // namespace

Tensor cond(const Operand &condition, std::vector<Tensor> inputs,
            const Branch &then, const Branch &otherwise) {
  TracePtr trace = traceOf({&condition});
  for (const Tensor &tensor : inputs)
    if (tensor.trace() && (!trace || tensor.trace()->depth > trace->depth))
      trace = tensor.trace();
  auto isGood = [](const Tensor &tensor) { return isUsable(tensor); };
  if (!trace || trace->failed() || !isUsable(condition) ||
      !std::ranges::all_of(inputs, isGood))
    return nothing(trace);
  std::vector<Body> bodies;
  for (const Branch *branch : {&then, &otherwise}) {
    auto inner = std::make_shared<Trace>(trace);
    Tensor result = (*branch)(inputsOf(inner, inputs));
    if (trace->failed() || !isUsable(result))
      return nothing(trace);
    bodies.push_back({inner, {result}});
  }
  inputs.insert(inputs.begin(), condition.tensor);
  return addWithBodies(trace, Op::If, std::move(inputs), std::move(bodies), {},
                       condition.where)[0];
}

std::vector<Tensor> loop(int64_t turns, std::vector<Tensor> state,
                         const Turn &body, Where at) {
  TracePtr trace;
  for (const Tensor &tensor : state)
    if (tensor.trace() && (!trace || tensor.trace()->depth > trace->depth))
      trace = tensor.trace();
  if (!trace || trace->failed() ||
      !std::ranges::all_of(state, [](const Tensor &t) { return isUsable(t); }))
    return std::vector<Tensor>(state.size(), nothing(trace));
  auto inner = std::make_shared<Trace>(trace);
  Tensor turn(inner, inner->builder.input("turn", {DType::I64, {}}));
  Tensor goesOn(inner, inner->builder.input("goes_on", {DType::Bool, {}}));
  std::vector<Tensor> outputs = body(turn, inputsOf(inner, state));
  if (outputs.size() != state.size())
    trace->fail(error("jit.shape", "a turn gives {} tensors of state, takes {}",
                      outputs.size(), state.size()),
                at);
  if (trace->failed() || !std::ranges::all_of(outputs, [](const Tensor &t) {
        return isUsable(t);
      }))
    return std::vector<Tensor>(state.size(), nothing(trace));
  outputs.insert(outputs.begin(), goesOn);
  auto count = rune::Tensor::zeros(DType::I64, {});
  count->as<int64_t>()[0] = turns;
  std::vector<Tensor> fixed = {
      {trace, trace->builder.constant(trace->name("turns"),
                                      graph::Constant::of(*std::move(count)))},
      {}};
  fixed.insert(fixed.end(), state.begin(), state.end());
  return addWithBodies(trace, Op::Loop, std::move(fixed), {{inner, outputs}},
                       {{"carried", static_cast<int64_t>(state.size())}}, at);
}

} // namespace rune::expr

namespace rune {

namespace {

/// Element types and sizes of what a function was called with.
using Types = std::vector<std::pair<Element, std::vector<int64_t>>>;

} // namespace

struct Jit::State {
  size_t inputs;
  Body body;
  std::map<Types, std::unique_ptr<device::CpuModel>> models;

  Outcome<device::CpuModel *> modelFor(const Types &types) {
    if (auto found = models.find(types); found != models.end())
      return found->second.get();
    auto trace = std::make_shared<expr::Trace>(nullptr);
    std::vector<expr::Tensor> arguments;
    for (size_t i = 0; i < types.size(); ++i) {
      Dims dims(types[i].second.begin(), types[i].second.end());
      arguments.emplace_back(
          trace, trace->builder.input(
                     fmt::format("input{}", i),
                     {static_cast<DType>(types[i].first), std::move(dims)}));
    }
    std::vector<expr::Tensor> results = body(std::move(arguments));
    if (trace->fault)
      return *trace->fault;
    for (size_t i = 0; i < results.size(); ++i) {
      if (results[i].trace() != trace)
        return capi::messageOf(
            error("jit.shape", "result {} is no tensor of the function", i));
      trace->builder.output(results[i].value(), fmt::format("output{}", i));
    }
    auto graph = std::move(trace->builder).finish();
    if (!graph)
      return capi::messageOf(graph.error());
    auto &made = models[types];
    made = std::make_unique<device::CpuModel>(std::move(*graph));
    return made.get();
  }
};

Jit::Jit(size_t inputs, Body body)
    : state_(std::make_unique<State>(State{inputs, std::move(body), {}})) {}
Jit::~Jit() = default;
Jit::Jit(Jit &&) noexcept = default;
Jit &Jit::operator=(Jit &&) noexcept = default;

Outcome<std::vector<Array>> Jit::call(std::span<const TensorRef> inputs) {
  if (inputs.size() != state_->inputs)
    return capi::messageOf(error("program.mismatch", "takes {} tensors, got {}",
                                 state_->inputs, inputs.size()));
  Types types;
  graph::Items items;
  for (const TensorRef &input : inputs) {
    TensorView view = {static_cast<DType>(input.element),
                       input.sizes,
                       {static_cast<const uint8_t *>(input.data), input.bytes}};
    if (input.element > Element::Bool)
      return capi::messageOf(
          error("program.mismatch", "a tensor has no element type"));
    if (auto sound = checkData(view); !sound)
      return capi::messageOf(sound.error());
    types.emplace_back(input.element, input.sizes);
    items.push_back(graph::Item::borrowed(view));
  }
  auto model = state_->modelFor(types);
  if (!model)
    return model.error();
  auto results = (*model)->run(std::move(items));
  if (!results)
    return capi::messageOf(results.error());
  return capi::arraysOf(*results);
}

} // namespace rune
