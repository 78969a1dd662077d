// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// dft(x, length?, axis?): the discrete Fourier transform along one axis. The
// last dimension of x holds the real part, or the real and the imaginary one.
// What is shorter than `length` is continued with zeros, what is longer is cut.
// Computed in f64.
//
// source  ONNX DFT-20
#include "graph/ops/common.h"
#include "graph/ops/fourier.h"

namespace rune::graph {
namespace {

struct Plan {
  int64_t axis = 0;
  /// Of the transform.
  int64_t length = 0;
  bool inverse = false;
  bool onesided = false;

  /// From half a spectrum back to real numbers.
  bool toReal() const { return inverse && onesided; }
  int64_t results() const {
    return onesided && !inverse ? length / 2 + 1 : length;
  }
};

bool isScalarInteger(const InferContext &context, size_t input) {
  return !context.has(input) ||
         (context.dtype(input) == DType::I64 && isSingle(context.type(input)));
}

/// The axis, from the front; nothing while it is not known.
Result<std::optional<int64_t>> axisOf(const InferContext &context) {
  std::optional<int64_t> axis = context.node.integer("axis");
  if (context.has(2)) {
    auto given = context.integers(2);
    axis = given ? std::optional((*given)[0]) : std::nullopt;
  }
  if (!axis)
    return axis;
  int64_t place = fromEnd(*axis, context.rank(0));
  // dft.5: a dimension of x but the last
  if (place < 0 || place + 1 >= static_cast<int64_t>(context.rank(0)))
    return context.fail(5, "axis {} of {}", *axis, context.type(0).str());
  return std::optional(place);
}

/// The length that is asked for, or follows from a dimension; nothing while it
/// is not known.
Result<std::optional<int64_t>> lengthOf(const InferContext &context,
                                        const Dim &dim, bool toReal) {
  std::optional<int64_t> length;
  if (context.has(1)) {
    if (auto given = context.integers(1))
      length = (*given)[0];
  } else if (dim.isFixed()) {
    length = toReal ? 2 * (dim.size() - 1) : dim.size();
  }
  // dft.6: at least one element is transformed
  if (length && *length < 1)
    return context.fail(6, "a transform of length {}", *length);
  return length;
}

Result<Types> infer(const InferContext &context) {
  const TensorType &x = context.type(0);
  // dft.1: floats
  if (!isFloat(x.dtype))
    return context.fail(1, "needs floats, got {}", x.str());
  // dft.2: the last of at least two dimensions is 1 or 2
  Dim parts = x.dims.empty() ? Dim(0) : x.dims.back();
  if (x.dims.size() < 2 ||
      (parts.isFixed() && parts.size() != 1 && parts.size() != 2))
    return context.fail(2, "needs […, 1] or […, 2], got {}", x.str());
  // dft.3: length and axis are single i64
  for (size_t input : {1, 2})
    if (!isScalarInteger(context, input))
      return context.fail(3, "input {} is {}, must be one i64", input,
                          context.type(input).str());
  bool inverse = context.node.integer("inverse") != 0;
  bool onesided = context.node.integer("onesided") != 0;
  // dft.4: flags are 0 or 1
  if ((context.node.integer("inverse") | context.node.integer("onesided")) >>
          1 !=
      0)
    return context.fail(4, "`inverse` is {}, `onesided` is {}; they are 0 or 1",
                        context.node.integer("inverse"),
                        context.node.integer("onesided"));
  TensorType result = x;
  result.dims.back() = Dim(inverse && onesided ? 1 : 2);
  auto axis = RUNE_TRY(axisOf(context));
  if (!axis) {
    std::fill(result.dims.begin(), result.dims.end() - 1, Dim::unknown());
    return Types{result};
  }
  Dim &dim = result.dims[static_cast<size_t>(*axis)];
  auto length = RUNE_TRY(lengthOf(context, dim, inverse && onesided));
  if (length)
    dim = Plan{*axis, *length, inverse, onesided}.results();
  else if (context.has(1) || onesided)
    dim = Dim::unknown();
  return Types{result};
}

Result<Plan> planOf(const EvalContext &context) {
  Plan plan;
  plan.inverse = context.node.integer("inverse") != 0;
  plan.onesided = context.node.integer("onesided") != 0;
  plan.axis = *RUNE_TRY(axisOf(context));
  plan.length = *RUNE_TRY(lengthOf(
      context, Dim(context.input(0).sizes[static_cast<size_t>(plan.axis)]),
      plan.toReal()));
  return plan;
}

/// One line of x and of the result along the axis.
template <class T> class Lines {
public:
  Lines(const EvalContext &context, const Plan &plan, T *out)
      : plan_(plan), in_(context.input(0).data), out_(out) {
    std::span<const int64_t> sizes = context.input(0).sizes;
    for (size_t i = static_cast<size_t>(plan.axis) + 1; i + 1 < sizes.size();
         ++i)
      inner_ *= sizes[i];
    size_ = sizes[static_cast<size_t>(plan.axis)];
    parts_ = sizes.back();
  }

  void read(int64_t line, std::vector<Complex> &data) const {
    int64_t bins = plan_.toReal() ? plan_.length / 2 + 1 : plan_.length;
    for (int64_t k = 0; k < bins; ++k)
      data[static_cast<size_t>(k)] = k < size_ ? element(line, k) : Complex();
    // the other half of the spectrum of real numbers
    for (int64_t k = bins; k < plan_.length; ++k)
      data[static_cast<size_t>(k)] =
          std::conj(data[static_cast<size_t>(plan_.length - k)]);
  }

  void write(int64_t line, const std::vector<Complex> &data) const {
    int64_t count = plan_.results(), parts = plan_.toReal() ? 1 : 2;
    for (int64_t k = 0; k < count; ++k) {
      int64_t at =
          ((line / inner_ * count + k) * inner_ + line % inner_) * parts;
      out_[at] = narrow<T>(data[static_cast<size_t>(k)].real());
      if (parts == 2)
        out_[at + 1] = narrow<T>(data[static_cast<size_t>(k)].imag());
    }
  }

private:
  Complex element(int64_t line, int64_t k) const {
    int64_t at =
        ((line / inner_ * size_ + k) * inner_ + line % inner_) * parts_;
    return {static_cast<double>(widen(in_[at])),
            parts_ == 2 ? static_cast<double>(widen(in_[at + 1])) : 0.0};
  }

  const Plan &plan_;
  Elements<T> in_;
  T *out_;
  int64_t inner_ = 1, size_ = 0, parts_ = 1;
};

Result<Tensors> evaluate(const EvalContext &context) {
  Plan plan = RUNE_TRY(planOf(context));
  Tensor result = RUNE_TRY(context.allocate());
  if (result.count() == 0)
    return single(std::move(result));
  uint64_t scratch = RUNE_TRY(reserveFourier(context.budget, plan.length));
  Fourier fourier(plan.length, plan.inverse);
  int64_t lines = static_cast<int64_t>(result.count()) / plan.results() /
                  (plan.toReal() ? 1 : 2);
  RUNE_TRY(withFloat(result.dtype(), [&]<class T>(Type<T>) -> Result<> {
    Lines<T> all(context, plan, elementsOf<T>(result));
    for (int64_t line = 0; line < lines; ++line) {
      if (!context.budget.spend(static_cast<uint64_t>(plan.length)))
        return context.budget.expired();
      all.read(line, fourier.data());
      RUNE_TRY(fourier.run(context.budget));
      all.write(line, fourier.data());
    }
    return {};
  }));
  context.budget.release(scratch);
  return single(std::move(result));
}

void complete(const InferContext &context, std::vector<Attribute> &attributes) {
  completeAxis(context, attributes, "axis");
}

} // namespace

OpDefinition defineDft() {
  return {{1, 3},
          {1, 1},
          {{"axis", AttributeKind::Integer, int64_t{-2}, {}},
           flagSpec("inverse"),
           flagSpec("onesided")},
          infer,
          evaluate,
          complete};
}

} // namespace rune::graph
