// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// lstm_integer(x, weights, recurrent, h, c, sigmoid, bias): lstm on 8-bit
// numbers with 16 bits for gates and cell, bit by bit as TensorFlow Lite Micro
// computes it. Sums of gates have 12 bits behind the point, gates 15, the cell
// as many as its scale says. Both functions read one table of the sigmoid, 24
// entries for each 1, by tanh x = 2 · sigmoid(2x) - 1.
//
// source  TensorFlow Lite's UNIDIRECTIONAL_SEQUENCE_LSTM for int8, LOGISTIC and
//         TANH for int16
#include "graph/ops/fixed_point.h"
#include "graph/ops/recurrent.h"

#include <algorithm>

namespace rune::graph {

namespace {

constexpr RecurrentInputs recurrentInputs = {6, 3, 4};
constexpr size_t tableInput = 5;
constexpr int64_t tableEntries = 256;
constexpr int64_t leastCellScale = -15;
constexpr int64_t noCellClip = 32768;
constexpr std::string_view factors[] = {"x", "h"};

bool isFixedPoint(int64_t multiplier, int64_t shift) {
  return multiplier >= 0 && multiplier <= INT32_MAX &&
         shift >= Scaler::leastShift &&
         shift <= Scaler::mostShift(Rounding::TfliteDouble);
}

Result<> checkFactors(const InferContext &context) {
  const Node &node = context.node;
  for (std::string_view name : factors) {
    const auto &multipliers =
        node.integers(fmt::format("{}_multipliers", name));
    const auto &shifts = node.integers(fmt::format("{}_shifts", name));
    bool four = multipliers.size() == gateCount && shifts.size() == gateCount;
    for (size_t i = 0; four && i < gateCount; ++i)
      four = isFixedPoint(multipliers[i], shifts[i]);
    // lstm_integer.4: a factor for each gate
    if (!four)
      return context.fail(4,
                          "`{}_multipliers` and `{}_shifts` are no {} scales",
                          name, name, size_t{gateCount});
  }
  if (!isFixedPoint(node.integer("hidden_multiplier"),
                    node.integer("hidden_shift")))
    return context.fail(4, "`hidden_multiplier` is {}, `hidden_shift` {}",
                        node.integer("hidden_multiplier"),
                        node.integer("hidden_shift"));
  return {};
}

Result<> checkNumbers(const InferContext &context) {
  auto check = [&](std::string_view name, int64_t low,
                   int64_t high) -> Result<> {
    int64_t number = context.node.integer(name);
    // lstm_integer.5: numbers in their ranges
    if (number < low || number > high)
      return context.fail(5, "`{}` is {}, must be {} to {}", name, number, low,
                          high);
    return {};
  };
  RUNE_TRY(check("x_zero_point", INT8_MIN, INT8_MAX));
  RUNE_TRY(check("h_zero_point", INT8_MIN, INT8_MAX));
  RUNE_TRY(check("cell_scale", leastCellScale, 0));
  return check("cell_clip", 0, noCellClip);
}

Result<Types> infer(const InferContext &context) {
  constexpr DType wanted[] = {DType::I8,  DType::I8,  DType::I8, DType::I8,
                              DType::I16, DType::U16, DType::I32};
  for (size_t i = 0; i < context.inputs(); ++i)
    // lstm_integer.1: each of its type
    if (context.has(i) && context.dtype(i) != wanted[i])
      return context.fail(1, "input {} is {}, must be {}", i,
                          context.type(i).str(), dtypeName(wanted[i]));
  Types types = RUNE_TRY(inferLstm(context, recurrentInputs));
  const Dims &table = context.dims(tableInput);
  if (table.size() != 1 || !unify(table[0], Dim(tableEntries)))
    return context.fail(3, "the table is {}, must be u16[{}]",
                        context.type(tableInput).str(), tableEntries);
  RUNE_TRY(checkFactors(context));
  RUNE_TRY(checkNumbers(context));
  return types;
}

int16_t to16(int64_t x) {
  return static_cast<int16_t>(std::clamp<int64_t>(x, INT16_MIN, INT16_MAX));
}

/// Both functions of 16-bit numbers; 15 bits behind the point in the result.
class Functions {
public:
  explicit Functions(ByteSpan table) : table_(table) {}

  /// Of a number with 12 bits behind the point.
  int16_t sigmoid(int16_t x) const {
    int32_t scaled = 3 * x; // 9 bits between entries
    int32_t value = between(std::abs(scaled), 9, 0x7fff << 10);
    return static_cast<int16_t>(
        (scaled >= 0 ? value + (1 << 9) : (1 << 25) - value + (1 << 9) - 1) >>
        10);
  }

  /// Of a number with -power bits behind the point.
  int16_t tanh(int16_t x, int power) const {
    int left = 12 + power;
    int32_t scaled =
        left >= 0 ? x * (3 << left) : (x * 3 + (1 << (-left - 1))) >> -left;
    int32_t value = between(std::abs(scaled), 8, 0xffff << 8) - (1 << 23);
    return static_cast<int16_t>(
        (scaled >= 0 ? value + (1 << 7) : -value + (1 << 7) - 1) >> 8);
  }

private:
  /// The line between two entries, with `bits` more bits than they have.
  int32_t between(int32_t x, int bits, int32_t beyond) const {
    int32_t entry = x >> bits;
    if (entry >= tableEntries - 1)
      return beyond;
    int32_t low = table_[entry], high = table_[entry + 1];
    return (low << bits) + (x & ((1 << bits) - 1)) * (high - low);
  }

  Elements<uint16_t> table_;
};

Scaler scaler(int64_t multiplier, int64_t shift) {
  return {static_cast<int32_t>(multiplier), static_cast<int32_t>(shift),
          Rounding::TfliteDouble};
}

std::vector<Scaler> scalers(const Node &node, std::string_view name) {
  const auto &multipliers = node.integers(fmt::format("{}_multipliers", name));
  const auto &shifts = node.integers(fmt::format("{}_shifts", name));
  std::vector<Scaler> all;
  for (size_t i = 0; i < gateCount; ++i)
    all.push_back(scaler(multipliers[i], shifts[i]));
  return all;
}

class Cell {
public:
  explicit Cell(const EvalContext &context)
      : context_(context), sizes_(context),
        functions_(context.input(tableInput).data),
        xScales_(scalers(context.node, "x")),
        hScales_(scalers(context.node, "h")),
        power_(static_cast<int>(context.node.integer("cell_scale"))),
        // 2^-15, and from 30 bits behind the point to -power
        kept_(scaler(int64_t{1} << 30, -14)),
        added_(scaler(int64_t{1} << 30, -29 - power_)),
        hidden_(scaler(context.node.integer("hidden_multiplier"),
                       context.node.integer("hidden_shift"))),
        clip_(context.node.integer("cell_clip")),
        xZero_(static_cast<int32_t>(context.node.integer("x_zero_point"))),
        hZero_(static_cast<int32_t>(context.node.integer("h_zero_point"))) {}

  /// Runs all steps; `y`, `h` and `c` are the results.
  Result<> run(int8_t *y, int8_t *h, int16_t *c) {
    std::vector<int8_t> next(static_cast<size_t>(sizes_.hidden));
    for (int64_t n = 0; n < sizes_.batch; ++n) {
      int8_t *own = h + n * sizes_.hidden;
      for (int64_t t = 0; t < sizes_.steps; ++t) {
        int64_t row = sizes_.row(t, n);
        if (!context_.budget.spend(sizes_.work()))
          return context_.budget.expired();
        const uint8_t *x =
            context_.input(0).data.data() + row * sizes_.channels;
        for (int64_t unit = 0; unit < sizes_.hidden; ++unit)
          next[static_cast<size_t>(unit)] =
              updated(x, own, unit, c[n * sizes_.hidden + unit]);
        std::ranges::copy(next, own);
        std::ranges::copy(next, y + row * sizes_.hidden);
      }
    }
    return {};
  }

private:
  /// Σ weights · (values - zero) + bias, in 32 bits, wrapping. All are bytes.
  static int32_t product(const uint8_t *weights, const uint8_t *values,
                         int64_t count, int32_t zero, int32_t bias) {
    auto sum = static_cast<uint32_t>(bias);
    for (int64_t i = 0; i < count; ++i)
      sum += static_cast<uint32_t>(
          static_cast<int8_t>(weights[i]) *
          (static_cast<int32_t>(static_cast<int8_t>(values[i])) - zero));
    return static_cast<int32_t>(sum);
  }

  /// What a gate's function is applied to.
  int16_t sum(Gate gate, const uint8_t *x, const int8_t *h,
              int64_t unit) const {
    int64_t row = static_cast<int64_t>(gate) * sizes_.hidden + unit;
    bool biased = context_.has(recurrentInputs.bias);
    int32_t bias =
        biased
            ? Elements<int32_t>(context_.input(recurrentInputs.bias).data)[row]
            : 0;
    const uint8_t *weights =
        context_.input(1).data.data() + row * sizes_.channels;
    const uint8_t *recurrent =
        context_.input(2).data.data() + row * sizes_.hidden;
    int64_t forward = product(weights, x, sizes_.channels, xZero_, bias);
    int64_t back = product(recurrent, reinterpret_cast<const uint8_t *>(h),
                           sizes_.hidden, hZero_, 0);
    return to16(int64_t{to16(xScales_[gate](forward))} +
                to16(hScales_[gate](back)));
  }

  /// The next h of a unit, whose `c` is replaced.
  int8_t updated(const uint8_t *x, const int8_t *h, int64_t unit,
                 int16_t &c) const {
    auto gate = [&](Gate which) {
      return int64_t{functions_.sigmoid(sum(which, x, h, unit))};
    };
    int64_t candidate = functions_.tanh(sum(CellGate, x, h, unit), -12);
    int64_t kept = to16(kept_(gate(ForgetGate) * int64_t{c}));
    int64_t added = to16(added_(gate(InputGate) * candidate));
    c = to16(std::clamp<int64_t>(to16(kept + added), -clip_, clip_));
    int64_t product = functions_.tanh(c, power_) * gate(OutputGate);
    return static_cast<int8_t>(
        std::clamp<int64_t>(hidden_(product) + hZero_, INT8_MIN, INT8_MAX));
  }

  const EvalContext &context_;
  Sequence sizes_;
  Functions functions_;
  std::vector<Scaler> xScales_, hScales_;
  int power_;
  Scaler kept_, added_, hidden_;
  int64_t clip_;
  int32_t xZero_, hZero_;
};

Result<Tensors> evaluate(const EvalContext &context) {
  Tensors results;
  results.push_back(RUNE_TRY(context.allocate(0)));
  results.push_back(RUNE_TRY(initialState(context, 1, recurrentInputs.h)));
  results.push_back(RUNE_TRY(initialState(context, 2, recurrentInputs.c)));
  RUNE_TRY(Cell(context).run(elementsOf<int8_t>(results[0]),
                             elementsOf<int8_t>(results[1]),
                             elementsOf<int16_t>(results[2])));
  return asMany(context, std::move(results));
}

AttributeSpec required(std::string_view name, AttributeKind kind) {
  return {name, kind, std::nullopt, {}};
}

} // namespace

OpDefinition defineLstmInteger() {
  return {{6, 7},
          {1, 3},
          {{"cell_clip", AttributeKind::Integer, noCellClip, {}},
           required("cell_scale", AttributeKind::Integer),
           required("h_multipliers", AttributeKind::Integers),
           required("h_shifts", AttributeKind::Integers),
           flagSpec("h_zero_point"),
           required("hidden_multiplier", AttributeKind::Integer),
           required("hidden_shift", AttributeKind::Integer),
           sequenceLayoutSpec(),
           required("x_multipliers", AttributeKind::Integers),
           required("x_shifts", AttributeKind::Integers),
           flagSpec("x_zero_point")},
          infer,
          evaluate};
}

} // namespace rune::graph
