// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// batch_normalization(x, scale, bias, mean, variance), for each channel:
//
//   y = (x - mean) / √(variance + epsilon) · scale + bias
//
// In training the mean and the population variance are those of x itself, and
// the running ones come out:
//
//   mean' = mean · momentum + mean(x) · (1 - momentum), variance' the same
//
// Computed in float, in double if any operand is f64.
//
// source  ONNX BatchNormalization-15; Ioffe and Szegedy 2015, arXiv:1502.03167
#include "graph/ops/axes.h"
#include "graph/ops/window.h"

#include <algorithm>

namespace rune::graph {

namespace {

/// A vector x[N] is a batch of one channel.
std::optional<size_t> channelAxis(const InferContext &context) {
  if (context.rank(0) < 2)
    return std::nullopt;
  return Layout(context).channel;
}

Result<Types> infer(const InferContext &context) {
  const TensorType &x = context.type(0);
  // batch_normalization.1: floats; scale and bias alike, mean and variance
  // alike
  for (size_t i = 0; i < 5; ++i)
    if (!isFloat(context.dtype(i)))
      return context.fail(1, "input {} is {}, needs floats", i,
                          context.type(i).str());
  if (context.dtype(1) != context.dtype(2) ||
      context.dtype(3) != context.dtype(4))
    return context.fail(1, "scale is {}, bias {}, mean {}, variance {}",
                        context.type(1).str(), context.type(2).str(),
                        context.type(3).str(), context.type(4).str());
  // batch_normalization.2: no scalar
  if (x.dims.empty())
    return context.fail(2, "x is the scalar {}", x.str());
  auto axis = channelAxis(context);
  // batch_normalization.3: a number for each channel
  Dim channels = axis ? x.dims[*axis] : Dim(1);
  for (size_t i = 1; i < 5; ++i) {
    auto both = context.rank(i) == 1 ? unify(channels, context.dims(i)[0])
                                     : std::nullopt;
    if (!both)
      return context.fail(3, "input {} is {}, x has {} channels", i,
                          context.type(i).str(), channels.str());
    channels = *both;
  }
  int64_t training = context.node.integer("training");
  // batch_normalization.4: `training` is 0 or 1
  if (training >> 1 != 0)
    return context.fail(4, "`training` is {}, must be 0 or 1", training);
  // batch_normalization.5: running mean and variance come out of training only
  if (context.node.outputs.size() != (training ? 3 : 1))
    return context.fail(5, "{} outputs, has 3 in training, else 1",
                        context.node.outputs.size());
  TensorType running{context.dtype(3), {channels}};
  return Types{x, running, running};
}

/// Computes in numbers W.
template <class W> class Normalizer {
public:
  Normalizer(const EvalContext &context, Tensors &results)
      : context_(context), results_(results), x_(context.input(0)),
        training_(context.node.integer("training") != 0) {
    std::span<const int64_t> sizes = context.input(0).sizes;
    std::vector<int64_t> axes;
    auto channel = channelAxis(context);
    for (size_t i = 0; i < sizes.size(); ++i)
      if (i != channel)
        axes.push_back(static_cast<int64_t>(i));
    split_ = splitAxes(sizes, axes);
    channels_ = channel ? sizes[*channel] : 1;
    channelStride_ = channel ? split_.keptStrides[0] : 0;
  }

  Result<> run() {
    for (int64_t c = 0; c < channels_; ++c) {
      W mean = given(3, c), variance = given(4, c);
      if (training_) {
        W batchMean = RUNE_TRY(measure(c, [](W x) { return x; }));
        W batchVariance = RUNE_TRY(
            measure(c, [&](W x) { return (x - batchMean) * (x - batchMean); }));
        NumberSink<W>(results_[1]).set(c, blend(mean, batchMean));
        NumberSink<W>(results_[2]).set(c, blend(variance, batchVariance));
        mean = batchMean;
        variance = batchVariance;
      }
      RUNE_TRY(normalize(c, mean, variance));
    }
    return {};
  }

private:
  W given(size_t input, int64_t channel) const {
    return Numbers<W>(context_.input(input))[channel];
  }

  W blend(W running, W batch) const {
    W momentum = static_cast<W>(context_.node.number("momentum"));
    return running * momentum + batch * (1 - momentum);
  }

  /// The mean of `f(x)` over a channel; NaN where the channel is empty.
  template <class F> Result<W> measure(int64_t channel, F &&f) {
    W sum = 0;
    uint64_t count = 0;
    RUNE_TRY(eachFoldedPiece(context_.budget, split_, channel * channelStride_,
                             x_, [&](const W *x, const ElementRun &run) {
                               for (int64_t i = 0; i < run.count; ++i)
                                 sum += f(x[i]);
                               count += static_cast<uint64_t>(run.count);
                             }));
    return sum / static_cast<W>(count);
  }

  Result<> normalize(int64_t channel, W mean, W variance) {
    W scale = given(1, channel), bias = given(2, channel);
    W epsilon = static_cast<W>(context_.node.number("epsilon"));
    W deviation = std::sqrt(variance + epsilon);
    NumberSink<W> out(results_[0]);
    return eachFoldedPiece(context_.budget, split_, channel * channelStride_,
                           x_, [&](W *x, const ElementRun &run) {
                             for (int64_t i = 0; i < run.count; ++i)
                               x[i] = (x[i] - mean) / deviation * scale + bias;
                             out.write(x, run);
                           });
  }

  const EvalContext &context_;
  Tensors &results_;
  Numbers<W> x_;
  bool training_;
  AxisSplit split_;
  int64_t channels_ = 1;
  int64_t channelStride_ = 0;
};

Result<Tensors> evaluate(const EvalContext &context) {
  Tensors results;
  for (size_t i = 0; i < context.results.size(); ++i)
    results.push_back(RUNE_TRY(context.allocate(i)));
  bool wide = false;
  for (size_t i = 0; i < 5; ++i)
    wide |= context.dtype(i) == DType::F64;
  RUNE_TRY(wide ? Normalizer<double>(context, results).run()
                : Normalizer<float>(context, results).run());
  return results;
}

} // namespace

OpDefinition defineBatchNormalization() {
  return {{5, 5},
          {1, 3},
          {{"epsilon", AttributeKind::Number, 1e-5, {}},
           layoutSpec(),
           {"momentum", AttributeKind::Number, 0.9, {}},
           {"training", AttributeKind::Integer, int64_t{0}, {}}},
          infer,
          evaluate};
}

} // namespace rune::graph
