// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// source  ONNX operators, Scan-8, 9, 11, 16, 19, 21, 23, 24, 25
#include "import/onnx/bodies.h"
#include "import/onnx/node.h"

#include <onnx_facts.pb.h>

namespace rune::import {
namespace {

/// One scan of ours: what goes in, and how.
struct Scan {
  std::vector<ValueId> inputs;
  size_t carried = 0;
  Integers inputAxes, inputReverse, outputAxes, outputReverse;

  std::vector<Attribute> attributes() const {
    return {{"carried", static_cast<int64_t>(carried)},
            {"input_axes", inputAxes},
            {"input_reverse", inputReverse},
            {"output_axes", outputAxes},
            {"output_reverse", outputReverse}};
  }
};

/// A list of `count` numbers; all 0 where it is not given.
Result<Integers> listOf(OnnxNode &node, std::string_view name, size_t count) {
  auto list = RUNE_TRY(node.integers(name));
  if (!list || list->empty())
    return Integers(count, 0);
  if (list->size() != count)
    return node.fail("`{}` has {} entries, needs {}", name, list->size(),
                     count);
  return *std::move(list);
}

Result<Integers> directionsOf(OnnxNode &node, std::string_view name,
                              size_t count) {
  Integers list = RUNE_TRY(listOf(node, name, count));
  for (int64_t direction : list)
    if (direction != 0 && direction != 1)
      return node.fail("`{}` holds {}, may hold 0 and 1", name, direction);
  return list;
}

/// How many inputs are scanned, of `inputs`; the body must fit.
Result<size_t> scannedOf(OnnxNode &node, const onnx::GraphProto &graph,
                         size_t inputs) {
  auto scanned = RUNE_TRY(node.integer("num_scan_inputs"));
  if (!scanned || *scanned < 1 || *scanned > static_cast<int64_t>(inputs))
    return node.fail("`num_scan_inputs` is {}, must be 1 to {}",
                     scanned.value_or(0), inputs);
  auto count = static_cast<size_t>(*scanned);
  if (static_cast<size_t>(graph.input_size()) != inputs ||
      static_cast<size_t>(graph.output_size()) < inputs - count ||
      graph.output_size() == 0)
    return node.fail("the body takes {} and gives {} values, of {} inputs {} "
                     "are scanned",
                     graph.input_size(), graph.output_size(), inputs, count);
  return count;
}

graph::ValueType without(graph::ValueType type, int64_t axis) {
  type.dims.erase(type.dims.begin() + axis);
  return type;
}

/// Axes of results count from the end of what is stacked.
Result<> settleOutputAxes(const OnnxNode &node, Scan &scan,
                          const graph::Graph &body) {
  for (size_t i = 0; i < scan.outputAxes.size(); ++i) {
    const auto &type = body.values[body.outputs[scan.carried + i]].type;
    if (!type.isTensor())
      return node.unsupported("`{}` cannot be stacked: the number of its "
                              "dimensions is not known before the run",
                              type.str());
    auto rank = static_cast<int64_t>(type.dims.size()) + 1;
    scan.outputAxes[i] =
        RUNE_TRY(node.axis(scan.outputAxes[i], rank, rank, true));
  }
  return {};
}

Imported addScan(const OnnxNode &node, graph::GraphBuilder &builder,
                 std::string name, Scan scan, Body body) {
  RUNE_TRY(settleOutputAxes(node, scan, body.graph));
  scan.inputs.insert(scan.inputs.end(), body.captures.begin(),
                     body.captures.end());
  size_t outputs = body.graph.outputs.size();
  std::vector<graph::Graph> bodies;
  bodies.push_back(std::move(body.graph));
  return builder.node(Op::Scan, std::move(name), std::move(scan.inputs),
                      scan.attributes(), outputs, std::move(bodies));
}

/// The body's types for what the scan takes of `types`.
Result<graph::Types> sliced(const OnnxNode &node, const Scan &scan,
                            graph::Types types) {
  for (size_t i = 0; i < scan.inputAxes.size(); ++i) {
    graph::ValueType &type = types[scan.carried + i];
    auto rank = static_cast<int64_t>(type.dims.size());
    if (!type.isTensor() || scan.inputAxes[i] >= rank)
      return node.fail("axis {} of `{}` is scanned", scan.inputAxes[i],
                       type.str());
    type = without(std::move(type), scan.inputAxes[i]);
  }
  return types;
}

/// Since 9: any axes, no batch.
Imported scanPlain(OnnxNode &node, const onnx::GraphProto &graph) {
  Scan scan;
  graph::Types types;
  for (size_t i = 0; i < node.inputs(); ++i) {
    scan.inputs.push_back(RUNE_TRY(node.input(i, "initial_state_and_scan")));
    types.push_back(node.graph().type(scan.inputs.back()));
  }
  size_t scanned = RUNE_TRY(scannedOf(node, graph, scan.inputs.size()));
  scan.carried = scan.inputs.size() - scanned;
  size_t stacked = static_cast<size_t>(graph.output_size()) - scan.carried;
  scan.inputAxes = RUNE_TRY(listOf(node, "scan_input_axes", scanned));
  scan.outputAxes = RUNE_TRY(listOf(node, "scan_output_axes", stacked));
  scan.inputReverse =
      RUNE_TRY(directionsOf(node, "scan_input_directions", scanned));
  scan.outputReverse =
      RUNE_TRY(directionsOf(node, "scan_output_directions", stacked));
  for (size_t i = 0; i < scanned; ++i) {
    int64_t rank = node.rank(scan.inputs[scan.carried + i]);
    scan.inputAxes[i] =
        RUNE_TRY(node.axis(scan.inputAxes[i], rank, rank, node.opset() >= 11));
  }
  if (node.opset() < 11)
    for (int64_t axis : scan.outputAxes)
      if (axis < 0)
        return node.fail("`scan_output_axes` holds {}", axis);
  types = RUNE_TRY(sliced(node, scan, std::move(types)));
  Body body = RUNE_TRY(node.bodies().settled(graph, std::move(types), 0, 0,
                                             scan.carried, "body"));
  return addScan(node, node.graph(), node.name(), std::move(scan),
                 std::move(body));
}

/// One batch element of Scan-8, in the body of a scan over the batch.
class ScanOfOne {
public:
  ScanOfOne(const OnnxNode &node, const onnx::GraphProto &graph, Bodies &inside,
            graph::GraphBuilder &builder)
      : node_(node), graph_(graph), inside_(inside), builder_(builder) {}

  /// `length` is noValue where all positions count.
  Imported make(Scan scan, ValueId length) {
    int64_t whole = 0;
    if (length != noValue)
      whole = RUNE_TRY(cut(scan, length));
    graph::Types types;
    for (ValueId input : scan.inputs)
      types.push_back(builder_.type(input));
    types = RUNE_TRY(sliced(node_, scan, std::move(types)));
    Body body = RUNE_TRY(
        inside_.settled(graph_, std::move(types), 0, 0, scan.carried, "body"));
    size_t carried = scan.carried;
    std::vector<ValueId> results = RUNE_TRY(addScan(
        node_, builder_, name("scan"), std::move(scan), std::move(body)));
    for (size_t i = carried; length != noValue && i < results.size(); ++i)
      results[i] =
          RUNE_TRY(builder_.one(Op::Pad, name(fmt::format("padded{}", i)),
                                {results[i], RUNE_TRY(missing(length, whole)),
                                 noValue, numbers("axis", {0})}));
    return results;
  }

private:
  std::string name(std::string_view part) const {
    return fmt::format("{}/{}", node_.name(), part);
  }
  ValueId numbers(std::string_view part, const Integers &values) {
    ByteSpan bytes{reinterpret_cast<const uint8_t *>(values.data()),
                   values.size() * sizeof(int64_t)};
    Integers sizes{static_cast<int64_t>(values.size())};
    auto tensor = Tensor::copyOf({DType::I64, sizes, bytes});
    RUNE_CHECK(tensor, "a short vector is a tensor");
    return builder_.constant(name(part),
                             graph::Constant::of(*std::move(tensor)));
  }

  /// Leaves of each sequence the positions below `length`; how many there were.
  Result<int64_t> cut(Scan &scan, ValueId length) {
    int64_t whole = 0;
    ValueId end = RUNE_TRY(builder_.one(Op::Reshape, name("length"),
                                        {length, numbers("one", {1})}));
    for (size_t i = scan.carried; i < scan.inputs.size(); ++i) {
      const auto &type = builder_.type(scan.inputs[i]);
      if (!type.isTensor() || type.dims.empty() || !type.dims[0].isFixed())
        return node_.unsupported("`sequence_lens` for `{}`, whose length is "
                                 "not known before the run",
                                 type.str());
      whole = type.dims[0].size();
      scan.inputs[i] = RUNE_TRY(builder_.one(
          Op::Slice, name(fmt::format("cut{}", i)),
          {scan.inputs[i], numbers("begin", {0}), end, numbers("axis", {0})}));
    }
    return whole;
  }

  /// The two pads, none before and what `length` lacks behind.
  Result<ValueId> missing(ValueId length, int64_t whole) {
    ValueId end = RUNE_TRY(builder_.one(Op::Reshape, name("length"),
                                        {length, numbers("one", {1})}));
    ValueId rest = RUNE_TRY(builder_.one(Op::Sub, name("missing"),
                                         {numbers("whole", {whole}), end}));
    return builder_.one(Op::Concat, name("pads"), {numbers("none", {0}), rest},
                        {{"axis", int64_t{0}}});
  }

  const OnnxNode &node_;
  const onnx::GraphProto &graph_;
  Bodies &inside_;
  graph::GraphBuilder &builder_;
};

/// Version 8: the batch first, then the sequence; each batch element may end
/// earlier, and what is missing of its results is zero.
Imported scanBatches(OnnxNode &node, const onnx::GraphProto &graph) {
  ValueId lengths = node.optionalInput(0);
  Scan outer, inner;
  for (size_t i = 1; i < node.inputs(); ++i)
    outer.inputs.push_back(RUNE_TRY(node.input(i, "initial_state_and_scan")));
  size_t scanned = RUNE_TRY(scannedOf(node, graph, outer.inputs.size()));
  inner.carried = outer.inputs.size() - scanned;
  auto outputs = static_cast<size_t>(graph.output_size());
  inner.inputAxes = Integers(scanned, 0);
  inner.inputReverse = RUNE_TRY(directionsOf(node, "directions", scanned));
  inner.outputAxes = inner.outputReverse = Integers(outputs - inner.carried, 0);
  if (lengths != noValue)
    outer.inputs.push_back(lengths);
  outer.inputAxes = outer.inputReverse = Integers(outer.inputs.size(), 0);
  outer.outputAxes = outer.outputReverse = Integers(outputs, 0);
  graph::Types types;
  for (ValueId input : outer.inputs)
    types.push_back(node.graph().type(input));
  types = RUNE_TRY(sliced(node, outer, std::move(types)));
  Body body = RUNE_TRY(node.bodies().build(
      "batch", [&](Bodies &inside, graph::GraphBuilder &builder) -> Imported {
        for (size_t i = 0; i < types.size(); ++i)
          inner.inputs.push_back(
              builder.input(fmt::format("input{}", i), types[i]));
        ValueId length = noValue;
        if (lengths != noValue) {
          length = inner.inputs.back();
          inner.inputs.pop_back();
        }
        return ScanOfOne(node, graph, inside, builder)
            .make(std::move(inner), length);
      }));
  return addScan(node, node.graph(), node.name(), std::move(outer),
                 std::move(body));
}

} // namespace

/// inputs  before 9 sequence_lens?; carried values, then scanned ones
/// result  the carried values after the last turn, then what each turn gave,
///         stacked
/// errors  a body that takes or gives another number of values, axes outside
///         of what is scanned
Imported importScan(OnnxNode &node) {
  const auto *graph = RUNE_TRY(node.subgraph("body"));
  return node.opset() < 9 ? scanBatches(node, *graph) : scanPlain(node, *graph);
}

} // namespace rune::import
