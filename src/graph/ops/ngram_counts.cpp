// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// ngram_counts(x[C] or [B, C], pool i64[p], starts i64[g], places i64[q]): how
// often each n-gram of the pool occurs in a row of x. The n-grams of length k +
// 1 stand in the pool from starts[k] on, one behind the other; the i-th of all
// of them is counted at places[i]. Those of `least` to `most` elements are
// looked for, their elements 1 to `skips` + 1 apart; single elements once.
//
// source  ONNX TfIdfVectorizer-9
#include "graph/ops/indices.h"

#include <map>

namespace rune::graph {
namespace {

bool isList(const TensorType &type) {
  return type.dtype == DType::I64 && type.dims.size() == 1;
}

/// The attributes and the lists, as far as they are known.
Result<> check(const InferContext &context) {
  int64_t least = context.node.integer("least"),
          most = context.node.integer("most"),
          skips = context.node.integer("skips"),
          size = context.node.integer("size");
  // ngram_counts.3: 1 ≤ least ≤ most, skips ≥ 0, size ≥ 1
  if (least < 1 || most < least || skips < 0 || size < 1)
    return context.fail(3, "`least` {}, `most` {}, `skips` {}, `size` {}",
                        least, most, skips, size);
  auto pool = context.integers(1), starts = context.integers(2),
       places = context.integers(3);
  if (!pool || !starts || !places)
    return {};
  auto end = static_cast<int64_t>(pool->size());
  size_t grams = 0;
  for (size_t k = 0; k < starts->size(); ++k) {
    int64_t from = (*starts)[k],
            to = k + 1 < starts->size() ? (*starts)[k + 1] : end;
    auto length = static_cast<int64_t>(k + 1);
    // ngram_counts.4: the pool is cut into whole n-grams, in order
    if (from < 0 || from > to || to > end || (to - from) % length != 0)
      return context.fail(4, "{}-grams from {} to {} of a pool of {}", length,
                          from, to, end);
    grams += static_cast<size_t>((to - from) / length);
  }
  // ngram_counts.5: a place for each, below `size`
  if (places->size() != grams)
    return context.fail(5, "{} places for {} n-grams", places->size(), grams);
  for (int64_t place : *places)
    if (place < 0 || place >= size)
      return context.fail(5, "place {} of {}", place, size);
  return {};
}

Result<Types> infer(const InferContext &context) {
  const TensorType &x = context.type(0);
  // ngram_counts.1: i32 or i64, a row or several
  if (!isIndex(x.dtype) || x.dims.empty() || x.dims.size() > 2)
    return context.fail(1, "needs i32 or i64, [C] or [B, C], got {}", x.str());
  // ngram_counts.2: three vectors of i64
  for (size_t i = 1; i < 4; ++i)
    if (!isList(context.type(i)))
      return context.fail(2, "input {} is {}, must be i64[n]", i,
                          context.type(i).str());
  RUNE_TRY(check(context));
  TensorType result{DType::F32, x.dims};
  result.dims.back() = Dim(context.node.integer("size"));
  return Types{result};
}

using Gram = std::vector<int64_t>;
using Grams = std::map<Gram, int64_t>;

/// Where to count each n-gram of the lengths that are looked for; of equal ones
/// the last.
Grams gramsOf(const EvalContext &context) {
  std::vector<int64_t> pool = *context.integers(1),
                       starts = *context.integers(2),
                       places = *context.integers(3);
  Grams grams;
  size_t gram = 0;
  for (size_t k = 0; k < starts.size(); ++k) {
    auto at = static_cast<size_t>(starts[k]),
         end = k + 1 < starts.size() ? static_cast<size_t>(starts[k + 1])
                                     : pool.size();
    auto length = static_cast<int64_t>(k + 1);
    bool wanted = length >= context.node.integer("least") &&
                  length <= context.node.integer("most");
    for (; at < end; at += k + 1, ++gram)
      if (wanted)
        grams[Gram(pool.begin() + static_cast<ptrdiff_t>(at),
                   pool.begin() + static_cast<ptrdiff_t>(at + k + 1))] =
            places[gram];
  }
  return grams;
}

Result<> countRow(const EvalContext &context, const Grams &grams,
                  const Indices &x, int64_t first, int64_t size, float *out) {
  auto longest = static_cast<int64_t>(context.input(2).sizes[0]);
  int64_t most = std::min(context.node.integer("most"), longest);
  int64_t skips = std::min(context.node.integer("skips"), size);
  for (int64_t apart = 1; apart <= skips + 1; ++apart)
    for (int64_t start = 0; start < size; ++start) {
      Gram gram;
      for (int64_t at = start;
           at < size && static_cast<int64_t>(gram.size()) < most; at += apart) {
        if (!context.budget.spend(8))
          return context.budget.expired();
        gram.push_back(x[first + at]);
        auto found =
            apart > 1 && gram.size() == 1 ? grams.end() : grams.find(gram);
        if (found != grams.end())
          out[found->second] += 1;
      }
    }
  return {};
}

Result<Tensors> evaluate(const EvalContext &context) {
  Tensor result = RUNE_TRY(context.allocate());
  uint64_t scratch = context.input(1).data.size() * 16;
  RUNE_TRY(context.budget.reserve(scratch));
  Grams grams = gramsOf(context);
  int64_t size = context.input(0).sizes.back();
  int64_t counts = result.sizes().back();
  int64_t rows = result.sizes().size() == 2 ? result.sizes()[0] : 1;
  Indices x(context.input(0));
  float *out = elementsOf<float>(result);
  for (int64_t row = 0; row < rows; ++row)
    RUNE_TRY(countRow(context, grams, x, row * size, size, out + row * counts));
  context.budget.release(scratch);
  return single(std::move(result));
}

} // namespace

OpDefinition defineNgramCounts() {
  return {{4, 4},
          {1, 1},
          {{"least", AttributeKind::Integer, int64_t{1}, {}},
           {"most", AttributeKind::Integer, int64_t{1}, {}},
           {"size", AttributeKind::Integer, std::nullopt, {}},
           {"skips", AttributeKind::Integer, int64_t{0}, {}}},
          infer,
          evaluate};
}

} // namespace rune::graph
