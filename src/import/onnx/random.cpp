// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// source  ONNX operators, RandomUniform-1, 22, RandomNormal-1, 22 and their
// Like;
//         Bernoulli-15, 22; Multinomial-7, 22
#include "import/onnx/random.h"

#include "import/onnx/bodies.h"
#include "import/onnx/tensor_proto.h"

#include <bit>

namespace rune::import {
namespace {

/// FNV-1a: a seed out of a name.
int64_t hashOf(std::string_view name) {
  uint64_t hash = 0xcbf29ce484222325;
  for (char c : name)
    hash = (hash ^ static_cast<uint8_t>(c)) * 0x100000001b3;
  return static_cast<int64_t>(hash);
}

/// `scale`·number + `offset`
Imported importScaled(OnnxNode &node, std::string_view distribution,
                      double scale, double offset, bool like) {
  Composer make(node);
  ValueId shape = noValue;
  DType otherwise = DType::F32;
  if (like) {
    shape = RUNE_TRY(node.input(0, "input"));
    if (isFloat(node.dtype(shape)))
      otherwise = node.dtype(shape);
  } else {
    auto sizes = RUNE_TRY(node.integers("shape"));
    if (!sizes)
      return node.fail("attribute `shape` is missing");
    shape = make.integers(*sizes);
  }
  DType dtype = RUNE_TRY(statedType(node, "dtype", otherwise));
  if (!isFloat(dtype))
    return node.fail("`dtype` is `{}`, needs floats", dtypeName(dtype));
  DType wide = Composer::wideOf(dtype);
  ValueId y = RUNE_TRY(randomNumbers(make, distribution, shape, like, wide,
                                     RUNE_TRY(seedOf(node))));
  y = RUNE_TRY(make.mul(y, make.scalar(scale, y)));
  y = RUNE_TRY(make.add(y, make.scalar(offset, y)));
  return std::vector{RUNE_TRY(make.finish(y, dtype))};
}

Imported importUniform(OnnxNode &node, bool like) {
  double low = RUNE_TRY(node.number("low", 0)),
         high = RUNE_TRY(node.number("high", 1));
  return importScaled(node, "uniform", high - low, low, like);
}

Imported importNormal(OnnxNode &node, bool like) {
  double mean = RUNE_TRY(node.number("mean", 0)),
         scale = RUNE_TRY(node.number("scale", 1));
  return importScaled(node, "normal", scale, mean, like);
}

} // namespace

Result<DType> statedType(OnnxNode &node, std::string_view attribute,
                         DType otherwise) {
  auto number = RUNE_TRY(node.integer(attribute));
  if (!number)
    return otherwise;
  auto dtype = elementType(static_cast<int32_t>(*number));
  if (!dtype)
    return error(dtype.error().code, "{}: `{}`: {}", node.layer(), attribute,
                 dtype.error().message);
  return *dtype;
}

Result<std::optional<int64_t>> seedOf(OnnxNode &node) {
  if (node.op() == "Dropout")
    return node.integer("seed");
  auto seed = RUNE_TRY(node.number("seed"));
  return seed ? std::optional<int64_t>(std::bit_cast<int32_t>(*seed))
              : std::nullopt;
}

Result<ValueId> randomNumbers(Composer &make, std::string_view distribution,
                              ValueId shape, bool like, DType dtype,
                              std::optional<int64_t> seed) {
  OnnxNode &node = make.node();
  std::vector<ValueId> inputs = {shape};
  if (!seed) {
    seed = hashOf(node.name());
    inputs.push_back(RUNE_TRY(node.bodies().runs()));
  }
  return make.one(Op::Random, std::move(inputs),
                  {{"distribution", std::string(distribution)},
                   {"dtype", std::string(dtypeName(dtype))},
                   {"like", int64_t{like}},
                   {"seed", *seed}});
}

/// result  numbers of [low, high), of the attribute `shape`
Imported importRandomUniform(OnnxNode &node) {
  return importUniform(node, false);
}
/// The same of the sizes of the input, and of its type unless `dtype` says.
Imported importRandomUniformLike(OnnxNode &node) {
  return importUniform(node, true);
}
/// result  numbers around `mean` with the deviation `scale`
Imported importRandomNormal(OnnxNode &node) {
  return importNormal(node, false);
}
Imported importRandomNormalLike(OnnxNode &node) {
  return importNormal(node, true);
}

/// inputs  probabilities
/// result  1 with that probability, else 0
Imported importBernoulli(OnnxNode &node) {
  ValueId p = RUNE_TRY(node.input(0, "input"));
  DType dtype = RUNE_TRY(statedType(node, "dtype", node.dtype(p)));
  if (!isFloat(node.dtype(p)))
    return node.fail("`input` is `{}`, needs floats", node.type(p).str());
  Composer make(node);
  p = RUNE_TRY(make.cast(p, Composer::wideOf(node.dtype(p))));
  ValueId number = RUNE_TRY(randomNumbers(
      make, "uniform", p, true, node.dtype(p), RUNE_TRY(seedOf(node))));
  ValueId hit = RUNE_TRY(make.one(Op::Less, {number, p}));
  return std::vector{RUNE_TRY(make.finish(hit, dtype))};
}

/// inputs  [batch, classes], logarithms of probabilities, up to a factor
/// result  [batch, sample_size] classes: as many of the cumulated probabilities
///         as are not above a uniform number
Imported importMultinomial(OnnxNode &node) {
  ValueId x = RUNE_TRY(node.input(0, "input"));
  int64_t samples = RUNE_TRY(node.integer("sample_size", 1));
  DType dtype = RUNE_TRY(statedType(node, "dtype", DType::I32));
  const TensorType &type = node.type(x);
  if (!isFloat(type.dtype) || type.dims.size() != 2)
    return node.fail("`input` is `{}`, needs floats [batch, classes]",
                     type.str());
  if (samples < 1)
    return node.fail("`sample_size` is {}, needs at least 1", samples);
  Composer make(node);
  x = RUNE_TRY(make.cast(x, DType::F64));
  ValueId p = RUNE_TRY(make.one(Op::Softmax, {x}, {{"axes", Integers{1}}}));
  ValueId below = RUNE_TRY(make.one(Op::CumSum, {p}, {{"axis", int64_t{1}}}));
  below = RUNE_TRY(make.reshape(below, {0, 1, -1}));
  // one column of x for each sample: only its sizes count
  ValueId column = RUNE_TRY(make.reduce(Op::ReduceMax, x, {1}, true));
  ValueId like =
      RUNE_TRY(make.one(Op::Expand, {column, make.integers({1, samples})}));
  ValueId number = RUNE_TRY(randomNumbers(make, "uniform", like, true,
                                          DType::F64, RUNE_TRY(seedOf(node))));
  number = RUNE_TRY(make.reshape(number, {0, samples, 1}));
  ValueId passed = RUNE_TRY(make.cast(
      RUNE_TRY(make.one(Op::LessEqual, {below, number})), DType::I64));
  // the last class takes what rounding leaves above all sums
  ValueId count = RUNE_TRY(make.reduce(
      Op::ReduceSum,
      RUNE_TRY(make.one(Op::Slice, {passed, make.integers({0}),
                                    make.integers({-1}), make.integers({2})})),
      {2}, false));
  return std::vector{RUNE_TRY(make.finish(count, dtype))};
}

} // namespace rune::import
