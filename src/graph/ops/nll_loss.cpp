// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// nll_loss(x, target, weight?): -x[n, target[n, …], …] · weight[target[n, …]]
// for each target but those that are `ignored`; their sum, or their mean, which
// divides by the sum of the weights. Summed in f64.
//
// source  ONNX NegativeLogLikelihoodLoss-22
#include "graph/function_ref.h"
#include "graph/ops/indices.h"

namespace rune::graph {
namespace {

/// The targets: the dimensions of x without the classes.
Result<Dims> targetDims(const InferContext &context) {
  const TensorType &x = context.type(0);
  Dims dims = x.dims;
  bool fits = dims.size() >= 2 && context.rank(1) == dims.size() - 1;
  if (fits)
    dims.erase(dims.begin() + 1);
  for (size_t i = 0; fits && i < dims.size(); ++i)
    if (auto both = unify(dims[i], context.dims(1)[i]))
      dims[i] = *both;
    else
      fits = false;
  // nll_loss.2: x is [N, C, d…], the targets [N, d…]
  if (!fits)
    return context.fail(2, "{} and targets {} do not go together", x.str(),
                        context.type(1).str());
  return dims;
}

Result<Types> infer(const InferContext &context) {
  const TensorType &x = context.type(0);
  // nll_loss.1: floats, and targets that are indices
  if (!isFloat(x.dtype) || !isIndex(context.dtype(1)))
    return context.fail(1, "needs floats and i32 or i64, got {} and {}",
                        x.str(), context.type(1).str());
  Dims dims = RUNE_TRY(targetDims(context));
  // nll_loss.3: weights are [C], of x's type
  if (context.has(2) && (context.dtype(2) != x.dtype || context.rank(2) != 1 ||
                         !unify(context.dims(2)[0], x.dims[1])))
    return context.fail(3, "weights are {}, x is {}", context.type(2).str(),
                        x.str());
  int64_t ignores = context.node.integer("ignores");
  // nll_loss.4: `ignores` is 0 or 1
  if (ignores >> 1 != 0)
    return context.fail(4, "`ignores` is {}, must be 0 or 1", ignores);
  if (context.node.text("reduction") != "none")
    dims.clear();
  return Types{{x.dtype, dims}};
}

template <class N> class Loss {
public:
  explicit Loss(const EvalContext &context)
      : context_(context), x_(context.input(0)), targets_(context.input(1)),
        weights_(context.input(context.has(2) ? 2 : 0)) {
    std::span<const int64_t> sizes = context.input(0).sizes;
    classes_ = sizes[1];
    for (size_t i = 2; i < sizes.size(); ++i)
      inner_ *= sizes[i];
    count_ = sizes[0] * inner_;
  }

  /// Calls `use(place, loss, weight)` for each target; zeros if it is ignored.
  Result<> each(FunctionRef<void(int64_t, N, N)> use) const {
    bool ignores = context_.node.integer("ignores") != 0;
    int64_t ignored = context_.node.integer("ignored");
    for (int64_t i = 0; i < count_; ++i) {
      if (!context_.budget.spend(1))
        return context_.budget.expired();
      int64_t target = targets_[i];
      if (ignores && target == ignored) {
        use(i, N(0), N(0));
        continue;
      }
      // nll_loss.5: targets in [0, C), unless they are ignored
      if (target < 0 || target >= classes_)
        return context_.fail(5, "target {} of {} classes", target, classes_);
      int64_t at = (i / inner_ * classes_ + target) * inner_ + i % inner_;
      N weight = context_.has(2) ? weights_[target] : N(1);
      use(i, -x_[at] * weight, weight);
    }
    return {};
  }

private:
  const EvalContext &context_;
  Numbers<N> x_;
  Indices targets_;
  Numbers<N> weights_;
  int64_t classes_ = 0, inner_ = 1, count_ = 0;
};

Result<Tensors> evaluate(const EvalContext &context) {
  Tensor result = RUNE_TRY(context.allocate());
  const std::string &reduction = context.node.text("reduction");
  RUNE_TRY(withFloatNumbers(result.dtype(), [&]<class N>(Type<N>) -> Result<> {
    NumberSink<N> out(result);
    Loss<N> loss(context);
    if (reduction == "none")
      return loss.each([&](int64_t at, N value, N) { out.set(at, value); });
    double sum = 0, weights = 0;
    RUNE_TRY(loss.each([&](int64_t, N value, N weight) {
      sum += static_cast<double>(value);
      weights += static_cast<double>(weight);
    }));
    NumberSink<double>(result).set(0, reduction == "sum" ? sum : sum / weights);
    return {};
  }));
  return single(std::move(result));
}

} // namespace

OpDefinition defineNllLoss() {
  return {{2, 3},
          {1, 1},
          {{"ignored", AttributeKind::Integer, int64_t{0}, {}},
           flagSpec("ignores"),
           {"reduction",
            AttributeKind::Text,
            std::string("mean"),
            {"mean", "sum", "none"}}},
          infer,
          evaluate};
}

} // namespace rune::graph
