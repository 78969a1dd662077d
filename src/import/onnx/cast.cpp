// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// source  ONNX operators, Cast-1, 6, 9, 13, 19, 21, 23, 24, 25, 28;
// CastLike-15,
//         19, 21, 23, 24, 25, 28; BitCast-26
#include "import/onnx/cast.h"

#include "import/onnx/tensor_proto.h"

namespace rune::import {
namespace {

/// The attribute `to`: the name of an element type in version 1, then its
/// number.
Result<DType> readTarget(OnnxNode &node) {
  std::optional<int32_t> number;
  if (node.opset() < 6) {
    auto name = RUNE_TRY(node.text("to"));
    if (!name)
      return node.fail("attribute `to` is missing");
    number = elementTypeNumber(*name);
    if (!number)
      return node.fail("`to` is `{}`, which is no element type", *name);
  } else {
    auto given = RUNE_TRY(node.integer("to"));
    if (!given)
      return node.fail("attribute `to` is missing");
    number = *given >= 0 && *given < 1000 ? static_cast<int32_t>(*given) : -1;
  }
  auto dtype = elementType(*number);
  if (!dtype)
    return error(dtype.error().code, "{}: `to`: {}", node.layer(),
                 dtype.error().message);
  return dtype;
}

Result<CastRules> readRules(OnnxNode &node) {
  CastRules rules;
  if (node.opset() >= 19)
    rules.saturate = RUNE_TRY(node.flag("saturate", true));
  if (node.opset() >= 24)
    rules.powers = RUNE_TRY(node.text("round_mode")).value_or("up");
  if (rules.powers != "up" && rules.powers != "down" &&
      rules.powers != "nearest")
    return node.fail("`round_mode` is `{}`, needs up, down or nearest",
                     rules.powers);
  return rules;
}

Imported castTo(OnnxNode &node, ValueId x, DType to) {
  CastRules rules = RUNE_TRY(readRules(node));
  if ((node.dtype(x) == DType::Utf8) != (to == DType::Utf8))
    return node.unsupported("a cast from `{}` to `{}`",
                            dtypeName(node.dtype(x)), dtypeName(to));
  return std::vector{RUNE_TRY(castValue(node, x, to, "", rules))};
}

} // namespace

Result<ValueId> castValue(OnnxNode &node, ValueId x, DType to,
                          std::string_view part, const CastRules &rules) {
  if (node.dtype(x) == to)
    return part.empty() ? node.one(Op::Identity, {x}) : Result<ValueId>(x);
  // Integers wrap.
  bool saturate = dtypeKind(to) == DTypeKind::SmallFloat && rules.saturate;
  return node.one(Op::Cast, {x},
                  {{"dtype", std::string(dtypeName(to))},
                   {"saturate", int64_t{saturate}},
                   {"round_mode", rules.powers}},
                  part);
}

/// inputs  input, no strings
/// result  the same numbers as elements of type `to`
/// errors  `to` missing or no element type · unsupported: strings, complex
///         numbers
Imported importCast(OnnxNode &node) {
  ValueId x = RUNE_TRY(node.input(0, "input"));
  DType to = RUNE_TRY(readTarget(node));
  return castTo(node, x, to);
}

/// inputs  input, target_type, of which only the element type matters
/// result  as Cast
Imported importCastLike(OnnxNode &node) {
  ValueId x = RUNE_TRY(node.input(0, "input"));
  ValueId like = RUNE_TRY(node.input(1, "target_type"));
  return castTo(node, x, node.dtype(like));
}

/// inputs  input, no strings
/// result  the same bits as elements of type `to`, which has the same width
/// errors  another width
Imported importBitCast(OnnxNode &node) {
  ValueId x = RUNE_TRY(node.input(0, "input"));
  DType to = RUNE_TRY(readTarget(node));
  if (dtypeBits(node.dtype(x)) != dtypeBits(to) || to == DType::Utf8)
    return node.fail("`{}` and `{}` differ in width", dtypeName(node.dtype(x)),
                     dtypeName(to));
  return std::vector{RUNE_TRY(
      node.one(Op::BitCast, {x}, {{"dtype", std::string(dtypeName(to))}}))};
}

} // namespace rune::import
