// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// source  ONNX operators, TfIdfVectorizer-9
#include "import/onnx/compose.h"

#include <algorithm>

namespace rune::import {
namespace {

Result<Integers> needed(OnnxNode &node, std::string_view name) {
  auto list = RUNE_TRY(node.integers(name));
  if (!list || list->empty())
    return node.fail("attribute `{}` is missing", name);
  return *std::move(list);
}

Result<int64_t> neededOne(OnnxNode &node, std::string_view name) {
  auto value = RUNE_TRY(node.integer(name));
  if (!value)
    return node.fail("attribute `{}` is missing", name);
  return *value;
}

/// The counts by `mode`: themselves (TF), weights where there are any (IDF), or
/// both (TFIDF).
Result<ValueId> weighted(Composer &make, ValueId counts, int64_t size) {
  OnnxNode &node = make.node();
  std::string mode = RUNE_TRY(node.text("mode")).value_or("");
  auto weights = RUNE_TRY(node.numbers("weights"));
  if (mode == "TF")
    return make.finish(counts, DType::F32);
  if (mode != "IDF" && mode != "TFIDF")
    return node.fail("`mode` is `{}`, needs `TF`, `IDF` or `TFIDF`", mode);
  std::vector<double> factors(static_cast<size_t>(size), 1.0);
  if (weights && !weights->empty()) {
    if (weights->size() < factors.size())
      return node.fail("{} weights for {} columns", weights->size(), size);
    std::copy_n(weights->begin(), factors.size(), factors.begin());
  }
  ValueId factor = RUNE_TRY(make.constant(DType::F32, {size}, factors));
  if (mode == "TFIDF")
    return node.one(Op::Mul, {counts, factor});
  ValueId zero = make.scalarOf(0, DType::F32);
  ValueId any = RUNE_TRY(make.one(Op::Less, {zero, counts}));
  return node.one(Op::Where, {any, factor, zero});
}

} // namespace

/// inputs  X [C] or [B, C], i32 or i64
/// result  f32 [max(ngram_indexes) + 1] for each row
/// errors  unsupported: strings
Imported importTfIdfVectorizer(OnnxNode &node) {
  ValueId x = RUNE_TRY(node.input(0, "X"));
  if (node.dtype(x) == DType::Utf8 || node.has("pool_strings"))
    return node.unsupported("n-grams of strings");
  Integers pool = RUNE_TRY(needed(node, "pool_int64s"));
  Integers starts = RUNE_TRY(needed(node, "ngram_counts"));
  Integers places = RUNE_TRY(needed(node, "ngram_indexes"));
  int64_t least = RUNE_TRY(neededOne(node, "min_gram_length"));
  int64_t most = RUNE_TRY(neededOne(node, "max_gram_length"));
  int64_t skips = RUNE_TRY(neededOne(node, "max_skip_count"));
  int64_t last = std::ranges::max(places);
  if (last < 0 || last >= int64_t{1} << 32)
    return node.fail("`ngram_indexes` go up to {}", last);
  Composer make(node);
  if (node.rank(x) == 0)
    x = RUNE_TRY(make.reshape(x, {1}));
  ValueId counts = RUNE_TRY(make.one(
      Op::NgramCounts,
      {x, make.integers(pool), make.integers(starts), make.integers(places)},
      {{"least", least},
       {"most", most},
       {"size", last + 1},
       {"skips", skips}}));
  return std::vector{RUNE_TRY(weighted(make, counts, last + 1))};
}

} // namespace rune::import
