// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// source  ONNX ai.onnx.ml, ArrayFeatureExtractor-1, Imputer-1, LabelEncoder-1,
//         2, 4, CategoryMapper-1, OneHotEncoder-1, FeatureVectorizer-1
#include "graph/numeric.h"
#include "import/onnx/ml.h"
#include "import/onnx/tensor_proto.h"

#include <algorithm>
#include <cmath>

namespace rune::import {
namespace {

/// A vector of keys or values, and how many there are.
struct List {
  ValueId values = noValue;
  int64_t count = 0;
};

/// The one of PREFIX_int64s, PREFIX_floats, PREFIX_strings and (since 4)
/// PREFIX_tensor that is there.
Result<List> listOf(Composer &make, const std::string &prefix) {
  OnnxNode &node = make.node();
  List list;
  auto integers = RUNE_TRY(node.integers(prefix + "_int64s"));
  auto numbers = RUNE_TRY(node.numbers(prefix + "_floats"));
  auto texts = RUNE_TRY(node.texts(prefix + "_strings"));
  const onnx::TensorProto *tensor =
      node.opset() >= 4 ? RUNE_TRY(node.tensor(prefix + "_tensor")) : nullptr;
  if (integers.has_value() + numbers.has_value() + texts.has_value() +
          (tensor != nullptr) !=
      1)
    return node.fail("needs one of the attributes `{0}_int64s`, `{0}_floats`, "
                     "`{0}_strings`, `{0}_tensor`",
                     prefix);
  if (integers)
    return List{make.integers(*integers),
                static_cast<int64_t>(integers->size())};
  if (texts)
    return List{mlTexts(make, *texts), static_cast<int64_t>(texts->size())};
  if (numbers) {
    list.count = static_cast<int64_t>(numbers->size());
    std::vector<double> wide(numbers->begin(), numbers->end());
    list.values = RUNE_TRY(make.constant(DType::F32, {list.count}, wide));
    return list;
  }
  auto decoded = decodeTensor(*tensor, node.owner());
  if (!decoded)
    return error(decoded.error().code, "{}: `{}_tensor`, {}", node.layer(),
                 prefix, decoded.error().message);
  if (decoded->sizes.size() != 1)
    return node.fail("`{}_tensor` has {} dimensions, needs one", prefix,
                     decoded->sizes.size());
  list.count = decoded->sizes[0];
  list.values = node.graph().constant(
      fmt::format("{}/{}", node.name(), make.part(prefix)),
      *std::move(decoded));
  return list;
}

ValueId textOf(Composer &make, const std::string &text) {
  OnnxNode &node = make.node();
  std::vector<std::string> one = {text};
  return node.graph().constant(
      fmt::format("{}/{}", node.name(), make.part("text")),
      graph::Constant::of(Tensor::ofText({}, one)));
}

/// What stands for a key that is not there, of the type of `values`.
Result<ValueId> defaultOf(Composer &make, ValueId values) {
  OnnxNode &node = make.node();
  int64_t integer = RUNE_TRY(node.integer("default_int64", -1));
  float number = RUNE_TRY(node.number("default_float", -0.0f));
  std::string text = RUNE_TRY(node.text("default_string")).value_or("_Unused");
  const onnx::TensorProto *tensor =
      node.opset() >= 4 ? RUNE_TRY(node.tensor("default_tensor")) : nullptr;
  if (tensor) {
    auto decoded = decodeTensor(*tensor, node.owner());
    if (!decoded)
      return error(decoded.error().code, "{}: `default_tensor`, {}",
                   node.layer(), decoded.error().message);
    return node.graph().constant(
        fmt::format("{}/{}", node.name(), make.part("default")),
        *std::move(decoded));
  }
  DType dtype = node.dtype(values);
  if (dtype == DType::Utf8)
    return textOf(make, text);
  return make.scalarOf(isFloat(dtype) ? number : static_cast<double>(integer),
                       dtype);
}

/// The values that stand where the keys of x do.
Result<ValueId> mapped(Composer &make, ValueId x, ValueId keys, ValueId values,
                       ValueId other) {
  OnnxNode &node = make.node();
  if (node.dtype(x) != node.dtype(keys))
    return node.fail("the input is `{}`, the keys are `{}`", node.type(x).str(),
                     node.type(keys).str());
  return node.one(Op::KeyLookup, {x, keys, values, other});
}

/// Texts to their places, or numbers to texts.
Imported mapTexts(OnnxNode &node, ValueId x,
                  const std::vector<std::string> &texts,
                  const Integers &numbers, const std::string &otherText) {
  Composer make(node);
  ValueId words = mlTexts(make, texts), places = make.integers(numbers);
  int64_t otherNumber = RUNE_TRY(node.integer("default_int64", -1));
  if (node.dtype(x) == DType::Utf8)
    return std::vector{RUNE_TRY(
        mapped(make, x, words, places,
               make.scalarOf(static_cast<double>(otherNumber), DType::I64)))};
  x = RUNE_TRY(make.cast(x, DType::I64));
  return std::vector{
      RUNE_TRY(mapped(make, x, places, words, textOf(make, otherText)))};
}

} // namespace

/// inputs  X [..., D]; Y, indices of its last dimension
/// result  [..., count of Y]; of a vector [1, count]
Imported importMlArrayFeatureExtractor(OnnxNode &node) {
  Composer make(node);
  ValueId x = RUNE_TRY(node.input(0, "X"));
  ValueId indices = RUNE_TRY(node.input(1, "Y"));
  int64_t rank = node.rank(x);
  if (rank == 0)
    return node.fail("`X` is a scalar");
  indices = RUNE_TRY(make.reshape(indices, {-1}));
  if (rank == 1)
    x = RUNE_TRY(make.reshape(x, {1, -1}));
  return std::vector{RUNE_TRY(node.one(
      Op::Gather, {x, indices}, {{"axis", std::max<int64_t>(rank - 1, 1)}}))};
}

/// result  X with another value in place of `replaced_value` (which may be
/// NaN):
///         one for each column, or one for all
Imported importMlImputer(OnnxNode &node) {
  Composer make(node);
  ValueId x = RUNE_TRY(node.input(0, "X"));
  DType dtype = node.dtype(x);
  if (!graph::isNumeric(dtype))
    return node.fail("`X` is `{}`, needs numbers", node.type(x).str());
  std::vector<double> numbers =
      RUNE_TRY(mlNumbers(node, "imputed_value_floats"));
  Integers integers = RUNE_TRY(mlIntegers(node, "imputed_value_int64s"));
  float replaced = RUNE_TRY(node.number("replaced_value_float", 0));
  int64_t replacedInteger = RUNE_TRY(node.integer("replaced_value_int64", 0));
  if (numbers.empty() == integers.empty())
    return node.fail("needs `imputed_value_floats` or "
                     "`imputed_value_int64s`");
  if (isFloat(dtype) == numbers.empty())
    return node.fail("`X` is `{}`, the values are of another kind",
                     node.type(x).str());
  if (!numbers.empty()) {
    ValueId values = RUNE_TRY(
        make.constant(dtype, {static_cast<int64_t>(numbers.size())}, numbers));
    ValueId isMissing =
        std::isnan(replaced)
            ? RUNE_TRY(make.one(Op::LogicalNot,
                                {RUNE_TRY(make.one(Op::Equal, {x, x}))}))
            : RUNE_TRY(make.one(Op::Equal, {x, make.scalar(replaced, x)}));
    return std::vector{RUNE_TRY(node.one(Op::Where, {isMissing, values, x}))};
  }
  ValueId wide = RUNE_TRY(make.cast(x, DType::I64));
  ValueId isMissing =
      RUNE_TRY(make.one(Op::Equal, {wide, make.integers({replacedInteger})}));
  ValueId y = RUNE_TRY(make.choose(isMissing, make.integers(integers), wide));
  return std::vector{RUNE_TRY(make.finish(y, dtype))};
}

/// inputs  X, numbers or texts, of the type of the keys
/// result  the value of the same place; else the default
Imported importMlLabelEncoder(OnnxNode &node) {
  ValueId x = RUNE_TRY(node.input(0, "X"));
  if (node.opset() < 2) {
    auto classes = RUNE_TRY(node.texts("classes_strings"))
                       .value_or(std::vector<std::string>());
    std::string other =
        RUNE_TRY(node.text("default_string")).value_or("_Unused");
    Integers places(classes.size());
    for (size_t i = 0; i < places.size(); ++i)
      places[i] = static_cast<int64_t>(i);
    return mapTexts(node, x, classes, places, other);
  }
  Composer make(node);
  List keys = RUNE_TRY(listOf(make, "keys"));
  List values = RUNE_TRY(listOf(make, "values"));
  if (keys.count != values.count)
    return node.fail("{} keys for {} values", keys.count, values.count);
  ValueId other = RUNE_TRY(defaultOf(make, values.values));
  return std::vector{
      RUNE_TRY(mapped(make, x, keys.values, values.values, other))};
}

/// Texts to integers, or back.
Imported importMlCategoryMapper(OnnxNode &node) {
  ValueId x = RUNE_TRY(node.input(0, "X"));
  auto texts =
      RUNE_TRY(node.texts("cats_strings")).value_or(std::vector<std::string>());
  Integers numbers = RUNE_TRY(mlIntegers(node, "cats_int64s"));
  std::string other = RUNE_TRY(node.text("default_string")).value_or("_Unused");
  if (texts.size() != numbers.size())
    return node.fail("{} texts for {} integers", texts.size(), numbers.size());
  return mapTexts(node, x, texts, numbers, other);
}

/// inputs  X, numbers or texts
/// result  f32 [..., categories]: 1 at the place of the category. One that is
/// not
///         known is all zeros, or without `zeros` refused in the run
Imported importMlOneHotEncoder(OnnxNode &node) {
  Composer make(node);
  ValueId x = RUNE_TRY(node.input(0, "X"));
  MlLabels labels = RUNE_TRY(mlLabels(make, "cats_int64s", "cats_strings"));
  bool zeros = RUNE_TRY(node.flag("zeros", true));
  constexpr size_t most = 1 << 12;
  if (labels.count == 0 || labels.count > most)
    return node.fail("{} categories, needs 1 to {}", labels.count, most);
  if (!labels.numbers.empty())
    x = RUNE_TRY(make.cast(x, DType::I64));
  auto count = static_cast<int64_t>(labels.count);
  std::vector<int64_t> places(labels.count);
  std::vector<double> rows(labels.count * (labels.count + 1));
  for (size_t i = 0; i < labels.count; ++i) {
    places[i] = static_cast<int64_t>(i);
    rows[i * labels.count + i] = 1;
  }
  int64_t height = zeros ? count + 1 : count;
  rows.resize(static_cast<size_t>(height) * labels.count);
  ValueId table = RUNE_TRY(make.constant(DType::F32, {height, count}, rows));
  // without `zeros` this is no row of the table
  ValueId unknown = make.scalarOf(static_cast<double>(count), DType::I64);
  if (node.dtype(x) != node.dtype(labels.values))
    return node.fail("`X` is `{}`, the categories are `{}`", node.type(x).str(),
                     node.type(labels.values).str());
  ValueId place = RUNE_TRY(make.one(
      Op::KeyLookup, {x, labels.values, make.integers(places), unknown}));
  return std::vector{
      RUNE_TRY(node.one(Op::Gather, {table, place}, {{"axis", int64_t{0}}}))};
}

/// inputs  matrices [N, F]; a vector is a column
/// result  f32 [N, Σ inputdimensions]: their columns side by side, cut or
///         continued with zeros
Imported importMlFeatureVectorizer(OnnxNode &node) {
  Composer make(node);
  Integers widths = RUNE_TRY(mlIntegers(node, "inputdimensions"));
  if (node.inputs() == 0 || widths.size() != node.inputs())
    return node.fail("{} widths for {} inputs", widths.size(), node.inputs());
  std::vector<ValueId> parts;
  for (size_t i = 0; i < node.inputs(); ++i) {
    ValueId x = RUNE_TRY(mlReal(make, RUNE_TRY(node.input(i, "X"))));
    if (node.rank(x) == 1)
      x = RUNE_TRY(make.reshape(x, {-1, 1}));
    if (node.rank(x) != 2 || !node.type(x).dims[1].isFixed() || widths[i] < 0)
      return node.fail("input {} is `{}` of width {}", i, node.type(x).str(),
                       widths[i]);
    x = RUNE_TRY(make.cast(x, DType::F32));
    int64_t missing = widths[i] - node.type(x).dims[1].size();
    if (missing != 0) // a negative number crops
      x = RUNE_TRY(make.one(Op::Pad, {x, make.integers({0, 0, 0, missing})}));
    parts.push_back(x);
  }
  return std::vector{
      RUNE_TRY(node.one(Op::Concat, parts, {{"axis", int64_t{1}}}))};
}

} // namespace rune::import
