// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// stft(x[B, L, 1 or 2], step, window[n]?, length?): the discrete Fourier
// transforms of pieces of the signal, `step` apart, each multiplied by the
// window first. Computed in f64.
//
// source  ONNX STFT-17
#include "graph/ops/common.h"
#include "graph/ops/fourier.h"

namespace rune::graph {
namespace {

struct Frames {
  int64_t step = 1;
  int64_t length = 0;
  int64_t count = 0;
  int64_t bins = 0;
};

/// Nothing while they are not known.
Result<std::optional<Frames>> framesOf(const InferContext &context) {
  Frames frames;
  std::optional<Frames> none;
  auto step = context.integers(1);
  Dim length = context.dims(0)[1];
  if (context.has(2))
    length = context.dims(2)[0];
  if (context.has(3)) {
    auto given = context.integers(3);
    length = given ? Dim((*given)[0] < 0 ? 0 : (*given)[0]) : Dim::unknown();
  }
  // stft.4: step and length are at least 1
  if ((step && (*step)[0] < 1) || (length.isFixed() && length.size() < 1))
    return context.fail(4, "frames of {}, {} apart", length.str(),
                        step ? (*step)[0] : 1);
  // stft.5: the window has the length of a frame
  if (context.has(2) && !unify(length, context.dims(2)[0]))
    return context.fail(5, "frames of {}, a window {}", length.str(),
                        context.type(2).str());
  if (!step || !length.isFixed() || !context.dims(0)[1].isFixed())
    return none;
  frames.step = (*step)[0];
  frames.length = length.size();
  int64_t size = context.dims(0)[1].size();
  frames.count =
      size < frames.length ? 0 : (size - frames.length) / frames.step + 1;
  frames.bins = context.node.integer("onesided") != 0 ? frames.length / 2 + 1
                                                      : frames.length;
  return std::optional(frames);
}

Result<Types> infer(const InferContext &context) {
  const TensorType &x = context.type(0);
  // stft.1: floats [B, L, 1] or [B, L, 2]
  if (!isFloat(x.dtype) || x.dims.size() != 3 ||
      (!unify(x.dims[2], Dim(1)) && !unify(x.dims[2], Dim(2))))
    return context.fail(1, "needs floats [B, L, 1] or [B, L, 2], got {}",
                        x.str());
  // stft.2: step and length are single i64
  for (size_t input : {1, 3})
    if (context.has(input) &&
        (context.dtype(input) != DType::I64 || !isSingle(context.type(input))))
      return context.fail(2, "input {} is {}, must be one i64", input,
                          context.type(input).str());
  // stft.3: a window is a vector of x's type; `onesided` is 0 or 1
  if (context.has(2) && (context.dtype(2) != x.dtype || context.rank(2) != 1))
    return context.fail(3, "the window is {}, x is {}", context.type(2).str(),
                        x.str());
  if (context.node.integer("onesided") >> 1 != 0)
    return context.fail(3, "`onesided` is {}, must be 0 or 1",
                        context.node.integer("onesided"));
  auto frames = RUNE_TRY(framesOf(context));
  Dim count = frames ? Dim(frames->count) : Dim::unknown();
  Dim bins = frames ? Dim(frames->bins) : Dim::unknown();
  return Types{{x.dtype, {x.dims[0], count, bins, Dim(2)}}};
}

template <class T>
Result<> transformAll(const EvalContext &context, const Frames &frames,
                      T *out) {
  const TensorView &view = context.input(0);
  int64_t size = view.sizes[1], parts = view.sizes[2];
  Elements<T> x(view.data);
  Elements<T> window(context.has(2) ? context.input(2).data : ByteSpan());
  auto at = [&](int64_t index) { return static_cast<double>(widen(x[index])); };
  Fourier fourier(frames.length, false);
  std::vector<Complex> &data = fourier.data();
  for (int64_t i = 0; i < view.sizes[0] * frames.count; ++i) {
    if (!context.budget.spend(static_cast<uint64_t>(frames.length)))
      return context.budget.expired();
    int64_t from = i / frames.count * size + i % frames.count * frames.step;
    for (int64_t k = 0; k < frames.length; ++k) {
      double weight =
          context.has(2) ? static_cast<double>(widen(window[k])) : 1.0;
      int64_t place = (from + k) * parts;
      data[static_cast<size_t>(k)] = {
          at(place) * weight, parts == 2 ? at(place + 1) * weight : 0.0};
    }
    RUNE_TRY(fourier.run(context.budget));
    for (int64_t k = 0; k < frames.bins; ++k) {
      *out++ = narrow<T>(data[static_cast<size_t>(k)].real());
      *out++ = narrow<T>(data[static_cast<size_t>(k)].imag());
    }
  }
  return {};
}

Result<Tensors> evaluate(const EvalContext &context) {
  Frames frames = *RUNE_TRY(framesOf(context));
  Tensor result = RUNE_TRY(context.allocate());
  if (result.count() == 0)
    return single(std::move(result));
  uint64_t scratch = RUNE_TRY(reserveFourier(context.budget, frames.length));
  RUNE_TRY(withFloat(result.dtype(), [&]<class T>(Type<T>) {
    return transformAll<T>(context, frames, elementsOf<T>(result));
  }));
  context.budget.release(scratch);
  return single(std::move(result));
}

} // namespace

OpDefinition defineStft() {
  return {{2, 4}, {1, 1}, {flagSpec("onesided", 1)}, infer, evaluate};
}

} // namespace rune::graph
