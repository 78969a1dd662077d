// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// RNN, GRU and LSTM: one node of ours for each direction.
//
// source  ONNX operators, RNN-1, 7, 14, 22; GRU-1, 3, 7, 14, 22; LSTM-1, 7, 14,
//         22
#include "import/onnx/recurrent.h"

#include "import/onnx/shapes.h"

#include <algorithm>
#include <array>

namespace rune::import {
namespace {

struct Function {
  std::string_view onnx, ours;
  /// Which numbers it takes, and what stands for one that is not given.
  bool alpha = false, beta = false;
  double alphaOr = 0, betaOr = 0;
};

constexpr Function functions[] = {
    {"affine", "affine", true, true, 1, 0},
    {"elu", "elu", true, false, 1},
    {"hardsigmoid", "hard_sigmoid", true, true, double{0.2F}, 0.5},
    {"leakyrelu", "leaky_relu", true, false, double{0.01F}},
    {"relu", "relu"},
    {"scaledtanh", "scaled_tanh", true, true, 1, 1},
    {"sigmoid", "sigmoid"},
    {"softplus", "softplus"},
    {"softsign", "softsign"},
    {"tanh", "tanh"},
    {"thresholdedrelu", "thresholded_relu", true, false, 1},
};

std::string lowered(std::string text) {
  std::ranges::transform(text, text.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return text;
}

/// `defaults` are those of one direction. Numbers are used up in order, by the
/// functions that take them.
Result<std::vector<ChosenFunction>>
activationsOf(OnnxNode &node, size_t directions,
              std::span<const std::string_view> defaults) {
  auto names = RUNE_TRY(node.texts("activations"));
  auto alphas = RUNE_TRY(node.numbers("activation_alpha"));
  auto betas = RUNE_TRY(node.numbers("activation_beta"));
  std::vector<std::string> wanted;
  if (names && !names->empty())
    wanted = *names;
  else
    for (size_t d = 0; d < directions; ++d)
      wanted.insert(wanted.end(), defaults.begin(), defaults.end());
  if (wanted.size() != directions * defaults.size())
    return node.fail("{} activations, needs {}", wanted.size(),
                     directions * defaults.size());
  std::vector<ChosenFunction> all;
  size_t alpha = 0, beta = 0;
  auto next = [](const auto &list, size_t &at, double otherwise) {
    return list && at < list->size() ? double{(*list)[at++]} : otherwise;
  };
  for (const std::string &name : wanted) {
    auto found = std::ranges::find(functions, std::string_view(lowered(name)),
                                   &Function::onnx);
    if (found == std::end(functions))
      return node.fail("activation `{}` is none of those ONNX names", name);
    ChosenFunction chosen{std::string(found->ours)};
    if (found->alpha)
      chosen.alpha = next(alphas, alpha, found->alphaOr);
    if (found->beta)
      chosen.beta = next(betas, beta, found->betaOr);
    all.push_back(std::move(chosen));
  }
  return all;
}

} // namespace

Result<RecurrentLayer>
readRecurrent(OnnxNode &node, std::span<const std::string_view> defaults) {
  RecurrentLayer layer;
  layer.x = RUNE_TRY(node.input(0, "X"));
  layer.weights = RUNE_TRY(node.input(1, "W"));
  layer.recurrent = RUNE_TRY(node.input(2, "R"));
  layer.bias = node.optionalInput(3);
  layer.lengths = node.optionalInput(4);
  layer.h = node.optionalInput(5);
  std::string direction =
      lowered(RUNE_TRY(node.text("direction")).value_or("forward"));
  if (direction == "bidirectional")
    layer.directions = 2;
  else if (direction == "reverse")
    layer.reverseOnly = true;
  else if (direction != "forward")
    return node.fail("`direction` is `{}`, needs `forward`, `reverse` or "
                     "`bidirectional`",
                     direction);
  layer.activations = RUNE_TRY(activationsOf(node, layer.directions, defaults));
  layer.clip = RUNE_TRY(node.number("clip", 0));
  layer.batchFirst = node.opset() >= 14 && RUNE_TRY(node.flag("layout", false));
  node.ignore("hidden_size"); // R says it
  if (node.opset() < 7)
    node.ignore("output_sequence");
  const std::pair<ValueId, std::string_view> three[] = {
      {layer.x, "X"}, {layer.weights, "W"}, {layer.recurrent, "R"}};
  for (auto [value, name] : three)
    if (node.rank(value) != 3)
      return node.fail("`{}` is `{}`, needs 3 dimensions", name,
                       node.type(value).str());
  const Dim &count = node.type(layer.weights).dims[0];
  if (count.isFixed() && count.size() != static_cast<int64_t>(layer.directions))
    return node.fail("`W` is `{}`, needs {} directions",
                     node.type(layer.weights).str(), layer.directions);
  return layer;
}

void addFunction(std::vector<Attribute> &attributes, std::string_view gate,
                 const ChosenFunction &chosen) {
  attributes.push_back({fmt::format("{}_activation", gate), chosen.name});
  attributes.push_back({fmt::format("{}_alpha", gate), chosen.alpha});
  attributes.push_back({fmt::format("{}_beta", gate), chosen.beta});
}

Result<ValueId> directionOf(OnnxNode &node, ValueId value, size_t direction,
                            std::string_view name, int64_t axis) {
  if (value == noValue)
    return noValue;
  return elementAt(node, value, axis, static_cast<int64_t>(direction),
                   fmt::format("{}{}", name, direction));
}

namespace {

/// Both halves of the bias of one direction: of x and of h.
struct Bias {
  ValueId input = noValue, recurrent = noValue;
};

Result<Bias> biasOf(OnnxNode &node, const RecurrentLayer &layer,
                    size_t direction, int64_t gates) {
  ValueId both = RUNE_TRY(directionOf(node, layer.bias, direction, "B"));
  if (both == noValue)
    return Bias{};
  Dim hidden = node.type(layer.recurrent).dims[2];
  const Dim &all = node.type(both).dims[0];
  if (!hidden.isFixed() && all.isFixed())
    hidden = Dim(all.size() / (2 * gates));
  if (!hidden.isFixed())
    return node.unsupported("`B` is `{}`, whose sizes are not known",
                            node.type(layer.bias).str());
  int64_t half = hidden.size() * gates;
  if (all.isFixed() && all.size() != 2 * half)
    return node.fail("`B` is `{}`, needs {} numbers a direction",
                     node.type(layer.bias).str(), 2 * half);
  Bias bias;
  bias.input = RUNE_TRY(
      sliced(node, both, 0, 0, half, fmt::format("B{}/input", direction)));
  bias.recurrent = RUNE_TRY(sliced(node, both, 0, half, INT64_MAX,
                                   fmt::format("B{}/recurrent", direction)));
  return bias;
}

/// The results of the directions, joined along a new dimension.
Result<ValueId> joined(OnnxNode &node, const std::vector<ValueId> &values,
                       int64_t axis, std::string_view name) {
  std::vector<ValueId> all;
  for (size_t d = 0; d < values.size(); ++d)
    all.push_back(RUNE_TRY(
        unsqueezed(node, values[d], axis, fmt::format("{}{}", name, d))));
  if (all.size() == 1)
    return all[0];
  return node.one(Op::Concat, std::move(all), {{"axis", axis}}, name);
}

} // namespace

Imported joinedDirections(OnnxNode &node, const RecurrentLayer &layer,
                          const std::vector<std::vector<ValueId>> &directions) {
  constexpr std::string_view names[] = {"Y", "Y_h", "Y_c"};
  std::vector<ValueId> results;
  for (size_t i = 0; i < directions[0].size(); ++i) {
    if (!node.wants(i)) {
      results.push_back(directions[0][i]);
      continue;
    }
    std::vector<ValueId> values;
    for (const auto &each : directions)
      values.push_back(each[i]);
    int64_t axis =
        i == 0 ? (layer.batchFirst ? 2 : 1) : (layer.batchFirst ? 1 : 0);
    results.push_back(RUNE_TRY(joined(node, values, axis, names[i])));
  }
  return results;
}

namespace {

std::vector<Attribute> commonAttributes(const RecurrentLayer &layer,
                                        size_t direction) {
  return {{"clip", layer.clip},
          {"layout", std::string(layer.batchFirst ? "NTC" : "TNC")},
          {"reverse", int64_t{layer.reverse(direction)}}};
}

/// RNN and GRU: their node for one direction.
Result<std::vector<ValueId>> unrolled(OnnxNode &node,
                                      const RecurrentLayer &layer, Op op,
                                      size_t direction, int64_t gates,
                                      std::vector<Attribute> attributes) {
  Bias bias = RUNE_TRY(biasOf(node, layer, direction, gates));
  std::vector<ValueId> inputs = {
      layer.x,
      RUNE_TRY(directionOf(node, layer.weights, direction, "W")),
      RUNE_TRY(directionOf(node, layer.recurrent, direction, "R")),
      bias.input,
      bias.recurrent,
      RUNE_TRY(
          directionOf(node, layer.h, direction, "initial_h", layer.batchFirst)),
      layer.lengths};
  for (Attribute &attribute : commonAttributes(layer, direction))
    attributes.push_back(std::move(attribute));
  return node.graph().node(op,
                           layer.directions == 1
                               ? node.name()
                               : fmt::format("{}/{}", node.name(), direction),
                           std::move(inputs), std::move(attributes), 2);
}

} // namespace

/// inputs  X, W, R, B?, sequence_lens?, initial_h?
/// result  Y, Y_h
/// errors  `direction`, `activations` that are none · sizes that do not agree
Imported importRNN(OnnxNode &node) {
  constexpr std::string_view defaults[] = {"tanh"};
  RecurrentLayer layer = RUNE_TRY(readRecurrent(node, defaults));
  std::vector<std::vector<ValueId>> results;
  for (size_t d = 0; d < layer.directions; ++d) {
    std::vector<Attribute> attributes;
    addFunction(attributes, "hidden", layer.activations[d]);
    results.push_back(
        RUNE_TRY(unrolled(node, layer, Op::Rnn, d, 1, std::move(attributes))));
  }
  return joinedDirections(node, layer, results);
}

/// inputs  as RNN
/// errors  as RNN
Imported importGRU(OnnxNode &node) {
  constexpr std::string_view defaults[] = {"sigmoid", "tanh"};
  RecurrentLayer layer = RUNE_TRY(readRecurrent(node, defaults));
  bool after =
      node.opset() >= 3 && RUNE_TRY(node.flag("linear_before_reset", false));
  std::vector<std::vector<ValueId>> results;
  for (size_t d = 0; d < layer.directions; ++d) {
    std::vector<Attribute> attributes = {{"reset_after", int64_t{after}}};
    addFunction(attributes, "gate", layer.activations[2 * d]);
    addFunction(attributes, "hidden", layer.activations[2 * d + 1]);
    results.push_back(
        RUNE_TRY(unrolled(node, layer, Op::Gru, d, 3, std::move(attributes))));
  }
  return joinedDirections(node, layer, results);
}

/// inputs  as RNN, then initial_c?, P?
/// result  Y, Y_h, Y_c
/// errors  as RNN
Imported importLSTM(OnnxNode &node) {
  constexpr std::string_view defaults[] = {"sigmoid", "tanh", "tanh"};
  RecurrentLayer layer = RUNE_TRY(readRecurrent(node, defaults));
  layer.c = node.optionalInput(6);
  layer.peephole = node.optionalInput(7);
  bool coupled = RUNE_TRY(node.flag("input_forget", false));
  std::vector<std::vector<ValueId>> results;
  for (size_t d = 0; d < layer.directions; ++d) {
    Bias bias = RUNE_TRY(biasOf(node, layer, d, 4));
    ValueId sum = noValue;
    if (bias.input != noValue)
      sum = RUNE_TRY(node.one(Op::Add, {bias.input, bias.recurrent}, {},
                              fmt::format("B{}/sum", d)));
    std::vector<Attribute> attributes = commonAttributes(layer, d);
    attributes.push_back({"coupled", int64_t{coupled}});
    addFunction(attributes, "gate", layer.activations[3 * d]);
    addFunction(attributes, "cell", layer.activations[3 * d + 1]);
    addFunction(attributes, "hidden", layer.activations[3 * d + 2]);
    std::vector<ValueId> inputs = {
        layer.x,
        RUNE_TRY(directionOf(node, layer.weights, d, "W")),
        RUNE_TRY(directionOf(node, layer.recurrent, d, "R")),
        sum,
        RUNE_TRY(directionOf(node, layer.h, d, "initial_h", layer.batchFirst)),
        RUNE_TRY(directionOf(node, layer.c, d, "initial_c", layer.batchFirst)),
        RUNE_TRY(directionOf(node, layer.peephole, d, "P")),
        layer.lengths};
    results.push_back(RUNE_TRY(node.graph().node(
        Op::Lstm,
        layer.directions == 1 ? node.name()
                              : fmt::format("{}/{}", node.name(), d),
        std::move(inputs), std::move(attributes), 3)));
  }
  return joinedDirections(node, layer, results);
}

} // namespace rune::import
