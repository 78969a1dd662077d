// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Products summed over letters, determinants, ensembles of trees, and numbers
// that look random.
//
// source  docs/ops.md: einsum, det, tree_ensemble, random
#include "compile/library/reals.h"

using namespace rune::library;

namespace {

/// The letters of an equation with one or two terms, as dimensions.
struct Equation {
  static constexpr int32_t most = 2 * maxRank;
  int64_t sizes[128] = {}, strides[2][128] = {};
  char kept[most], folded[most];
  int32_t keptCount = 0, foldedCount = 0;

  Equation(const Call &call, const Attribute &text) {
    const char *at = static_cast<const char *>(text.list);
    int32_t term = 0, d = 0;
    char all[most];
    int32_t count = 0;
    bool seen[128] = {};
    int64_t i = 0;
    for (; at[i] != '-'; ++i) {
      if (at[i] == ',') {
        ++term, d = 0;
        continue;
      }
      auto letter = static_cast<unsigned char>(at[i]) & 127;
      int64_t size = call.in[term].sizes[d++];
      if (!seen[letter])
        all[count++] = at[i];
      if (!seen[letter] || size != 1)
        sizes[letter] = size;
      seen[letter] = true;
    }
    for (i += 2; i < text.count; ++i) {
      kept[keptCount++] = at[i];
      seen[static_cast<unsigned char>(at[i]) & 127] = false;
    }
    for (int32_t k = 0; k < count; ++k)
      if (seen[static_cast<unsigned char>(all[k]) & 127])
        folded[foldedCount++] = all[k];
    term = 0, d = 0;
    Strides own = rowMajor(call.in[0]);
    for (i = 0; at[i] != '-'; ++i) {
      if (at[i] == ',') {
        own = rowMajor(call.in[++term]), d = 0;
        continue;
      }
      auto letter = static_cast<unsigned char>(at[i]) & 127;
      if (call.in[term].sizes[d] == sizes[letter])
        strides[term][letter] += own.of[d];
      ++d;
    }
  }
};

/// Counts through the sizes of letters, the last fastest; keeps two offsets.
class LetterCounter {
public:
  LetterCounter(const Equation &equation, const char *letters, int32_t count)
      : equation_(equation), letters_(letters), count_(count) {}
  int64_t a = 0, b = 0;

  bool isEmpty() const {
    for (int32_t i = 0; i < count_; ++i)
      if (equation_.sizes[letterAt(i)] == 0)
        return true;
    return false;
  }
  bool advance() {
    for (int32_t i = count_; i-- > 0;) {
      int letter = letterAt(i);
      a += equation_.strides[0][letter];
      b += equation_.strides[1][letter];
      if (++at_[i] < equation_.sizes[letter])
        return true;
      a -= at_[i] * equation_.strides[0][letter];
      b -= at_[i] * equation_.strides[1][letter];
      at_[i] = 0;
    }
    return false;
  }

private:
  int letterAt(int32_t i) const {
    return static_cast<unsigned char>(letters_[i]) & 127;
  }
  const Equation &equation_;
  const char *letters_;
  int32_t count_;
  int64_t at_[Equation::most] = {};
};

} // namespace

RUNE_KERNEL(Einsum) {
  enum { accumulator, equationAttribute };
  Equation equation(call, call.attributes[equationAttribute]);
  LetterCounter place(equation, equation.kept, equation.keptCount);
  if (place.isEmpty())
    return 0;
  return withAccumulator(
      call.in[0].type, call.attributes[accumulator],
      [&]<class T, class Sum>(Tag<T>, Tag<Sum>) -> int32_t {
        const T *a = elements<T>(call.in[0]);
        const T *b = call.inputs > 1 ? elements<T>(call.in[1]) : nullptr;
        T *out = elements<T>(call.out[0]);
        do {
          LetterCounter tap(equation, equation.folded, equation.foldedCount);
          Sum sum = 0;
          if (!tap.isEmpty())
            do {
              if (mustStop(call))
                return stopped;
              Sum x = static_cast<Sum>(widen(a[place.a + tap.a]));
              Sum y = b ? static_cast<Sum>(widen(b[place.b + tap.b])) : Sum(1);
              sum = addWrapping(sum, mulWrapping(x, y));
            } while (tap.advance());
          *out++ = narrow<T>(sum);
        } while (place.advance());
        return 0;
      });
}

RUNE_KERNEL(Det) {
  const View &x = call.in[0];
  int64_t n = x.sizes[x.rank - 1], count = countOf(call.out[0]);
  double *m = Scratch(call).take<double>(n * n);
  for (int64_t k = 0; k < count; ++k) {
    for (int64_t i = 0; i < n * n; ++i)
      m[i] = loadFloat(x, k * n * n + i);
    double result = 1;
    for (int64_t column = 0; column < n; ++column) {
      int64_t best = column;
      for (int64_t row = column + 1; row < n; ++row)
        if (!(magnitude(m[row * n + column]) <=
              magnitude(m[best * n + column])))
          best = row;
      double pivot = m[best * n + column];
      if (best != column) {
        for (int64_t i = 0; i < n; ++i) {
          double kept = m[best * n + i];
          m[best * n + i] = m[column * n + i];
          m[column * n + i] = kept;
        }
        result = -result;
      }
      result *= pivot;
      if (pivot == 0) {
        result = 0;
        break;
      }
      for (int64_t row = column + 1; row < n; ++row) {
        if (mustStop(call))
          return stopped;
        double factor = m[row * n + column] / pivot;
        for (int64_t i = column; i < n; ++i)
          m[row * n + i] -= factor * m[column * n + i];
      }
    }
    storeFloat(call.out[0], k, result);
  }
  return 0;
}

namespace {

/// Bits of a node's mode: which comparison, and where NaN goes.
constexpr int64_t nanIsTrue = 8;

bool isTaken(int64_t mode, double x, double split) {
  enum { Leq, Lt, Geq, Gt, Eq };
  if (isNan(x) && (mode & nanIsTrue) != 0)
    return true;
  switch (mode & ~nanIsTrue) {
  case Leq:
    return x <= split;
  case Lt:
    return x < split;
  case Geq:
    return x >= split;
  case Gt:
    return x > split;
  case Eq:
    return x == split;
  default:
    return x != split;
  }
}

} // namespace

RUNE_KERNEL(TreeEnsemble) {
  enum { X, Nodes, Splits, Roots, Leaves, Targets, Weights };
  enum { aggregate, targets };
  const Attribute &how = call.attributes[aggregate];
  bool isLeast = isText(how, "min"), isMost = isText(how, "max");
  bool isAverage = isText(how, "average");
  const int64_t *nodes = elements<int64_t>(call.in[Nodes]);
  const int64_t *roots = elements<int64_t>(call.in[Roots]);
  const int64_t *leaves = elements<int64_t>(call.in[Leaves]);
  const int64_t *places = elements<int64_t>(call.in[Targets]);
  int64_t count = call.in[Nodes].sizes[0], trees = call.in[Roots].sizes[0];
  int64_t leafCount = call.in[Leaves].sizes[0];
  int64_t entries = call.in[Targets].sizes[0];
  int64_t features = call.in[X].sizes[1], most = call.out[0].sizes[1];
  Scratch scratch(call);
  double *totals = scratch.take<double>(most);
  uint8_t *isSet = scratch.take<uint8_t>(most);
  for (int64_t row = 0; row < call.out[0].sizes[0]; ++row) {
    for (int64_t i = 0; i < most; ++i)
      totals[i] = 0, isSet[i] = 0;
    for (int64_t tree = 0; tree < trees; ++tree) {
      if (mustStop(call))
        return stopped;
      // always forwards: it ends
      int64_t from = -1, at = roots[tree];
      while (at >= 0) {
        if (at <= from || at >= count)
          return from < 0 ? 6 : 5; // tree_ensemble.5 tree_ensemble.6
        const int64_t *node = nodes + 4 * at;
        if (node[0] < 0 || node[0] >= features)
          return 4; // tree_ensemble.4
        from = at;
        at = isTaken(node[1], loadFloat(call.in[X], row * features + node[0]),
                     loadFloat(call.in[Splits], at))
                 ? node[2]
                 : node[3];
      }
      int64_t leaf = ~at;
      if (leaf >= leafCount)
        return from < 0 ? 6 : 5;
      if (leaves[2 * leaf] < 0 || leaves[2 * leaf + 1] > entries)
        return 7; // tree_ensemble.7
      for (int64_t i = leaves[2 * leaf]; i < leaves[2 * leaf + 1]; ++i) {
        int64_t target = places[i];
        if (target < 0 || target >= most)
          return 8; // tree_ensemble.8
        double weight = loadFloat(call.in[Weights], i);
        double &total = totals[target];
        total = !isSet[target] ? weight
                : isLeast      ? (weight < total ? weight : total)
                : isMost       ? (total < weight ? weight : total)
                               : total + weight;
        isSet[target] = 1;
      }
    }
    for (int64_t i = 0; i < most; ++i)
      storeFloat(call.out[0], row * most + i,
                 isAverage && trees > 0 ? totals[i] / static_cast<double>(trees)
                                        : totals[i]);
  }
  return 0;
}

namespace {

struct Pair {
  uint64_t first, second;
};

/// Philox4x32 with 10 rounds.
Pair pairOf(uint64_t block, uint64_t seed, uint64_t run) {
  uint32_t c[] = {static_cast<uint32_t>(block),
                  static_cast<uint32_t>(block >> 32),
                  static_cast<uint32_t>(run), static_cast<uint32_t>(run >> 32)};
  auto low = static_cast<uint32_t>(seed),
       high = static_cast<uint32_t>(seed >> 32);
  for (int round = 0; round < 10; ++round) {
    uint64_t a = uint64_t{0xD2511F53} * c[0], b = uint64_t{0xCD9E8D57} * c[2];
    c[0] = static_cast<uint32_t>(b >> 32) ^ c[1] ^ low;
    c[1] = static_cast<uint32_t>(b);
    c[2] = static_cast<uint32_t>(a >> 32) ^ c[3] ^ high;
    c[3] = static_cast<uint32_t>(a);
    low += 0x9E3779B9;
    high += 0xBB67AE85;
  }
  return {uint64_t{c[0]} << 32 | c[1], uint64_t{c[2]} << 32 | c[3]};
}

double fraction(uint64_t bits, int count) {
  return static_cast<double>(bits >> (64 - count)) /
         static_cast<double>(uint64_t{1} << count);
}

} // namespace

RUNE_KERNEL(Random) {
  enum { distribution, dtype, like, seed };
  const View &y = call.out[0];
  auto key = static_cast<uint64_t>(call.attributes[seed].integer);
  uint64_t run = has(call, 1) ? elements<uint64_t>(call.in[1])[0] : 0;
  bool isNormal = isText(call.attributes[distribution], "normal");
  int bits = y.type == Type::F64    ? 53
             : y.type == Type::F16  ? 11
             : y.type == Type::BF16 ? 8
                                    : 24;
  return eachPiece(call, countOf(y), [&](int64_t from, int64_t to) {
    for (int64_t i = from; i < to; ++i) {
      Pair pair = pairOf(static_cast<uint64_t>(i) / 2, key, run);
      bool second = i % 2 != 0;
      if (!isNormal) {
        storeFloat(y, i, fraction(second ? pair.second : pair.first, bits));
        continue;
      }
      double radius = math::sqrt(-2 * math::log(1 - fraction(pair.first, 53)));
      double angle = 2 * 3.14159265358979323846 * fraction(pair.second, 53);
      storeFloat(y, i, radius * (second ? math::sin(angle) : math::cos(angle)));
    }
  });
}
