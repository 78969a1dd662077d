// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// source  ONNX operators, Resize-10, 11, 13, 18, 19; Upsample-1, 7, 9
#include "import/onnx/shapes.h"

#include <algorithm>
#include <numeric>

namespace rune::import {
namespace {

bool isEmpty(const OnnxNode &node, ValueId value) {
  return value == noValue ||
         (node.rank(value) == 1 && node.type(value).dims[0] == Dim(0));
}

ValueId constantNumbers(OnnxNode &node, std::string_view part,
                        const std::vector<float> &values) {
  ByteSpan bytes{reinterpret_cast<const uint8_t *>(values.data()),
                 values.size() * sizeof(float)};
  Integers sizes{static_cast<int64_t>(values.size())};
  auto tensor = Tensor::copyOf({DType::F32, sizes, bytes});
  RUNE_CHECK(tensor, "a short vector is a tensor");
  return node.graph().constant(fmt::format("{}/{}", node.name(), part),
                               graph::Constant::of(*std::move(tensor)));
}

/// Axes may stand in any order; the numbers go with them.
Result<ValueId> sorted(OnnxNode &node, ValueId values, const Integers &order,
                       std::string_view part) {
  if (isEmpty(node, values))
    return noValue;
  if (std::ranges::is_sorted(order))
    return values;
  ValueId at = node.constantIntegers(fmt::format("{}/order", part), order);
  return node.one(Op::Gather, {values, at}, {{"axis", int64_t{0}}}, part);
}

/// The axes, ascending, and where each stood.
struct Axes {
  Integers axes, order, regionOrder;
};

Result<Axes> axesOf(OnnxNode &node, ValueId x) {
  auto given = node.opset() >= 18 ? RUNE_TRY(node.integers("axes"))
                                  : std::optional<Integers>();
  Axes result;
  if (!given) {
    result.axes.resize(static_cast<size_t>(node.rank(x)));
    std::iota(result.axes.begin(), result.axes.end(), 0);
    result.order = result.axes;
  } else {
    Integers axes;
    for (int64_t axis : *given)
      axes.push_back(
          RUNE_TRY(node.axis(axis, node.rank(x), node.rank(x), true)));
    result.order.resize(axes.size());
    std::iota(result.order.begin(), result.order.end(), 0);
    std::ranges::sort(result.order, {},
                      [&](int64_t i) { return axes[static_cast<size_t>(i)]; });
    for (int64_t i : result.order)
      result.axes.push_back(axes[static_cast<size_t>(i)]);
    if (std::ranges::adjacent_find(result.axes) != result.axes.end())
      return node.fail("axis {} stands twice in `axes`",
                       *std::ranges::adjacent_find(result.axes));
  }
  result.regionOrder = result.order;
  for (int64_t i : result.order)
    result.regionOrder.push_back(i + static_cast<int64_t>(result.axes.size()));
  return result;
}

Result<std::string> wordOf(OnnxNode &node, std::string_view name,
                           std::string_view otherwise,
                           std::span<const std::string_view> words) {
  std::string word = RUNE_TRY(node.text(name)).value_or(std::string(otherwise));
  if (std::ranges::count(words, word) == 0)
    return node.fail("`{}` is `{}`, needs one of `{}`", name, word,
                     fmt::join(words, "`, `"));
  return word;
}

/// Before 11: places without halves, the nearest rounded towards the larger
/// picture.
Result<std::vector<Attribute>> oldAttributes(OnnxNode &node, bool upsample) {
  std::string mode = RUNE_TRY(node.text("mode")).value_or("nearest");
  if (mode == "bilinear" && node.opset() < 7)
    mode = "linear";
  if (mode != "nearest" && mode != "linear")
    return node.fail("`mode` is `{}`, needs `nearest` or `linear`", mode);
  return std::vector<Attribute>{
      {"coordinate_transformation_mode", "asymmetric"},
      {"mode", std::move(mode)},
      {"nearest_mode", std::string(upsample ? "floor" : "simple")}};
}

Result<std::vector<Attribute>> newAttributes(OnnxNode &node) {
  constexpr std::string_view modes[] = {"nearest", "linear", "cubic"};
  constexpr std::string_view roundings[] = {
      "round_prefer_floor", "round_prefer_ceil", "floor", "ceil"};
  constexpr std::string_view places[] = {
      "half_pixel",          "half_pixel_symmetric", "pytorch_half_pixel",
      "align_corners",       "asymmetric",           "tf_crop_and_resize",
      "tf_half_pixel_for_nn"};
  constexpr std::string_view policies[] = {"stretch", "not_larger",
                                           "not_smaller"};
  std::vector<Attribute> attributes;
  attributes.push_back(
      {"mode", RUNE_TRY(wordOf(node, "mode", "nearest", modes))});
  attributes.push_back(
      {"nearest_mode", RUNE_TRY(wordOf(node, "nearest_mode",
                                       "round_prefer_floor", roundings))});
  attributes.push_back({"coordinate_transformation_mode",
                        RUNE_TRY(wordOf(node, "coordinate_transformation_mode",
                                        "half_pixel", places))});
  attributes.push_back(
      {"cubic_coefficient",
       double{RUNE_TRY(node.number("cubic_coeff_a", -0.75F))}});
  attributes.push_back(
      {"exclude_outside",
       int64_t{RUNE_TRY(node.flag("exclude_outside", false))}});
  attributes.push_back(
      {"extrapolation_value",
       double{RUNE_TRY(node.number("extrapolation_value", 0))}});
  if (node.opset() >= 18) {
    attributes.push_back(
        {"antialias", int64_t{RUNE_TRY(node.flag("antialias", false))}});
    attributes.push_back(
        {"aspect", RUNE_TRY(wordOf(node, "keep_aspect_ratio_policy", "stretch",
                                   policies))});
  }
  return attributes;
}

bool crops(const std::vector<Attribute> &attributes) {
  return std::ranges::any_of(attributes, [](const Attribute &attribute) {
    return attribute.value ==
           graph::AttributeValue(std::string("tf_crop_and_resize"));
  });
}

} // namespace

/// inputs  X; since 11 roi?, scales?, sizes?, before scales
/// result  X with new sizes along `axes` (since 18; all of them)
/// errors  neither scales nor sizes, or both · unknown words
Imported importResize(OnnxNode &node) {
  ValueId x = RUNE_TRY(node.input(0, "X"));
  Axes axes = RUNE_TRY(axesOf(node, x));
  if (node.opset() < 11) {
    ValueId scales = RUNE_TRY(node.input(1, "scales"));
    return std::vector{RUNE_TRY(node.one(
        Op::Resize, {x, scales}, RUNE_TRY(oldAttributes(node, false))))};
  }
  auto attributes = RUNE_TRY(newAttributes(node));
  bool usesRegion = crops(attributes);
  ValueId region = node.optionalInput(1);
  region = usesRegion ? RUNE_TRY(sorted(node, region, axes.regionOrder, "roi"))
                      : noValue;
  ValueId scales =
      RUNE_TRY(sorted(node, node.optionalInput(2), axes.order, "scales"));
  ValueId sizes =
      RUNE_TRY(sorted(node, node.optionalInput(3), axes.order, "sizes"));
  if ((scales == noValue) == (sizes == noValue))
    return node.fail("either `scales` or `sizes` must be given");
  if (usesRegion && region == noValue)
    return node.fail("`tf_crop_and_resize` needs `roi`");
  attributes.push_back({"axes", std::move(axes.axes)});
  return std::vector{RUNE_TRY(
      node.one(Op::Resize, {x, scales, sizes, region}, std::move(attributes)))};
}

/// inputs  X; since 9 scales, before attributes
/// result  X, larger: each element again and again, or with what lies between
/// errors  scales missing, of the wrong length
Imported importUpsample(OnnxNode &node) {
  ValueId x = RUNE_TRY(node.input(0, "X"));
  ValueId scales = noValue;
  if (node.opset() >= 9) {
    scales = RUNE_TRY(node.input(1, "scales"));
  } else if (node.opset() >= 7) {
    auto given = RUNE_TRY(node.numbers("scales"));
    if (!given || static_cast<int64_t>(given->size()) != node.rank(x))
      return node.fail("`scales` has {} numbers, needs {}",
                       given ? given->size() : 0, node.rank(x));
    scales = constantNumbers(node, "scales", *given);
  } else {
    auto height = RUNE_TRY(node.number("height_scale"));
    auto width = RUNE_TRY(node.number("width_scale"));
    if (!height || !width || node.rank(x) != 4)
      return node.fail("`{}` with `height_scale` and `width_scale` needed",
                       node.type(x).str());
    scales = constantNumbers(node, "scales", {1, 1, *height, *width});
  }
  return std::vector{RUNE_TRY(
      node.one(Op::Resize, {x, scales}, RUNE_TRY(oldAttributes(node, true))))};
}

} // namespace rune::import
