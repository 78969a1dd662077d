// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A · Bᵀ where B is kept in 2, 4 or 8 bits, with a scale and a zero point for
// each block along its rows. The bytes of the file are our packed elements
// already: they get another type, nothing is copied.
//
// source  ONNX Runtime, contrib operators of com.microsoft, version 1:
//         MatMulNBits
#include "import/onnx/compose.h"

#include "graph/numeric.h"

namespace rune::import {
namespace {

struct Form {
  int64_t rows = 0;    // N
  int64_t columns = 0; // K
  int64_t bits = 4;
  int64_t block = 0;

  int64_t blocks() const { return (columns + block - 1) / block; }
  DType dtype() const {
    return bits == 2 ? DType::U2 : bits == 4 ? DType::U4 : DType::U8;
  }
};

constexpr int64_t mostRows = int64_t{1} << 31;

Result<Form> readForm(OnnxNode &node) {
  Form form{RUNE_TRY(node.integer("N", 0)), RUNE_TRY(node.integer("K", 0)),
            RUNE_TRY(node.integer("bits", 4)),
            RUNE_TRY(node.integer("block_size", 0))};
  node.ignore("accuracy_level"); // how precise the machine may be
  if (form.rows < 1 || form.columns < 1 || form.rows > mostRows ||
      form.columns > mostRows)
    return node.fail("`N` is {} and `K` is {}, they need to be 1 to 2^31",
                     form.rows, form.columns);
  if (form.bits != 2 && form.bits != 4 && form.bits != 8)
    return node.unsupported("weights of {} bits", form.bits);
  bool isPower = (form.block & (form.block - 1)) == 0;
  if (form.block < 16 || form.block > mostRows || !isPower)
    return node.fail("`block_size` is {}, needs a power of two, 16 or more",
                     form.block);
  if (RUNE_TRY(node.integer("weight_prepacked", 0)) != 0)
    return node.unsupported("weights packed for one machine "
                            "(`weight_prepacked`)");
  return form;
}

/// The bytes of a u8 constant as elements of `dtype` under other sizes.
Result<ValueId> reread(Composer &c, ValueId value, DType dtype, Integers sizes,
                       std::string_view name) {
  OnnxNode &node = c.node();
  auto known = node.graph().constantOf(value);
  if (!known)
    return node.unsupported("`{}` that is not known before the run", name);
  if (known->dtype != DType::U8)
    return node.fail("`{}` is `{}`, needs uint8", name, node.type(value).str());
  uint64_t needed = RUNE_TRY(tensorBytes(dtype, sizes));
  if (known->data.size() != needed)
    return node.fail("`{}` is `{}`, needs {} bytes", name,
                     node.type(value).str(), needed);
  return node.graph().constant(
      fmt::format("{}/{}", node.name(), name),
      graph::Constant{dtype, std::move(sizes), known->data, node.owner()});
}

/// One zero point for each block: 2^(bits - 1) where none are given. Given ones
/// are packed like the weights, each row from a new byte on.
Result<ValueId> zeroPoints(Composer &c, const Form &form, ValueId given) {
  OnnxNode &node = c.node();
  Tensor zeros =
      RUNE_TRY(Tensor::zeros(form.dtype(), {form.rows, form.blocks()}));
  auto count = static_cast<size_t>(zeros.count());
  std::vector<uint8_t> codes(count, static_cast<uint8_t>(1 << (form.bits - 1)));
  if (given != noValue) {
    auto known = node.graph().constantOf(given);
    if (!known)
      return node.unsupported("zero points that are not known before the run");
    auto rowBytes = static_cast<size_t>((form.blocks() * form.bits + 7) / 8);
    if (known->data.size() != rowBytes * static_cast<size_t>(form.rows))
      return node.fail("`zero_points` is `{}`, needs {} bytes for each of {} "
                       "rows",
                       node.type(given).str(), rowBytes, form.rows);
    auto blocks = static_cast<size_t>(form.blocks());
    auto bits = static_cast<size_t>(form.bits);
    for (size_t i = 0; i < count; ++i) {
      size_t at = i % blocks * bits;
      codes[i] = static_cast<uint8_t>(
          known->data[i / blocks * rowBytes + at / 8] >> (at % 8) &
          ((1u << bits) - 1));
    }
  }
  if (form.bits == 2)
    graph::packElements<2>(codes, zeros.bytes());
  else if (form.bits == 4)
    graph::packElements<4>(codes, zeros.bytes());
  else
    std::ranges::copy(codes, zeros.bytes().begin());
  return node.graph().constant(node.name() + "/zero_points",
                               graph::Constant::of(std::move(zeros)));
}

/// (codes - zero points) · scale where the zero points are real numbers.
Result<ValueId> realWeights(Composer &c, const Form &form, ValueId codes,
                            ValueId scales, ValueId zeros) {
  Integers blocked{form.rows, form.blocks(), form.block};
  Integers single{form.rows, form.blocks(), 1};
  DType dtype = c.node().dtype(scales);
  ValueId wide = RUNE_TRY(c.reshape(RUNE_TRY(c.cast(codes, dtype)), blocked));
  ValueId moved = RUNE_TRY(
      c.sub(wide, RUNE_TRY(c.reshape(RUNE_TRY(c.cast(zeros, dtype)), single))));
  ValueId real = RUNE_TRY(c.mul(moved, RUNE_TRY(c.reshape(scales, single))));
  return c.reshape(real, {form.rows, form.blocks() * form.block});
}

} // namespace

/// inputs  A […, K]; B uint8 [N, blocks, bytes], known; scales [N, blocks];
///         zero_points? packed, or of the type of the scales; bias? [N]
/// result  […, N]
/// errors  sizes that do not match · unsupported: `g_idx`, B that is not known
Imported importMicrosoftMatMulNBits(OnnxNode &node) {
  ValueId a = RUNE_TRY(node.input(0, "A")), b = RUNE_TRY(node.input(1, "B"));
  ValueId scales = RUNE_TRY(node.input(2, "scales"));
  ValueId zeros = node.optionalInput(3), bias = node.optionalInput(5);
  if (node.optionalInput(4) != noValue)
    return node.unsupported("the input `g_idx`");
  Form form = RUNE_TRY(readForm(node));
  if (!isFloat(node.dtype(a)))
    return node.fail("`A` is `{}`, needs floats", node.type(a).str());
  if (!isFloat(node.dtype(scales)))
    return node.fail("`scales` is `{}`, needs floats", node.type(scales).str());
  Composer c(node);
  int64_t padded = form.blocks() * form.block;
  ValueId codes =
      RUNE_TRY(reread(c, b, form.dtype(), {form.rows, padded}, "B"));
  if (node.rank(scales) != 2)
    scales = RUNE_TRY(c.reshape(scales, {form.rows, form.blocks()}));
  ValueId weights = noValue;
  if (zeros != noValue && isFloat(node.dtype(zeros))) {
    weights = RUNE_TRY(realWeights(c, form, codes, scales, zeros));
  } else {
    ValueId points = RUNE_TRY(zeroPoints(c, form, zeros));
    weights = RUNE_TRY(c.one(Op::Dequantize, {codes, scales, points},
                             {{"axis", int64_t{1}}, {"block", form.block}}));
  }
  if (padded != form.columns)
    weights = RUNE_TRY(
        c.one(Op::Slice, {weights, c.integers({0}), c.integers({form.columns}),
                          c.integers({1})}));
  weights = RUNE_TRY(c.cast(weights, node.dtype(a)));
  std::vector<Attribute> transposed{{"transpose_b", int64_t{1}}};
  if (bias == noValue)
    return std::vector{
        RUNE_TRY(node.one(Op::MatMul, {a, weights}, transposed))};
  ValueId y = RUNE_TRY(c.one(Op::MatMul, {a, weights}, transposed));
  return std::vector{RUNE_TRY(node.one(Op::Add, {y, bias}))};
}

} // namespace rune::import
