// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// einsum(x…): products of the operands, summed over the letters that the result
// does not have. A letter that stands twice in one operand takes its diagonal;
// a dimension of 1 stretches. The operands are contracted from left to right,
// so that each step costs no more than its own letters.
//
// source  ONNX Einsum-12, numpy.einsum
#include "graph/ops/axes.h"

#include <algorithm>
#include <array>
#include <string>

namespace rune::graph {
namespace {

struct Equation {
  std::vector<std::string> terms;
  std::string result;
};

bool isLetter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/// Letters, commas between the terms, `->`, letters.
std::optional<Equation> parse(std::string_view text) {
  size_t arrow = text.find("->");
  if (arrow == text.npos)
    return std::nullopt;
  Equation equation{{""}, std::string(text.substr(arrow + 2))};
  for (char c : text.substr(0, arrow)) {
    if (c == ',')
      equation.terms.emplace_back();
    else if (isLetter(c))
      equation.terms.back().push_back(c);
    else
      return std::nullopt;
  }
  if (!std::ranges::all_of(equation.result, isLetter))
    return std::nullopt;
  return equation;
}

/// A dimension for each letter.
using LetterDims = std::array<std::optional<Dim>, 128>;

Result<LetterDims> letterDims(const InferContext &context,
                              const Equation &equation) {
  LetterDims dims;
  for (size_t i = 0; i < equation.terms.size(); ++i) {
    const std::string &term = equation.terms[i];
    // einsum.3: a letter for each dimension
    if (term.size() != context.rank(i))
      return context.fail(3, "`{}` has no letter for each dimension of {}",
                          term, context.type(i).str());
    for (size_t d = 0; d < term.size(); ++d) {
      auto &dim = dims[static_cast<size_t>(term[d])];
      auto both = dim ? broadcast(*dim, context.dims(i)[d])
                      : std::optional(context.dims(i)[d]);
      // einsum.4: dimensions of one letter are equal, or 1
      if (!both)
        return context.fail(4, "`{}` is {} and {}", term[d], dim->str(),
                            context.dims(i)[d].str());
      dim = *both;
    }
  }
  return dims;
}

Result<Types> infer(const InferContext &context) {
  DType dtype = context.dtype(0);
  // einsum.1: numbers of one type
  for (size_t i = 0; i < context.inputs(); ++i)
    if (!isNumeric(dtype) || context.dtype(i) != dtype)
      return context.fail(1, "needs numbers of one type, input {} is {}", i,
                          context.type(i).str());
  const std::string &text = context.node.text("equation");
  auto equation = parse(text);
  // einsum.2: a term of letters for each input, and the result's
  if (!equation || equation->terms.size() != context.inputs())
    return context.fail(2, "`{}` does not have a term for each of {} inputs",
                        text, context.inputs());
  LetterDims dims = RUNE_TRY(letterDims(context, *equation));
  Types types{{dtype, {}}};
  for (char c : equation->result) {
    // einsum.5: the result's letters are those of inputs, each once
    if (!dims[static_cast<size_t>(c)] ||
        std::ranges::count(equation->result, c) != 1)
      return context.fail(5, "`{}` of the result is in no input, or twice", c);
    types[0].dims.push_back(*dims[static_cast<size_t>(c)]);
  }
  // einsum.6: an accumulator that holds the elements
  if (!mayAccumulate(dtype, context.node.text("accumulator")))
    return context.fail(6, "sums of {} cannot be kept in `{}`",
                        dtypeName(dtype), context.node.text("accumulator"));
  return types;
}

using LetterSizes = std::array<int64_t, 128>;

/// An operand with each letter once, its elements as numbers of the sums.
template <class N> struct Operand {
  std::string letters;
  std::array<int64_t, 128> strides{};
  Numbers<N> elements;

  Operand(std::string_view term, const TensorView &view,
          const LetterSizes &sizes)
      : elements(view) {
    Strides own = rowMajorStrides(view.sizes);
    for (size_t d = 0; d < term.size(); ++d) {
      auto letter = static_cast<size_t>(term[d]);
      if (letters.find(term[d]) == letters.npos)
        letters.push_back(term[d]);
      if (view.sizes[d] == sizes[letter])
        strides[letter] += own[d];
    }
  }
};

Strides stridesOf(const std::array<int64_t, 128> &all,
                  std::string_view letters) {
  Strides strides;
  for (char c : letters)
    strides.push_back(all[static_cast<size_t>(c)]);
  return strides;
}

std::vector<int64_t> sizesOf(const LetterSizes &all, std::string_view letters) {
  std::vector<int64_t> sizes;
  for (char c : letters)
    sizes.push_back(all[static_cast<size_t>(c)]);
  return sizes;
}

/// Products of two runs, added up in their order.
template <class N> class DotRun {
public:
  DotRun(const Numbers<N> &a, const Numbers<N> &b) : a_(a), b_(b) {}

  N operator()(N sum, const ElementRun &a, const ElementRun &b) {
    for (int64_t done = 0; done < a.count; done += runLength) {
      ElementRun piece = a.piece(done);
      a_.read(piece, as_.data());
      b_.read(b.piece(done), bs_.data());
      for (size_t i = 0; i < static_cast<size_t>(piece.count); ++i)
        sum = addWrapping(sum, mulWrapping(as_[i], bs_[i]));
    }
    return sum;
  }

private:
  const Numbers<N> &a_, &b_;
  RunBuffer<N> as_, bs_;
};

/// out[kept] = Σ a · b over the letters that are not kept.
template <class N>
Result<> contract(Budget &budget, const Operand<N> &a, const Operand<N> &b,
                  std::string_view kept, const LetterSizes &sizes,
                  const NumberSink<N> &out) {
  std::string folded;
  for (char c : a.letters + b.letters)
    if (kept.find(c) == kept.npos && folded.find(c) == folded.npos)
      folded.push_back(c);
  std::vector<int64_t> outer = sizesOf(sizes, kept),
                       inner = sizesOf(sizes, folded);
  Strides outerA = stridesOf(a.strides, kept),
          outerB = stridesOf(b.strides, kept);
  std::array strides{stridesOf(a.strides, folded),
                     stridesOf(b.strides, folded)};
  if (std::ranges::count(outer, 0) > 0)
    return {};
  Odometer place(outer);
  DotRun<N> dot(a.elements, b.elements);
  int64_t at = 0;
  do {
    if (!budget.spend(1))
      return budget.expired();
    int64_t fromA = place.offset(outerA), fromB = place.offset(outerB);
    N sum = 0;
    RUNE_TRY(
        eachRow<2>(budget, inner, strides, [&](const Row<2> &row) -> Result<> {
          ElementRun left = row.run(0), right = row.run(1);
          left.start += fromA;
          right.start += fromB;
          sum = dot(sum, left, right);
          return {};
        }));
    out.set(at++, sum);
  } while (place.advance());
  return {};
}

/// Letters of `a` and `b` that `later` needs.
std::string keptLetters(std::string_view a, std::string_view b,
                        std::string_view later) {
  std::string kept;
  for (std::string_view term : {a, b})
    for (char c : term)
      if (later.find(c) != later.npos && kept.find(c) == kept.npos)
        kept.push_back(c);
  return kept;
}

/// What stands for the second operand where there is one: read as any number.
constexpr float oneFloat = 1;

/// Element type of what lies between two steps: 16-bit floats stay wide.
constexpr DType betweenType(DType dtype) {
  return dtype == DType::F16 || dtype == DType::BF16 ? DType::F32 : dtype;
}

template <class N>
Result<> contractAll(const EvalContext &context, const Equation &equation,
                     const LetterSizes &sizes, const NumberSink<N> &out) {
  const auto &terms = equation.terms;
  auto operand = [&](size_t i) {
    return Operand<N>(terms[i], context.input(i), sizes);
  };
  if (terms.size() == 1) {
    const uint8_t one = 1;
    TensorView unit{DType::U8, {}, {&one, 1}};
    if constexpr (std::is_same_v<N, float>)
      unit = {
          DType::F32, {}, {reinterpret_cast<const uint8_t *>(&oneFloat), 4}};
    return contract<N>(context.budget, operand(0), Operand<N>("", unit, sizes),
                       equation.result, sizes, out);
  }
  std::string letters = terms[0];
  std::optional<Tensor> left;
  auto leftOperand = [&] {
    return left ? Operand<N>(letters, left->view(), sizes) : operand(0);
  };
  for (size_t i = 1; i + 1 < terms.size(); ++i) {
    std::string later = equation.result;
    for (size_t k = i + 1; k < terms.size(); ++k)
      later += terms[k];
    std::string kept = keptLetters(letters, terms[i], later);
    Tensor next = RUNE_TRY(context.budget.allocate(
        betweenType(context.dtype(0)), sizesOf(sizes, kept)));
    RUNE_TRY(contract<N>(context.budget, leftOperand(), operand(i), kept, sizes,
                         NumberSink<N>(next)));
    if (left)
      context.budget.release(left->bytes().size());
    left = std::move(next);
    letters = kept;
  }
  RUNE_TRY(contract<N>(context.budget, leftOperand(), operand(terms.size() - 1),
                       equation.result, sizes, out));
  if (left)
    context.budget.release(left->bytes().size());
  return {};
}

Result<Tensors> evaluate(const EvalContext &context) {
  Tensor result = RUNE_TRY(context.allocate());
  Equation equation = *parse(context.node.text("equation"));
  LetterDims dims = RUNE_TRY(letterDims(context, equation));
  LetterSizes sizes{};
  for (size_t i = 0; i < dims.size(); ++i)
    if (dims[i])
      sizes[i] = dims[i]->size();
  RUNE_TRY(withSums(
      result.dtype(), context.node.text("accumulator"), [&]<class N>(Type<N>) {
        return contractAll<N>(context, equation, sizes, NumberSink<N>(result));
      }));
  return single(std::move(result));
}

void complete(const InferContext &context, std::vector<Attribute> &attributes) {
  completeAccumulator(context, attributes);
}

} // namespace

OpDefinition defineEinsum() {
  OpDefinition op{
      {1, maxPerNode},
      {1, 1},
      {accumulatorSpec(), {"equation", AttributeKind::Text, std::nullopt, {}}},
      infer,
      evaluate,
      complete};
  op.variadic = true;
  return op;
}

} // namespace rune::graph
