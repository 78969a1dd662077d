// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The equation in one form: explicit, of letters only. The ranks are known, so
// each dimension that an ellipsis stands for gets a letter of its own.
//
// source  ONNX operators, Einsum-12; numpy.einsum
#include "import/onnx/node.h"

#include <algorithm>

namespace rune::import {
namespace {

constexpr std::string_view alphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// One side of the equation: letters, and where an ellipsis stands.
struct Term {
  std::string letters;
  std::optional<size_t> ellipsis;

  std::string with(std::string_view dims) const {
    std::string all = letters;
    return ellipsis ? all.insert(*ellipsis, dims) : all;
  }
};

Result<Term> parseTerm(const OnnxNode &node, std::string_view text) {
  Term term;
  for (size_t at = 0; at < text.size(); ++at) {
    if (text[at] == ' ')
      continue;
    if (text.substr(at, 3) == "..." && !term.ellipsis) {
      term.ellipsis = term.letters.size();
      at += 2;
    } else if (alphabet.find(text[at]) != alphabet.npos) {
      term.letters.push_back(text[at]);
    } else {
      return node.fail("`{}` is no term of an equation", text);
    }
  }
  return term;
}

struct Equation {
  std::vector<Term> inputs;
  std::optional<Term> result;
};

Result<Equation> parseEquation(const OnnxNode &node, std::string_view text) {
  Equation equation;
  size_t arrow = text.find("->");
  if (arrow != text.npos)
    equation.result = RUNE_TRY(parseTerm(node, text.substr(arrow + 2)));
  std::string_view left = text.substr(0, arrow);
  while (true) {
    size_t comma = left.find(',');
    equation.inputs.push_back(RUNE_TRY(parseTerm(node, left.substr(0, comma))));
    if (comma == left.npos)
      return equation;
    left.remove_prefix(comma + 1);
  }
}

/// Letters that the equation does not use, for the dimensions of ellipses.
Result<std::string> freeLetters(const OnnxNode &node, const Equation &equation,
                                size_t count) {
  std::string used;
  for (const Term &term : equation.inputs)
    used += term.letters;
  std::string free;
  for (char c : alphabet)
    if (used.find(c) == used.npos && free.size() < count)
      free.push_back(c);
  if (free.size() < count)
    return node.unsupported("an equation of more than {} dimensions",
                            alphabet.size());
  return free;
}

/// Without `->`: the ellipsis, then the letters that stand once, sorted.
Term impliedResult(const Equation &equation) {
  std::string all;
  for (const Term &term : equation.inputs)
    all += term.letters;
  Term result{{}, 0};
  for (char c : alphabet)
    if (std::ranges::count(all, c) == 1)
      result.letters.push_back(c);
  return result;
}

/// How many dimensions the ellipsis of a term stands for.
Result<size_t> hiddenDims(const OnnxNode &node, const Term &term,
                          ValueId input) {
  auto rank = static_cast<size_t>(node.rank(input));
  bool fits =
      term.ellipsis ? term.letters.size() <= rank : term.letters.size() == rank;
  if (!fits)
    return node.fail("the term `{}` does not fit `{}`", term.with("..."),
                     node.type(input).str());
  return rank - term.letters.size();
}

Result<std::string> explicitForm(const OnnxNode &node, const Equation &equation,
                                 const std::vector<ValueId> &inputs) {
  std::vector<size_t> hidden;
  for (size_t i = 0; i < inputs.size(); ++i)
    hidden.push_back(RUNE_TRY(hiddenDims(node, equation.inputs[i], inputs[i])));
  size_t most = std::ranges::max(hidden);
  std::string free = RUNE_TRY(freeLetters(node, equation, most));
  std::string text;
  for (size_t i = 0; i < inputs.size(); ++i)
    text += (i == 0 ? "" : ",") +
            equation.inputs[i].with(free.substr(most - hidden[i]));
  Term result = equation.result.value_or(impliedResult(equation));
  return text + "->" + result.with(free);
}

} // namespace

/// inputs  one or more of one numeric type
/// result  numpy's einsum of `equation`
/// errors  terms that do not parse or do not fit the inputs
Imported importEinsum(OnnxNode &node) {
  auto text = RUNE_TRY(node.text("equation"));
  if (!text)
    return node.fail("attribute `equation` is missing");
  std::vector<ValueId> inputs;
  for (size_t i = 0; i < node.inputs(); ++i)
    inputs.push_back(RUNE_TRY(node.input(i, "Inputs")));
  Equation equation = RUNE_TRY(parseEquation(node, *text));
  if (inputs.empty() || equation.inputs.size() != inputs.size())
    return node.fail("`{}` has {} terms for {} inputs", *text,
                     equation.inputs.size(), inputs.size());
  std::string form = RUNE_TRY(explicitForm(node, equation, inputs));
  return std::vector{
      RUNE_TRY(node.one(Op::Einsum, inputs, {{"equation", form}}))};
}

} // namespace rune::import
