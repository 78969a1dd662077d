// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// attention(q, k, v, mask, past_key, past_value, lengths): scaled products of
// queries and keys become weights of the values. One row of weights is kept at
// a time, never the whole matrix.
//
//   s = softcap(scale · q · kᵀ) + mask        y = softmax(s) · v
//
// A row of which the mask leaves nothing gives zeros.
//
// source  ONNX Attention-24; Vaswani et al. 2017, arXiv:1706.03762
#include "graph/ops/reals.h"
#include "graph/rows.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace rune::graph {

namespace {

enum Input : size_t { Q, K, V, Mask, PastKey, PastValue, Lengths };

Result<> checkTypes(const InferContext &context) {
  DType dtype = context.dtype(Q);
  // attention.1: floats of one type, a mask of bools or floats, i64 lengths
  for (size_t i : {Q, K, V, PastKey, PastValue})
    if (context.has(i) && (!isFloat(dtype) || context.dtype(i) != dtype))
      return context.fail(1, "needs floats of one type, got {} and {}",
                          context.type(Q).str(), context.type(i).str());
  if (context.has(Mask) && context.dtype(Mask) != DType::Bool &&
      !isFloat(context.dtype(Mask)))
    return context.fail(1, "the mask is {}, needs bools or floats",
                        context.type(Mask).str());
  if (context.has(Lengths) && context.dtype(Lengths) != DType::I64)
    return context.fail(1, "the lengths are {}, need i64",
                        context.type(Lengths).str());
  // attention.2: four dimensions, of a mask two to four, of lengths one
  for (size_t i : {Q, K, V, PastKey, PastValue})
    if (context.has(i) && context.rank(i) != 4)
      return context.fail(2, "{} must be [batch, heads, length, size]",
                          context.type(i).str());
  if (context.has(Mask) && (context.rank(Mask) < 2 || context.rank(Mask) > 4))
    return context.fail(2, "the mask {} must have 2 to 4 dimensions",
                        context.type(Mask).str());
  if (context.has(Lengths) && context.rank(Lengths) != 1)
    return context.fail(2, "the lengths {} must have one dimension",
                        context.type(Lengths).str());
  return {};
}

Result<> checkNumbers(const InferContext &context) {
  // attention.3: both parts of the past, or none; not beside lengths
  if (context.has(PastKey) != context.has(PastValue) ||
      (context.has(PastKey) && context.has(Lengths)))
    return context.fail(3, "the past needs keys and values, and no lengths");
  // attention.4: flags and limits
  if (int64_t causal = context.node.integer("causal"); causal >> 1 != 0)
    return context.fail(4, "`causal` is {}, must be 0 or 1", causal);
  if (double cap = context.node.number("softcap"); !(cap >= 0))
    return context.fail(4, "`softcap` is {}, must be 0 (none) or more", cap);
  return {};
}

/// Sizes that must be one; what is known of them.
struct Sizes {
  const InferContext &context;

  Result<Dim> same(Dim dim, size_t input, size_t axis) const {
    if (!context.has(input))
      return dim;
    // attention.5: the sizes go together
    auto both = unify(dim, context.dims(input)[axis]);
    if (!both)
      return context.fail(5, "dimension {} of {} must be {}", axis,
                          context.type(input).str(), dim.str());
    return *both;
  }
};

Dim sumOr(const Dim &a, const Dim &b) {
  Dim parts[] = {a, b};
  return sumOf(parts).value_or(Dim::unknown());
}

Result<> checkHeads(const InferContext &context, const Dim &q, const Dim &kv) {
  // attention.6: as many query heads for each key head
  if (q.isFixed() && kv.isFixed() &&
      (kv.size() == 0 ? q.size() != 0 : q.size() % kv.size() != 0))
    return context.fail(6, "{} query heads for {} key heads", q.str(),
                        kv.str());
  return {};
}

Result<> checkMask(const InferContext &context, const Dims &scores) {
  if (!context.has(Mask))
    return {};
  const Dims &mask = context.dims(Mask);
  for (size_t i = 1; i <= mask.size(); ++i) {
    const Dim &have = mask[mask.size() - i], &want = scores[4 - i];
    bool fits = !have.isFixed() || !want.isFixed() || have == want ||
                (i == 1 ? have.size() < want.size() : have.size() == 1);
    // attention.7: the mask stretches to the scores; its rows may end early
    if (!fits)
      return context.fail(7, "the mask {} for scores [{}, {}, {}, {}]",
                          context.type(Mask).str(), scores[0].str(),
                          scores[1].str(), scores[2].str(), scores[3].str());
  }
  return {};
}

Result<Types> infer(const InferContext &context) {
  RUNE_TRY(checkTypes(context));
  RUNE_TRY(checkNumbers(context));
  Sizes sizes{context};
  Dim batch = context.dims(Q)[0];
  for (size_t i : {K, V, PastKey, PastValue})
    batch = RUNE_TRY(sizes.same(batch, i, 0));
  batch = RUNE_TRY(sizes.same(batch, Lengths, 0));
  Dim heads = context.dims(K)[1];
  for (size_t i : {V, PastKey, PastValue})
    heads = RUNE_TRY(sizes.same(heads, i, 1));
  Dim length = RUNE_TRY(sizes.same(context.dims(K)[2], V, 2));
  Dim size = RUNE_TRY(sizes.same(context.dims(Q)[3], K, 3));
  size = RUNE_TRY(sizes.same(size, PastKey, 3));
  Dim valueSize = RUNE_TRY(sizes.same(context.dims(V)[3], PastValue, 3));
  if (context.has(PastKey)) {
    Dim past = RUNE_TRY(sizes.same(context.dims(PastKey)[2], PastValue, 2));
    length = sumOr(past, length);
  }
  const Dim &queryHeads = context.dims(Q)[1], &queries = context.dims(Q)[2];
  RUNE_TRY(checkHeads(context, queryHeads, heads));
  Dims scores = {batch, queryHeads, queries, length};
  RUNE_TRY(checkMask(context, scores));
  DType dtype = context.dtype(Q);
  return Types{{dtype, {batch, queryHeads, queries, valueSize}},
               {dtype, {batch, heads, length, size}},
               {dtype, {batch, heads, length, valueSize}},
               {dtype, scores}};
}

/// Keys or values: what was there before, then what is new.
Result<Reals> joined(const EvalContext &context, size_t past, size_t next) {
  Reals fresh = RUNE_TRY(Reals::of(context, next));
  if (!context.has(past))
    return fresh;
  Reals old = RUNE_TRY(Reals::of(context, past));
  std::span<const int64_t> a = context.input(past).sizes,
                           b = context.input(next).sizes;
  int64_t planes = b[0] * b[1], before = a[2] * a[3], behind = b[2] * b[3];
  Reals all = RUNE_TRY(
      Reals::zeros(context, static_cast<uint64_t>(old.size() + fresh.size())));
  for (int64_t i = 0; i < planes; ++i) {
    if (!context.budget.spend(static_cast<uint64_t>(before + behind)))
      return context.budget.expired();
    std::copy_n(old.from(i * before), before, all.from(i * (before + behind)));
    std::copy_n(fresh.from(i * behind), behind,
                all.from(i * (before + behind) + before));
  }
  return all;
}

constexpr double lowest = -std::numeric_limits<double>::infinity();

class Attention {
public:
  explicit Attention(const EvalContext &context)
      : context_(context), mode_(context.node.text("scores")) {}

  Result<Tensors> run() {
    q_ = RUNE_TRY(Reals::of(context_, Q));
    k_ = RUNE_TRY(joined(context_, PastKey, K));
    v_ = RUNE_TRY(joined(context_, PastValue, V));
    mask_ = RUNE_TRY(Reals::of(context_, Mask));
    measure();
    y_ = RUNE_TRY(Reals::zeros(
        context_, static_cast<uint64_t>(batch_ * heads_ * queries_) *
                      static_cast<uint64_t>(valueSize_)));
    row_ = RUNE_TRY(Reals::zeros(context_, static_cast<uint64_t>(length_)));
    bias_ = RUNE_TRY(Reals::zeros(context_, static_cast<uint64_t>(length_)));
    bool wanted = context_.results.size() > 3;
    if (wanted)
      scores_ = RUNE_TRY(Reals::zeros(
          context_, RUNE_TRY(elementCount(context_.results[3].sizes()))));
    bool idle = heads_ == 0 || queries_ == 0;
    for (int64_t b = 0; b < (idle ? 0 : batch_); ++b)
      for (int64_t h = 0; h < heads_; ++h)
        for (int64_t t = 0; t < queries_; ++t) {
          if (!context_.budget.spend(
                  cappedProduct(static_cast<uint64_t>(length_),
                                static_cast<uint64_t>(size_ + valueSize_ + 4))))
            return context_.budget.expired();
          RUNE_TRY(attend(b, h, t));
        }
    return results();
  }

private:
  void measure() {
    std::vector<int64_t> y = context_.results[0].sizes();
    std::span<const int64_t> keys = context_.input(K).sizes;
    batch_ = y[0];
    heads_ = y[1];
    queries_ = y[2];
    valueSize_ = y[3];
    keyHeads_ = keys[1];
    past_ = context_.has(PastKey) ? context_.input(PastKey).sizes[2] : 0;
    length_ = past_ + keys[2];
    size_ = keys[3];
    scale_ = context_.node.number("scale");
    if (scale_ == 0)
      scale_ = 1 / std::sqrt(static_cast<double>(size_));
    causal_ = context_.node.integer("causal") != 0;
    cap_ = context_.node.number("softcap");
    if (context_.has(Mask)) {
      std::span<const int64_t> sizes = context_.input(Mask).sizes;
      maskLength_ = sizes.back();
      std::vector<int64_t> wanted = {batch_, heads_, queries_, maskLength_};
      maskStrides_ = stretchedStrides(sizes, wanted);
      maskStrides_.back() = 1;
    }
  }

  /// What is added to the scores of one query: 0, -∞ or the mask. True if
  /// something is left.
  Result<bool> fillBias(int64_t b, int64_t h, int64_t t) {
    int64_t end = length_, last = length_;
    if (context_.has(Lengths)) {
      end = Elements<int64_t>(context_.input(Lengths).data)[b];
      // attention.8: lengths of what is there
      if (end < 0 || end > length_)
        return context_.fail(8, "length {} is outside [0, {}]", end, length_);
    }
    if (causal_)
      last = t + (context_.has(Lengths) ? end - queries_ : past_);
    int64_t at = 0;
    bool isBool = false;
    if (context_.has(Mask)) {
      at = b * maskStrides_[0] + h * maskStrides_[1] + t * maskStrides_[2];
      isBool = context_.dtype(Mask) == DType::Bool;
    }
    bool left = false;
    for (int64_t j = 0; j < length_; ++j) {
      double bias = j < end && j <= last ? 0 : lowest;
      if (context_.has(Mask)) {
        double mask = j < maskLength_ ? mask_[at + j] : isBool ? 0 : lowest;
        bias += isBool ? (mask != 0 ? 0 : lowest) : mask;
      }
      bias_[j] = bias;
      left |= bias != lowest;
    }
    return left;
  }

  Result<> attend(int64_t b, int64_t h, int64_t t) {
    bool left = RUNE_TRY(fillBias(b, h, t));
    int64_t kv = h / (heads_ / keyHeads_);
    int64_t query = (b * heads_ + h) * queries_ + t;
    const double *q = q_.from(query * size_);
    const double *k = k_.from((b * keyHeads_ + kv) * length_ * size_);
    const double *v = v_.from((b * keyHeads_ + kv) * length_ * valueSize_);
    double largest = lowest, sum = 0;
    for (int64_t j = 0; j < length_; ++j) {
      double product = 0;
      for (int64_t d = 0; d < size_; ++d)
        product += q[d] * k[j * size_ + d];
      product *= scale_;
      note("raw", query, j, product);
      if (cap_ > 0)
        product = cap_ * std::tanh(product / cap_);
      note("capped", query, j, product);
      product += bias_[j];
      note("masked", query, j, product);
      row_[j] = product;
      if (product > largest || std::isnan(product))
        largest = std::isnan(largest) ? largest : product;
    }
    for (int64_t j = 0; j < length_; ++j)
      sum += row_[j] = left ? std::exp(row_[j] - largest) : 0;
    double *y = y_.from(query * valueSize_);
    for (int64_t j = 0; j < length_; ++j) {
      double weight = left ? row_[j] / sum : 0;
      note("weights", query, j, weight);
      for (int64_t d = 0; d < valueSize_; ++d)
        y[d] += weight * v[j * valueSize_ + d];
    }
    return {};
  }

  void note(std::string_view stage, int64_t query, int64_t j, double value) {
    if (!scores_.empty() && mode_ == stage)
      scores_[query * length_ + j] = value;
  }

  Result<Tensors> results() const {
    const Reals *all[] = {&y_, &k_, &v_, &scores_};
    Tensors results;
    for (size_t i = 0; i < context_.results.size(); ++i)
      results.push_back(RUNE_TRY(narrowed(context_, *all[i], i)));
    return results;
  }

  const EvalContext &context_;
  std::string_view mode_;
  Reals q_, k_, v_, mask_, y_, row_, bias_, scores_;
  int64_t batch_ = 0, heads_ = 0, keyHeads_ = 0, queries_ = 0, length_ = 0,
          size_ = 0, valueSize_ = 0, past_ = 0, maskLength_ = 0;
  Strides maskStrides_;
  double scale_ = 0, cap_ = 0;
  bool causal_ = false;
};

Result<Tensors> evaluate(const EvalContext &context) {
  return Attention(context).run();
}

} // namespace

OpDefinition defineAttention() {
  return {{3, 7},
          {1, 4},
          {flagSpec("causal"),
           {"scale", AttributeKind::Number, 0.0, {}},
           {"scores",
            AttributeKind::Text,
            std::string("raw"),
            {"raw", "capped", "masked", "weights"}},
           {"softcap", AttributeKind::Number, 0.0, {}}},
          infer,
          evaluate};
}

} // namespace rune::graph
