// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// cast(x): the same numbers in another element type. Where a float leaves the
// range of an integer the nearest limit is taken; C and ONNX leave that open.
//
// source  ONNX Cast-24
#include "graph/known_elements.h"
#include "graph/ops/unary.h"
#include "graph/small_types.h"

namespace rune::graph {

namespace {

Result<Types> infer(const InferContext &context) {
  // cast.1: no strings
  if (context.dtype(0) == DType::Utf8)
    return context.fail(1, "cannot convert {}", context.type(0).str());
  int64_t saturate = context.node.integer("saturate");
  // cast.2: `saturate` is 0 or 1
  if (saturate >> 1 != 0)
    return context.fail(2, "`saturate` is {}, must be 0 or 1", saturate);
  return Types{{dtypeOf(context.node), context.dims(0)}};
}

/// Numbers as elements of one type. Reals are double, integers int64_t and
/// uint64_t: each number is exactly one of them.
class Converter {
public:
  Converter(const EvalContext &context, Tensor &result)
      : dtype_(result.dtype()), reals_(realSink(result)),
        wholes_(wholeSink(result)),
        how_{context.node.integer("saturate") != 0,
             powerRoundingNamed(context.node.text("round_mode"))} {}
  /// One byte for each element of a small kind.
  Converter(const EvalContext &context, Tensor &result, uint8_t *codes)
      : Converter(context, result) {
    wholes_ = NumberSink<int64_t>(DType::U8, codes);
  }

  template <class N> void convert(N *x, const ElementRun &run) const {
    auto count = static_cast<size_t>(run.count);
    if (isStorage(dtype_))
      codes(x, run,
            [&](N number) { return convertToSmall(dtype_, number, how_); });
    else if (dtype_ == DType::Bool)
      codes(x, run, [](N number) { return number != 0; });
    else if (!isFloat(dtype_))
      wholes_.write(limited(x, count), run);
    else
      reals_.write(reals(x, count), run);
  }

private:
  static NumberSink<double> realSink(Tensor &result) {
    return {isFloat(result.dtype()) ? result.dtype() : DType::F64,
            result.bytes().data()};
  }
  static NumberSink<int64_t> wholeSink(Tensor &result) {
    DType dtype = result.dtype();
    return {isInteger(dtype) ? dtype : DType::U8, result.bytes().data()};
  }

  template <class N, class F>
  void codes(const N *x, const ElementRun &run, F &&code) const {
    RunBuffer<int64_t> all;
    for (size_t i = 0; i < static_cast<size_t>(run.count); ++i)
      all[i] = code(x[i]);
    wholes_.write(all.data(), run);
  }

  const double *reals(const double *x, size_t) const { return x; }
  template <class N> const double *reals(const N *x, size_t count) const {
    for (size_t i = 0; i < count; ++i)
      real_[i] =
          dtype_ == DType::F64 ? static_cast<double>(x[i]) : sticky(x[i]);
    return real_.data();
  }

  /// Reals towards zero and saturated, NaN gives 0; integers saturated if that
  /// is wanted, else wrapped.
  template <class N> const int64_t *limited(const N *x, size_t count) const {
    for (size_t i = 0; i < count; ++i)
      if constexpr (std::is_same_v<N, double>)
        whole_[i] = dtype_ == DType::U64
                        ? static_cast<int64_t>(truncated<uint64_t>(x[i]))
                        : within(truncated<int64_t>(x[i]));
      else
        whole_[i] = how_.saturate ? within(x[i]) : static_cast<int64_t>(x[i]);
    return whole_.data();
  }
  template <class N> int64_t within(N x) const {
    if (dtypeKind(dtype_) == DTypeKind::Signed) {
      auto low = lowestOf<int64_t>(dtype_), high = highestOf<int64_t>(dtype_);
      return std::cmp_less(x, low)       ? low
             : std::cmp_greater(x, high) ? high
                                         : static_cast<int64_t>(x);
    }
    auto high = highestOf<uint64_t>(dtype_);
    return static_cast<int64_t>(std::cmp_less(x, 0)         ? 0
                                : std::cmp_greater(x, high) ? high
                                                            : uint64_t(x));
  }

  DType dtype_;
  NumberSink<double> reals_;
  NumberSink<int64_t> wholes_;
  Conversion how_;
  mutable RunBuffer<double> real_;
  mutable RunBuffer<int64_t> whole_;
};

template <class N>
Result<> convertAll(const EvalContext &context, const Converter &converter) {
  Numbers<N> in(context.input(0));
  auto count =
      static_cast<int64_t>(RUNE_TRY(elementCount(context.input(0).sizes)));
  RunBuffer<N> x;
  return eachPiece(context.budget, count, [&](int64_t from, int64_t to) {
    for (int64_t at = from; at < to; at += runLength) {
      ElementRun run{at, 1, std::min(to - at, runLength)};
      in.read(run, x.data());
      converter.convert(x.data(), run);
    }
  });
}

Result<> convertAll(const EvalContext &context, const Converter &converter) {
  switch (dtypeKind(context.dtype(0))) {
  case DTypeKind::Float:
  case DTypeKind::SmallFloat:
    return convertAll<double>(context, converter);
  case DTypeKind::Unsigned:
    return convertAll<uint64_t>(context, converter);
  default:
    return convertAll<int64_t>(context, converter);
  }
}

/// One byte for each element, then packed.
Result<> convertToStorage(const EvalContext &context, Tensor &result) {
  uint64_t count = result.count();
  RUNE_TRY(context.budget.reserve(count));
  std::vector<uint8_t> codes(count);
  RUNE_TRY(convertAll(context, Converter(context, result, codes.data())));
  packBytes(dtypeBits(result.dtype()), codes, result.bytes());
  context.budget.release(count);
  return {};
}

Result<Tensors> evaluate(const EvalContext &context) {
  Tensor result = RUNE_TRY(context.allocate());
  RUNE_TRY(isStorage(result.dtype())
               ? convertToStorage(context, result)
               : convertAll(context, Converter(context, result)));
  return single(std::move(result));
}

} // namespace

/// Sizes stay sizes in types that hold them.
static std::optional<Dims> elements(const InferContext &context) {
  return dtypeBits(dtypeOf(context.node)) < 32 ? std::nullopt
                                               : knownElements(context, 0);
}

OpDefinition defineCast() {
  return {
      {1, 1},
      {1, 1},
      {dtypeSpec({"f32",    "f64",        "f16",       "bf16",     "i8",
                  "i16",    "i32",        "i64",       "u8",       "u16",
                  "u32",    "u64",        "bool",      "f8e4m3fn", "f8e4m3fnuz",
                  "f8e5m2", "f8e5m2fnuz", "f8e8m0fnu", "f4e2m1fn", "i4",
                  "u4",     "i2",         "u2"}),
       {"round_mode",
        AttributeKind::Text,
        std::string("up"),
        {"up", "down", "nearest"}},
       flagSpec("saturate")},
      infer,
      evaluate,
      nullptr,
      false,
      elements};
}

} // namespace rune::graph
