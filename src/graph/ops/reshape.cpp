// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// reshape(x, shape): the same elements in row-major order under other sizes. A
// 0 copies the size of x at that place, unless `allow_zero`; one -1 takes what
// is left over.
//
// source  ONNX Reshape-21
#include "graph/known_elements.h"
#include "graph/ops/common.h"

#include <algorithm>

namespace rune::graph {

namespace {

/// A product of numbers and names, for dividing one shape by another.
struct Product {
  int64_t number = 1;
  std::vector<std::string> names;
  bool unknown = false;

  /// Divides by the names of `other`; false if it has one that is not here.
  bool dropNames(const Product &other) {
    for (const std::string &name : other.names) {
      auto place = std::ranges::find(names, name);
      if (place == names.end())
        return false;
      names.erase(place);
    }
    return true;
  }

  void times(const Dim &dim) {
    if (dim.isFixed())
      unknown |= __builtin_mul_overflow(number, dim.size(), &number);
    else if (dim.isNamed())
      names.push_back(dim.name());
    else
      unknown = true;
  }
};

/// What a shape tensor asks for.
struct Request {
  /// Dimensions that were copied stand here already, -1 as unknown.
  Dims dims;
  /// The -1, or the one size that is not known yet: either way it is what is
  /// left over.
  std::optional<size_t> open;
  /// The elements of x that were not copied, and those asked for by number.
  Product rest, asked;
};

Result<Request> request(const InferContext &context,
                        const std::vector<int64_t> &shape) {
  bool allowZero = context.node.integer("allow_zero") != 0;
  const Dims &x = context.dims(0);
  Request request;
  std::vector<bool> copied(x.size());
  for (size_t i = 0; i < shape.size(); ++i) {
    // reshape.3: sizes, or -1 once
    if (shape[i] < -1 || (shape[i] == -1 && request.open))
      return context.fail(3, "shape [{}] has a size below -1, or -1 twice",
                          fmt::join(shape, ", "));
    // reshape.4: what is copied is there
    bool copies = shape[i] == 0 && !allowZero;
    if (copies && i >= x.size())
      return context.fail(4, "shape [{}] copies dimension {} of {}",
                          fmt::join(shape, ", "), i, context.type(0).str());
    if (shape[i] == -1)
      request.open = i;
    else if (copies)
      copied[i] = true;
    else
      request.asked.times(shape[i]);
    request.dims.push_back(copies           ? x[i]
                           : shape[i] == -1 ? Dim::unknown()
                                            : Dim(shape[i]));
  }
  for (size_t i = 0; i < x.size(); ++i)
    if (!copied[i])
      request.rest.times(x[i]);
  return request;
}

/// The same where only some of the sizes are known, others by name. A size that
/// is a name and turns out to be 0 is that of an empty tensor.
Request openRequest(const InferContext &context, const Dims &shape) {
  bool allowZero = context.node.integer("allow_zero") != 0;
  const Dims &x = context.dims(0);
  Request request;
  std::vector<bool> copied(x.size());
  for (size_t i = 0; i < shape.size(); ++i) {
    bool copies = shape[i] == Dim(0) && !allowZero && i < x.size();
    request.dims.push_back(copies ? x[i] : shape[i]);
    if (copies)
      copied[i] = true;
    else if (!shape[i].isUnknown())
      request.asked.times(shape[i]);
    else if (request.open)
      request.asked.unknown = true;
    else
      request.open = i;
  }
  for (size_t i = 0; i < x.size(); ++i)
    if (!copied[i])
      request.rest.times(x[i]);
  return request;
}

Diagnostic mismatch(const InferContext &context, const Request &request) {
  TensorType wanted{context.dtype(0), request.dims};
  return context.fail(5, "{} does not have as many elements as {}",
                      context.type(0).str(), wanted.str());
}

/// reshape.5: as many elements as before, for every number the names stand for.
/// With -1, what is left over; a name where only it is left.
Result<Dims> solve(const InferContext &context, Request request) {
  Product &rest = request.rest, &asked = request.asked;
  bool named = !rest.names.empty() || !asked.names.empty();
  bool fixed = !named && !rest.unknown && !asked.unknown;
  if (!request.open) {
    if (fixed && rest.number != asked.number)
      return mismatch(context, request);
    return request.dims;
  }
  // reshape.6: -1 beside a size of 0 could be anything
  if (asked.number == 0 && !asked.unknown)
    return context.fail(6, "-1 beside a size of 0 could be anything");
  if (fixed && rest.number % asked.number != 0)
    return mismatch(context, request);
  if (fixed)
    request.dims[*request.open] = rest.number / asked.number;
  else if (!rest.unknown && !asked.unknown && rest.number != 0 &&
           asked.number != 0 && rest.number % asked.number == 0 &&
           rest.dropNames(asked) && rest.names.size() <= 1) {
    int64_t number = rest.number / asked.number;
    if (rest.names.empty())
      request.dims[*request.open] = number;
    else if (number == 1)
      request.dims[*request.open] = Dim::named(rest.names[0]);
  }
  return request.dims;
}

Result<Types> infer(const InferContext &context) {
  const TensorType &shape = context.type(1);
  // reshape.1: the shape is a vector of i64
  if (shape.dtype != DType::I64 || shape.dims.size() != 1)
    return context.fail(1, "the shape is {}, must be i64[rank]", shape.str());
  // reshape.2: `allow_zero` is 0 or 1; the rank keeps its limit
  if (context.node.integer("allow_zero") >> 1 != 0 ||
      (shape.dims[0].isFixed() &&
       shape.dims[0].size() > static_cast<int64_t>(maxRank)))
    return context.fail(2,
                        "`allow_zero` is {}, must be 0 or 1; {} dimensions, "
                        "at most {}",
                        context.node.integer("allow_zero"), shape.dims[0].str(),
                        maxRank);
  if (!shape.dims[0].isFixed())
    return Types{ValueType::of(Form::Tensor, context.dtype(0), std::nullopt)};
  auto numbers = knownIntegers(context, 1);
  auto sizes = knownElements(context, 1);
  if (!numbers && !sizes)
    return Types{
        {context.dtype(0), Dims(static_cast<size_t>(shape.dims[0].size()))}};
  Request wanted = numbers ? RUNE_TRY(request(context, *numbers))
                           : openRequest(context, *sizes);
  return Types{{context.dtype(0), RUNE_TRY(solve(context, std::move(wanted)))}};
}

Result<Tensors> evaluate(const EvalContext &context) {
  TensorView x = context.input(0);
  std::vector<int64_t> sizes = context.results[0].sizes();
  RUNE_TRY(context.budget.reserve(x.data.size()));
  return single(RUNE_TRY(Tensor::copyOf({x.dtype, sizes, x.data})));
}

} // namespace

OpDefinition defineReshape() {
  return {{2, 2},
          {1, 1},
          {{"allow_zero", AttributeKind::Integer, int64_t{0}, {}}},
          infer,
          evaluate,
          nullptr,
          false,
          sameElements};
}

} // namespace rune::graph
