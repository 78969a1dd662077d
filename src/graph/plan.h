// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The plan level: what operators work on that take or give more than tensors
// of a known rank, or run bodies. Tensors are shared, never copied, when a
// sequence grows or a body is entered; what they took from the budget goes back
// with their last owner, so that one budget counts across all bodies.
#pragma once

#include "graph/op.h"

namespace rune::graph {

/// Bytes taken from a budget, given back at the end.
class Paid {
public:
  Paid() = default;
  /// Of bytes that were reserved already.
  Paid(Budget &budget, uint64_t bytes) : budget_(&budget), bytes_(bytes) {}
  Paid(Paid &&other) noexcept
      : budget_(std::exchange(other.budget_, nullptr)), bytes_(other.bytes_) {}
  Paid &operator=(Paid &&other) noexcept {
    std::swap(budget_, other.budget_);
    std::swap(bytes_, other.bytes_);
    return *this;
  }
  ~Paid() { release(); }
  void release() {
    if (budget_)
      budget_->release(bytes_);
    budget_ = nullptr;
  }

private:
  Budget *budget_ = nullptr;
  uint64_t bytes_ = 0;
};

/// A tensor of a run: one it made, or one that outlives it.
struct HeldTensor {
  Tensor own;
  /// Of `own`, or of somebody's.
  TensorView view;
  Paid paid;
};
using SharedTensor = std::shared_ptr<HeldTensor>;

struct HeldList {
  std::vector<SharedTensor> tensors;
  Paid paid;
};
using SharedList = std::shared_ptr<HeldList>;

/// What one edge holds in a run. An optional value that is empty has neither
/// tensor nor list, as has an input that is not there.
struct Item {
  Form form = Form::Tensor;
  DType dtype = DType::F32;
  SharedTensor tensor;
  /// Of a sequence.
  SharedList list;

  /// A tensor that outlives the run.
  static Item borrowed(const TensorView &view);
  /// A tensor outside of any budget.
  static Item of(Tensor tensor);
  static Item sequence(DType dtype, std::vector<Tensor> tensors);
  /// An optional value; `type` where there is none in it.
  static Item empty(Form form, DType dtype);

  bool isThere() const { return tensor || list; }
  const TensorView &view() const { return tensor->view; }
  /// `f32[2, 3]`, `sequence of 3 f32`, `empty optional of f32`
  std::string str() const;
};

/// Runs a node's bodies.
class BodyRunner {
public:
  virtual ~BodyRunner() = default;
  /// in      one item for each of its inputs
  /// errors  `evaluate.*`
  virtual Result<Items> run(const Graph &body, Items inputs) = 0;
  /// Called for each turn of a loop: without a deadline there is a limit.
  ///
  /// errors  `evaluate.deadline`, `evaluate.iteration-limit`
  virtual Result<> turn() = 0;
};

/// Turns of all loops in one run that has no deadline.
constexpr uint64_t maxTurns = 1 << 20;

/// One node of the plan in a run. Of `values` those are there that are tensors.
struct PlanContext : InferContext {
  std::vector<Item> items;
  size_t outputs;
  Budget &budget;
  BodyRunner &runner;

  /// Wraps a tensor that was paid from the budget.
  Item own(Tensor tensor) const;
  /// A scalar, paid.
  Result<Item> scalar(DType dtype, int64_t value) const;
  /// A sequence; the list itself is paid here.
  Result<Item> list(DType dtype, std::vector<SharedTensor> tensors) const;
  /// The one element of an i32, i64 or bool input.
  int64_t number(size_t input) const;
};

/// The type of an item; of an empty one, or of the elements of a sequence, what
/// `declared` says.
ValueType typeOf(const Item &item, const ValueType &declared);

/// As evaluate, for graphs that take or give sequences and optional values.
/// Without a deadline loops make at most `turns` turns.
///
/// in      `nanoseconds`: if not null, gets the time that each node took
Result<Items> evaluateItems(const Graph &graph, Items inputs,
                            const EvaluateLimits &limits = {},
                            State *state = nullptr, uint64_t turns = maxTurns,
                            std::vector<int64_t> *nanoseconds = nullptr);

/// True if all that a graph takes and gives are tensors, which is what
/// everything but the evaluator can handle.
///
/// errors  `graph.interface`, naming the input or output
Result<> checkInterface(const Graph &graph);

// What types of branches and iterations have in common.

/// The type of which both are: dimensions that differ become unknown, ranks
/// that differ make it unranked. Nothing if form or element type differ.
std::optional<ValueType> join(const ValueType &a, const ValueType &b);

/// True if a value of type `from` may always go where `to` is declared: what
/// `to` fixes or names, `from` has so.
bool accepts(const ValueType &to, const ValueType &from);

/// Types inside a body, seen from outside. A name of the body means what the
/// node's input has in its place; other names mean nothing outside.
class BodyTypes {
public:
  /// Input `index` of the body gets a value of type `outer`; false if it does
  /// not fit.
  bool bind(const ValueType &inner, const ValueType &outer);
  ValueType outside(ValueType inner) const;

private:
  std::vector<std::pair<std::string, Dim>> names_;
};

/// A tensor of one element.
bool isScalar(const ValueType &type);
const ValueType &inputType(const Graph &body, size_t index);
const ValueType &outputType(const Graph &body, size_t index);

} // namespace rune::graph
