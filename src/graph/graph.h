// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The tensor IR: plain data, in static single assignment form. Made by
// GraphBuilder, checked by verify, run by the evaluator, kept by store.
#pragma once

#include "base/tensor.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace rune::graph {

/// An operator of the closed list, graph/ops.h.
enum class Op : uint16_t;

/// Number of operators; every Op is below it.
extern const size_t opCount;

/// The name of an operator in the stored form, docs and messages.
std::string_view opName(Op op);
uint16_t opVersion(Op op);
std::optional<Op> opNamed(std::string_view name, uint16_t version);

using ValueId = uint32_t;
/// An optional input that is not there.
constexpr ValueId noValue = UINT32_MAX;

/// A tensor whose elements are known; the bytes are shared with whoever read
/// them (a mapped file), never copied.
struct Constant {
  DType dtype = DType::F32;
  std::vector<int64_t> sizes;
  ByteSpan data;
  std::shared_ptr<const void> owner;

  static Constant of(Tensor tensor);
  TensorView view() const { return {dtype, sizes, data}; }
};

/// What an edge holds: a tensor; a sequence of tensors; something that may be
/// missing.
enum class Form : uint8_t { Tensor, Sequence, Optional, OptionalSequence };

/// The type of an edge. The fields of TensorType are those of the tensor, or of
/// each tensor of a sequence.
struct ValueType : TensorType {
  Form form = Form::Tensor;
  /// False where not even the number of dimensions is known before the run;
  /// `dims` is empty then. Only operators of the plan take such values.
  bool ranked = true;

  ValueType() = default;
  ValueType(TensorType type) : TensorType(std::move(type)) {}
  ValueType(DType dtype, Dims dims) : TensorType{dtype, std::move(dims)} {}
  static ValueType of(Form form, DType dtype, std::optional<Dims> dims);

  /// True for what operators of tensors take.
  bool isTensor() const { return form == Form::Tensor && ranked; }
  /// As TensorType, and `sequence(f32[?])`, `optional(f32[...])`.
  std::string str() const;
  bool operator==(const ValueType &) const = default;
  bool operator==(const TensorType &tensor) const {
    return isTensor() && static_cast<const TensorType &>(*this) == tensor;
  }
};

/// One edge of the graph: a graph input, a constant, or an output of a node.
struct Value {
  std::string name;
  ValueType type;
  std::optional<uint32_t> constant;
};

using AttributeValue = std::variant<int64_t, double, std::string,
                                    std::vector<int64_t>, std::vector<double>>;
struct Attribute {
  std::string name;
  AttributeValue value;
  bool operator==(const Attribute &) const = default;
};

struct Node {
  Op op = {};
  /// The name of the node it was imported from.
  std::string name;
  std::vector<ValueId> inputs;
  std::vector<ValueId> outputs;
  /// Sorted by name; all that the operator declares are present.
  std::vector<Attribute> attributes;
  /// The graphs that this node runs, by their index among the graph's bodies.
  std::vector<uint32_t> bodies = {};

  int64_t integer(std::string_view name) const;
  double number(std::string_view name) const;
  const std::string &text(std::string_view name) const;
  const std::vector<int64_t> &integers(std::string_view name) const;
};

/// State that a graph keeps from run to run: `input` holds the initial constant
/// (zeros without one) in the first run, and what `output` was in the next
/// ones.
struct Variable {
  ValueId input = noValue;
  ValueId output = noValue;
  /// Index among the constants.
  std::optional<uint32_t> initial;
};

struct Graph {
  std::string name;
  std::vector<Value> values;
  std::vector<Constant> constants;
  /// Each node stands after the nodes that make its inputs.
  std::vector<Node> nodes;
  std::vector<ValueId> inputs;
  std::vector<ValueId> outputs;
  /// No inputs or outputs of the graph: who runs it keeps them.
  std::vector<Variable> variables;
  /// What branches and loops run. A body sees nothing of the graph around it:
  /// what it uses arrives as one of its inputs. Each belongs to one node.
  std::vector<Graph> bodies;
};

/// Limits on what a file may state; graphs beyond them are refused.
constexpr size_t maxRank = 16;
constexpr size_t maxNodes = 1 << 20;
constexpr size_t maxValues = 1 << 21;
/// Inputs, outputs or attributes of one node; numbers in one attribute.
constexpr size_t maxPerNode = 1 << 16;
/// Bodies within bodies.
constexpr size_t maxBodyDepth = 32;
/// Bytes of one name or text attribute.
constexpr size_t maxTextBytes = 1 << 12;

} // namespace rune::graph
