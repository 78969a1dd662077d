// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Attention, one row of weights at a time; the recurrence that is linear
// attention; positions as angles.
//
// source  docs/ops.md: attention, linear_attention, rotary_embedding
#include "compile/library/reals.h"

using namespace rune::library;

namespace {

bool wants(const Call &call, int32_t output) {
  return output < call.outputs && call.out[output].rank >= 0;
}

struct Attending {
  enum Input { Q, K, V, Mask, PastKey, PastValue, Lengths };
  enum { causal, scaleAttribute, scores, softcap };

  const Call &call;
  int64_t heads, keyHeads, queries, length, size, valueSize, past, maskLength;
  Strides mask;
  double scale, *row;

  explicit Attending(const Call &call)
      : call(call), heads(call.in[Q].sizes[1]), keyHeads(call.in[K].sizes[1]),
        queries(call.in[Q].sizes[2]), size(call.in[K].sizes[3]),
        valueSize(call.in[V].sizes[3]),
        past(has(call, PastKey) ? call.in[PastKey].sizes[2] : 0), maskLength(0),
        scale(call.attributes[scaleAttribute].number),
        row(Scratch(call).take<double>(0)) {
    length = past + call.in[K].sizes[2];
    if (scale == 0)
      scale = 1 / math::sqrt(static_cast<double>(size));
    if (!has(call, Mask))
      return;
    const View &view = call.in[Mask];
    maskLength = view.sizes[view.rank - 1];
    int64_t wanted[] = {call.in[Q].sizes[0], heads, queries, maskLength};
    mask = stretched(view, {nullptr, wanted, 4, view.type});
    mask.of[3] = 1;
  }

  /// Element d of key (or value) j, of what was there before and what is new.
  double at(int32_t before, int32_t fresh, int64_t plane, int64_t j,
            int64_t d) const {
    const View &now = call.in[fresh];
    if (j < past)
      return loadFloat(call.in[before], (plane * past + j) * now.sizes[3] + d);
    return loadFloat(now, (plane * now.sizes[2] + j - past) * now.sizes[3] + d);
  }

  /// What is added to score j of a query.
  double bias(int64_t b, int64_t h, int64_t t, int64_t j, int64_t end) const {
    double value = 0;
    if (j >= end || (call.attributes[causal].integer != 0 &&
                     j > t + (has(call, Lengths) ? end - queries : past)))
      value = lowest<double>();
    if (!has(call, Mask))
      return value;
    const View &view = call.in[Mask];
    bool isBool = view.type == Type::Bool;
    if (j >= maskLength)
      return lowest<double>();
    double own =
        loadReal(view, b * mask.of[0] + h * mask.of[1] + t * mask.of[2] + j);
    return value + (isBool ? (own != 0 ? 0 : lowest<double>()) : own);
  }

  void note(bool isWanted, int64_t query, int64_t j, double value) const {
    if (isWanted && wants(call, 3))
      storeFloat(call.out[3], query * length + j, value);
  }

  int32_t attend(int64_t b, int64_t h, int64_t t, int64_t end) const {
    const Attribute &mode = call.attributes[scores];
    double cap = call.attributes[softcap].number;
    int64_t plane = b * keyHeads + h / (heads / keyHeads);
    int64_t query = (b * heads + h) * queries + t;
    double largest = lowest<double>(), sum = 0;
    bool left = false;
    for (int64_t j = 0; j < length; ++j) {
      if (mustStop(call))
        return stopped;
      double product = 0;
      for (int64_t d = 0; d < size; ++d)
        product += loadFloat(call.in[Q], query * size + d) *
                   at(PastKey, K, plane, j, d);
      product *= scale;
      note(isText(mode, "raw"), query, j, product);
      if (cap > 0)
        product = cap * math::tanh(product / cap);
      note(isText(mode, "capped"), query, j, product);
      double added = bias(b, h, t, j, end);
      left |= added != lowest<double>();
      product += added;
      note(isText(mode, "masked"), query, j, product);
      row[j] = product;
      if (product > largest || isNan(product))
        largest = isNan(largest) ? largest : product;
    }
    for (int64_t j = 0; j < length; ++j)
      sum += row[j] = left ? math::exp(row[j] - largest) : 0;
    for (int64_t j = 0; j < length; ++j) {
      row[j] = left ? row[j] / sum : 0;
      note(isText(mode, "weights"), query, j, row[j]);
    }
    for (int64_t d = 0; d < valueSize; ++d) {
      if (mustStop(call))
        return stopped;
      double y = 0;
      for (int64_t j = 0; j < length; ++j)
        y += row[j] * at(PastValue, V, plane, j, d);
      storeFloat(call.out[0], query * valueSize + d, y);
    }
    return 0;
  }

  /// Keys or values as the next call finds them.
  int32_t keep(int32_t output, int32_t before, int32_t fresh) const {
    if (!wants(call, output))
      return 0;
    int64_t width = call.in[fresh].sizes[3];
    int64_t planes = call.in[fresh].sizes[0] * keyHeads;
    for (int64_t plane = 0; plane < planes; ++plane)
      for (int64_t j = 0; j < length; ++j) {
        if (mustStop(call))
          return stopped;
        for (int64_t d = 0; d < width; ++d)
          storeFloat(call.out[output], (plane * length + j) * width + d,
                     at(before, fresh, plane, j, d));
      }
    return 0;
  }
};

} // namespace

RUNE_KERNEL(Attention) {
  Attending attention(call);
  int64_t batch = call.in[0].sizes[0];
  bool idle = attention.heads == 0 || attention.queries == 0;
  for (int64_t b = 0; b < (idle ? 0 : batch); ++b) {
    int64_t end = attention.length;
    if (has(call, Attending::Lengths))
      end = elements<int64_t>(call.in[Attending::Lengths])[b];
    if (end < 0 || end > attention.length)
      return 8; // attention.8
    for (int64_t h = 0; h < attention.heads; ++h)
      for (int64_t t = 0; t < attention.queries; ++t)
        if (int32_t status = attention.attend(b, h, t, end))
          return status;
  }
  int32_t status = attention.keep(1, Attending::PastKey, Attending::K);
  return status ? status
                : attention.keep(2, Attending::PastValue, Attending::V);
}

RUNE_KERNEL(RotaryEmbedding) {
  enum { interleaved, layout, rotarySize };
  const Attribute *a = call.attributes;
  const View &x = call.in[0], &y = call.out[0];
  bool heads = isText(a[layout], "BHTD"), pairs = a[interleaved].integer != 0;
  int64_t size = a[rotarySize].integer, width = x.sizes[3];
  int64_t half = (size == 0 ? width : size) / 2;
  int64_t steps = x.sizes[heads ? 2 : 1];
  int64_t rows = countOf(x) == 0 ? 0 : x.sizes[0] * x.sizes[1] * x.sizes[2];
  for (int64_t row = 0; row < rows; ++row) {
    if (mustStop(call))
      return stopped;
    int64_t n = row / (x.sizes[1] * x.sizes[2]);
    int64_t t = heads ? row % x.sizes[2] : row / x.sizes[2] % x.sizes[1];
    int64_t cos = ((call.in[1].sizes[0] == 1 ? 0 : n) * steps + t) * half;
    int64_t sin = ((call.in[2].sizes[0] == 1 ? 0 : n) * steps + t) * half;
    for (int64_t i = 2 * half; i < width; ++i)
      storeFloat(y, row * width + i, loadFloat(x, row * width + i));
    for (int64_t i = 0; i < half; ++i) {
      int64_t first = row * width + (pairs ? 2 * i : i);
      int64_t second = first + (pairs ? 1 : half);
      double a = loadFloat(x, first), b = loadFloat(x, second);
      double c = loadFloat(call.in[1], cos + i);
      double s = loadFloat(call.in[2], sin + i);
      storeFloat(y, first, a * c - b * s);
      storeFloat(y, second, a * s + b * c);
    }
  }
  return 0;
}

RUNE_KERNEL(LinearAttention) {
  enum { Q, K, V, State, Decay, Beta, Erase };
  enum { kvHeads, qHeads, scaleAttribute };
  const Attribute *a = call.attributes;
  int64_t batch = call.in[Q].sizes[0], steps = call.in[Q].sizes[1];
  int64_t heads = a[kvHeads].integer, group = a[qHeads].integer / heads;
  int64_t size = call.in[K].sizes[2] / heads;
  int64_t values = call.in[V].sizes[2] / heads;
  double scale = a[scaleAttribute].number;
  if (scale == 0)
    scale = 1 / math::sqrt(static_cast<double>(size));
  bool decayPerHead = has(call, Decay) && call.in[Decay].sizes[2] == heads;
  bool betaPerHead = has(call, Beta) && call.in[Beta].sizes[2] == heads;
  Scratch scratch(call);
  double *all = scratch.take<double>(batch * heads * size * values);
  double *write = scratch.take<double>(values);
  for (int64_t i = 0; i < batch * heads * size * values; ++i)
    all[i] = has(call, State) ? loadFloat(call.in[State], i) : 0;
  for (int64_t b = 0; b < batch; ++b)
    for (int64_t t = 0; t < steps; ++t)
      for (int64_t h = 0; h < heads; ++h) {
        if (mustStop(call))
          return stopped;
        int64_t row = b * steps + t, head = row * heads + h;
        double *state = all + (b * heads + h) * size * values;
        if (has(call, Decay))
          for (int64_t d = 0; d < size; ++d) {
            double kept = math::exp(loadFloat(
                call.in[Decay], decayPerHead ? head : head * size + d));
            for (int64_t m = 0; m < values; ++m)
              state[d * values + m] *= kept;
          }
        for (int64_t m = 0; m < values; ++m) {
          write[m] = loadFloat(call.in[V], head * values + m);
          if (!has(call, Beta))
            continue;
          double found = 0;
          for (int64_t d = 0; d < size; ++d)
            found +=
                state[d * values + m] * loadFloat(call.in[K], head * size + d) *
                (has(call, Erase) ? loadFloat(call.in[Erase], head * size + d)
                                  : 1);
          write[m] = loadFloat(call.in[Beta], betaPerHead ? head : row) *
                     (write[m] - found);
        }
        for (int64_t d = 0; d < size; ++d)
          for (int64_t m = 0; m < values; ++m)
            state[d * values + m] +=
                loadFloat(call.in[K], head * size + d) * write[m];
        for (int64_t g = 0; g < group; ++g)
          for (int64_t m = 0; m < values; ++m) {
            double y = 0;
            for (int64_t d = 0; d < size; ++d)
              y += scale *
                   loadFloat(call.in[Q], (head * group + g) * size + d) *
                   state[d * values + m];
            storeFloat(call.out[0], (head * group + g) * values + m, y);
          }
      }
  if (wants(call, 1))
    for (int64_t i = 0; i < batch * heads * size * values; ++i)
      storeFloat(call.out[1], i, all[i]);
  return 0;
}
