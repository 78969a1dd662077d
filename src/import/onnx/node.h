// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One ONNX node as an operator's importer sees it: inputs already translated,
// attributes by name and kind, messages that begin with the layer. It remembers
// what was asked for: an attribute or an input that the importer never looked
// at is one that this version of the operator does not have, and is refused.
#pragma once

#include "graph/builder.h"
#include "graph/ops.h"

#include <array>
#include <limits>
#include <set>

namespace rune::onnx {
class AttributeProto;
class GraphProto;
class NodeProto;
class TensorProto;
} // namespace rune::onnx

namespace rune::import {

class Bodies;

using graph::Attribute;
using graph::noValue;
using graph::Op;
using graph::ValueId;
using Integers = std::vector<int64_t>;
/// What an importer gives back: one value for each output of the node.
using Imported = Result<std::vector<ValueId>>;

class OnnxNode {
public:
  struct Context {
    const onnx::NodeProto &proto;
    /// The layer: the name of the node or of its first output.
    std::string name;
    /// The version of the operators of the node's domain that the model was
    /// written for; of the standard ones unless the node says.
    int64_t opset = 0;
    /// Keeps the message alive that constants point into.
    std::shared_ptr<const void> owner;
    /// In the order of the node; noValue where one is left out.
    std::vector<ValueId> inputs;
    /// Which outputs somebody reads.
    std::vector<bool> read;
    graph::GraphBuilder &graph;
    /// For graphs that the node holds.
    Bodies *bodies = nullptr;
  };
  explicit OnnxNode(Context context);

  const std::string &name() const { return context_.name; }
  std::string_view op() const;
  int64_t opset() const { return context_.opset; }
  const std::shared_ptr<const void> &owner() const { return context_.owner; }
  graph::GraphBuilder &graph() const { return context_.graph; }
  Bodies &bodies() const { return *context_.bodies; }
  /// The type, with a number of dimensions: where that is not known, the layer
  /// is refused afterwards. Who can do without asks `graph().type`.
  const graph::ValueType &type(ValueId value) const {
    askedOpen_ |= !graph().type(value).ranked;
    return graph().type(value);
  }
  bool askedOpen() const { return askedOpen_; }
  DType dtype(ValueId value) const { return graph().type(value).dtype; }
  int64_t rank(ValueId value) const {
    return static_cast<int64_t>(type(value).dims.size());
  }

  size_t inputs() const { return context_.inputs.size(); }
  /// errors  `import.malformed`: the input is not there
  Result<ValueId> input(size_t index, std::string_view name);
  /// noValue if it is left out.
  ValueId optionalInput(size_t index);
  /// The same layer in a body of its own, without inputs: nodes are made there.
  OnnxNode within(Bodies &inside, graph::GraphBuilder &builder) const {
    return OnnxNode({context_.proto,
                     context_.name,
                     context_.opset,
                     context_.owner,
                     {},
                     context_.read,
                     builder,
                     &inside});
  }
  /// Outputs that the node states, also those nobody reads.
  size_t outputs() const { return context_.read.size(); }
  /// True if somebody reads output `index`.
  bool wants(size_t index) const {
    return index < context_.read.size() && context_.read[index];
  }

  /// The attribute; the kind is checked. Without a second argument nothing
  /// stands for an attribute that is not there.
  ///
  /// errors  `import.malformed`: another kind of attribute
  Result<std::optional<int64_t>> integer(std::string_view name);
  Result<int64_t> integer(std::string_view name, int64_t otherwise);
  Result<std::optional<float>> number(std::string_view name);
  Result<float> number(std::string_view name, float otherwise);
  Result<std::optional<std::string>> text(std::string_view name);
  Result<std::optional<Integers>> integers(std::string_view name);
  Result<std::optional<std::vector<float>>> numbers(std::string_view name);
  Result<std::optional<std::vector<std::string>>> texts(std::string_view name);
  Result<const onnx::TensorProto *> tensor(std::string_view name);
  /// A graph; it must be there.
  Result<const onnx::GraphProto *> subgraph(std::string_view name);
  /// What an attribute states as a type.
  Result<std::optional<graph::ValueType>> valueType(std::string_view name);
  /// 0 or 1.
  Result<bool> flag(std::string_view name, bool otherwise);
  /// An attribute that has no meaning for the result.
  void ignore(std::string_view name) { asked_.emplace(name); }
  bool has(std::string_view name) const { return find(name) != nullptr; }

  /// `axis` counted from the front; from -rank on where `negative` axes are
  /// allowed. `end` is one past the last that is allowed.
  ///
  /// errors  `import.malformed`
  Result<int64_t> axis(int64_t axis, int64_t rank, int64_t end,
                       bool negative) const;

  /// The numbers of an i32 or i64 input that is known now.
  std::optional<Integers> knownIntegers(ValueId value) const;

  /// A node of ours, named as this layer; `part` tells several apart.
  Result<ValueId> one(Op op, std::vector<ValueId> inputs,
                      std::vector<Attribute> attributes = {},
                      std::string_view part = {});
  Result<std::vector<ValueId>> many(Op op, std::vector<ValueId> inputs,
                                    std::vector<Attribute> attributes,
                                    size_t outputs);
  /// An i64 vector that the layer needs.
  ValueId constantIntegers(std::string_view part, const Integers &values);
  /// A scalar of a numeric type; integers are the caller's to have checked.
  ValueId constantScalar(std::string_view part, DType dtype, double value);
  /// The value, reshaped to a scalar where it is a vector of one element.
  Result<ValueId> asScalar(ValueId value, std::string_view part);

  /// The file contradicts ONNX: `import.malformed`.
  template <class... Args>
  Diagnostic fail(fmt::format_string<Args...> text, Args &&...args) const {
    return error("import.malformed", "{}: {}", layer(),
                 fmt::format(text, std::forward<Args>(args)...));
  }
  /// ONNX allows it, we cannot: `import.unsupported`.
  template <class... Args>
  Diagnostic unsupported(fmt::format_string<Args...> text,
                         Args &&...args) const {
    return error("import.unsupported", "{}: {}", layer(),
                 fmt::format(text, std::forward<Args>(args)...));
  }
  /// layer `conv1`: `Conv` of opset 11
  std::string layer() const;

  /// errors  `import.malformed`: attributes given twice, or with no name
  Result<> checkAttributes() const;
  /// errors  `import.malformed`: attributes or inputs nobody asked for
  Result<> checkAllRead() const;

private:
  const onnx::AttributeProto *find(std::string_view name) const;
  /// The attribute if it is there; its kind is the number in the format.
  Result<const onnx::AttributeProto *> attribute(std::string_view name,
                                                 int32_t kind);

  Context context_;
  std::set<std::string, std::less<>> asked_;
  std::vector<bool> inputAsked_;
  mutable bool askedOpen_ = false;
};

} // namespace rune::import
