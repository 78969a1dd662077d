// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// source  ONNX operators, Gemm-1, 6, 7, 9, 11, 13
#include "import/onnx/node.h"
#include "import/onnx/scalar.h"

namespace rune::import {
namespace {

/// value · factor, and the value itself for 1.
Result<ValueId> scaled(OnnxNode &node, ValueId value, float factor,
                       std::string_view part) {
  if (factor == 1)
    return value;
  DType dtype = node.dtype(value);
  if (dtype == DType::Utf8 || !isNumberOf(dtype, factor))
    return node.unsupported("{} is {}, the elements are `{}`", part, factor,
                            dtypeName(dtype));
  ValueId scalar = node.constantScalar(part, dtype, factor);
  return node.one(Op::Mul, {value, scalar}, {}, fmt::format("{}/scaled", part));
}

Result<> checkMatrix(const OnnxNode &node, ValueId value,
                     std::string_view name) {
  if (node.rank(value) != 2)
    return node.fail("`{}` is `{}`, needs two dimensions", name,
                     node.type(value).str());
  return {};
}

/// C is stretched to the product, never the other way round.
Result<> checkBias(const OnnxNode &node, const TensorType &product, ValueId c,
                   bool broadcast) {
  const Dims &dims = node.type(c).dims;
  bool fits = broadcast ? dims.size() <= 2 : dims.size() == 2;
  for (size_t i = 0; fits && i < dims.size(); ++i) {
    const Dim &own = dims[dims.size() - 1 - i], &needed = product.dims[1 - i];
    bool mayEqual = !own.isFixed() || !needed.isFixed() || own == needed;
    fits = mayEqual || (broadcast && own == Dim(1));
  }
  if (!fits)
    return node.fail("`C` is `{}`, which does not fit the product `{}`",
                     node.type(c).str(), product.str());
  return {};
}

} // namespace

/// inputs  A [M, K], B [K, N], transposed with transA, transB; C (optional
/// since
///         11), stretched to [M, N] (before 7 only with `broadcast`)
/// result  alpha·A·B + beta·C, [M, N]
/// errors  ranks other than 2 · a C that is larger than the product ·
///         unsupported: a factor that is no number of an integer type
Imported importGemm(OnnxNode &node) {
  ValueId a = RUNE_TRY(node.input(0, "A"));
  ValueId b = RUNE_TRY(node.input(1, "B"));
  RUNE_TRY(checkMatrix(node, a, "A"));
  RUNE_TRY(checkMatrix(node, b, "B"));
  ValueId c =
      node.opset() < 11 ? RUNE_TRY(node.input(2, "C")) : node.optionalInput(2);
  float alpha = RUNE_TRY(node.number("alpha", 1));
  float beta = RUNE_TRY(node.number("beta", 1));
  bool broadcast = node.opset() >= 7 || RUNE_TRY(node.flag("broadcast", false));
  int64_t transposeA = RUNE_TRY(node.integer("transA", 0)) != 0;
  int64_t transposeB = RUNE_TRY(node.integer("transB", 0)) != 0;

  bool plain = c == noValue && alpha == 1;
  ValueId product = RUNE_TRY(
      node.one(Op::MatMul, {a, b},
               {{"transpose_a", transposeA}, {"transpose_b", transposeB}},
               plain ? "" : "product"));
  if (c == noValue)
    return std::vector{RUNE_TRY(scaled(node, product, alpha, "alpha"))};
  RUNE_TRY(checkBias(node, node.type(product), c, broadcast));
  product = RUNE_TRY(scaled(node, product, alpha, "alpha"));
  c = RUNE_TRY(scaled(node, c, beta, "beta"));
  return std::vector{RUNE_TRY(node.one(Op::Add, {product, c}))};
}

} // namespace rune::import
