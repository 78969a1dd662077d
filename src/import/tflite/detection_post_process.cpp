// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What an object detector does behind its layers: boxes from what they say of
// anchors, then the best ones that do not lie over one another. It is made of
// operators of ours; how many boxes are left shows in the run, so their rows
// are followed by as many empty ones as the result may have, and the first of
// all are taken.
//
// source  TensorFlow Lite, TFLite_Detection_PostProcess; where scores are equal
//         the order is that of TensorFlow Lite Micro
#include "import/tflite/flex_options.h"
#include "import/tflite/requantize.h"
#include "import/tflite/signal.h"
#include "import/tflite/sizes.h"

#include <cmath>
#include <limits>

namespace rune::import {
namespace {

constexpr int64_t mostDetections = 1 << 16, mostClasses = 1 << 16;

struct Detection {
  int64_t detections = 0;
  /// Rows of the result for each box.
  int64_t classesPerBox = 0;
  int64_t perClass = 100;
  bool isRegular = false;
  float leastScore = 0, mostOverlap = 0;
  int64_t classes = 0;
  /// y, x, h, w.
  std::vector<double> scales;
  int64_t boxes = 0;

  int64_t rows() const { return detections * classesPerBox; }
};

Result<Detection> optionsOf(const TfliteNode &node) {
  FlexOptions options = RUNE_TRY(FlexOptions::of(node));
  Detection plan;
  plan.detections =
      RUNE_TRY(options.integer("max_detections", 1, mostDetections));
  plan.classesPerBox =
      RUNE_TRY(options.integer("max_classes_per_detection", 1, mostClasses));
  if (plan.rows() > mostDetections)
    return node.unsupported("{} detections of {} classes each, at most {}",
                            plan.detections, plan.classesPerBox,
                            mostDetections);
  if (options.has("detections_per_class"))
    plan.perClass =
        RUNE_TRY(options.integer("detections_per_class", 1, INT32_MAX));
  if (options.has("use_regular_nms"))
    plan.isRegular = RUNE_TRY(options.flag("use_regular_nms"));
  plan.leastScore = RUNE_TRY(options.number("nms_score_threshold"));
  plan.mostOverlap = RUNE_TRY(options.number("nms_iou_threshold"));
  if (!(plan.mostOverlap > 0) || plan.mostOverlap > 1)
    return node.fail("`nms_iou_threshold` is {}, must be above 0, at most 1",
                     plan.mostOverlap);
  plan.classes = RUNE_TRY(options.integer("num_classes", 1, mostClasses));
  for (std::string_view name : {"y_scale", "x_scale", "h_scale", "w_scale"}) {
    plan.scales.push_back(static_cast<double>(RUNE_TRY(options.number(name))));
    if (plan.scales.back() == 0)
      return node.fail("`{}` is 0", name);
  }
  return plan;
}

/// Composes the nodes of one layer.
class Composer {
public:
  Composer(const TfliteNode &node, Detection plan)
      : node_(node), plan_(std::move(plan)) {}

  Imported make() {
    ValueId encoded = RUNE_TRY(floats(0, "box_encodings", 3));
    ValueId scores = RUNE_TRY(floats(1, "class_predictions", 3));
    ValueId anchors = RUNE_TRY(floats(2, "anchors", 2));
    RUNE_TRY(checkSizes(encoded, scores, anchors));
    ValueId boxes = RUNE_TRY(decoded(encoded, anchors));
    int64_t background = size(scores, 2) - plan_.classes;
    if (background > 0)
      scores = RUNE_TRY(sliced(node_, scores, 2, background,
                               background + plan_.classes, "scores"));
    return plan_.isRegular ? regular(boxes, scores) : fast(boxes, scores);
  }

private:
  using Attributes = std::vector<Attribute>;

  /// An input as floats.
  Result<ValueId> floats(size_t index, std::string_view what, int64_t rank) {
    ValueId value = RUNE_TRY(node_.input(index, what));
    DType dtype = node_.dtype(value);
    if (node_.rank(value) != rank)
      return node_.fail("`{}` is `{}`, needs {} dimensions", what,
                        node_.type(value).str(), rank);
    if (dtype == DType::F32)
      return value;
    if (dtype != DType::U8 && dtype != DType::I8)
      return node_.unsupported("`{}` of {}", what, dtypeName(dtype));
    Quantization quantization = RUNE_TRY(node_.inputQuantization(index));
    std::string part = std::string(what);
    std::vector<ValueId> operands = {
        value,
        RUNE_TRY(node_.scalar(part + "/scale", DType::F32,
                              static_cast<double>(quantization.scale())))};
    ValueId zero = RUNE_TRY(zeroPointOf(node_, part + "/zero_point", dtype,
                                        quantization.zeroPoint()));
    if (zero != noValue)
      operands.push_back(zero);
    return node_.one(Op::Dequantize, std::move(operands), {}, part);
  }

  int64_t size(ValueId value, size_t axis) const {
    return node_.dims(value)[axis].size();
  }

  Result<> checkSizes(ValueId encoded, ValueId scores, ValueId anchors) {
    for (ValueId value : {encoded, scores, anchors})
      if (!node_.type(value).isStatic())
        return node_.unsupported("`{}` of unknown size",
                                 node_.type(value).str());
    plan_.boxes = size(encoded, 1);
    int64_t background = size(scores, 2) - plan_.classes;
    bool fits = size(encoded, 0) == 1 && size(scores, 0) == 1 &&
                size(encoded, 2) >= 4 && size(scores, 1) == plan_.boxes &&
                size(anchors, 0) == plan_.boxes && size(anchors, 1) >= 4 &&
                (background == 0 || background == 1);
    if (!fits)
      return node_.fail(
          "boxes `{}`, scores `{}` and anchors `{}` of {} classes",
          node_.type(encoded).str(), node_.type(scores).str(),
          node_.type(anchors).str(), plan_.classes);
    return {};
  }

  Result<ValueId> doubles(std::string_view part,
                          const std::vector<double> &values) {
    Tensor tensor = RUNE_TRY(
        Tensor::zeros(DType::F64, {static_cast<int64_t>(values.size())}));
    std::ranges::copy(values, tensor.as<double>().begin());
    return node_.constant(part, std::move(tensor));
  }
  Result<ValueId> two(Op op, ValueId a, ValueId b, std::string_view part) {
    return node_.one(op, {a, b}, {}, part);
  }

  /// The corners [1, N, 4]: ymin, xmin, ymax, xmax. In f64, rounded where
  /// TensorFlow Lite rounds.
  Result<ValueId> decoded(ValueId encoded, ValueId anchors) {
    ValueId box = RUNE_TRY(castTo(node_, encoded, DType::F64, "box"));
    ValueId anchor = RUNE_TRY(castTo(node_, anchors, DType::F64, "anchor"));
    ValueId at = RUNE_TRY(sliced(node_, box, 2, 0, 2, "box/place"));
    ValueId extent = RUNE_TRY(sliced(node_, box, 2, 2, 4, "box/extent"));
    ValueId anchorAt = RUNE_TRY(sliced(node_, anchor, 1, 0, 2, "anchor/place"));
    ValueId anchorExtent =
        RUNE_TRY(sliced(node_, anchor, 1, 2, 4, "anchor/extent"));
    ValueId placeScale =
        RUNE_TRY(doubles("place_scale", {plan_.scales[0], plan_.scales[1]}));
    ValueId extentScale =
        RUNE_TRY(doubles("extent_scale", {plan_.scales[2], plan_.scales[3]}));
    ValueId center = RUNE_TRY(two(Op::Div, at, placeScale, "center/scaled"));
    center = RUNE_TRY(two(Op::Mul, center, anchorExtent, "center/of_anchor"));
    center = RUNE_TRY(two(Op::Add, center, anchorAt, "center/wide"));
    center = RUNE_TRY(castTo(node_, center, DType::F32, "center"));
    ValueId half = RUNE_TRY(two(Op::Div, extent, extentScale, "half/scaled"));
    half = RUNE_TRY(node_.one(Op::Exp, {half}, {}, "half/exp"));
    ValueId aHalf = RUNE_TRY(node_.scalar("a_half", DType::F64, 0.5));
    half = RUNE_TRY(two(Op::Mul, half, aHalf, "half/halved"));
    half = RUNE_TRY(two(Op::Mul, half, anchorExtent, "half/wide"));
    half = RUNE_TRY(castTo(node_, half, DType::F32, "half"));
    ValueId low = RUNE_TRY(two(Op::Sub, center, half, "low"));
    ValueId high = RUNE_TRY(two(Op::Add, center, half, "high"));
    return node_.one(Op::Concat, {low, high}, {{"axis", int64_t{2}}}, "boxes");
  }

  /// [n, 3]: 0, class, box; those of a class by score. A score that equals the
  /// threshold counts, so the next number below it is the bound.
  Result<ValueId> suppressed(ValueId boxes, ValueId scores, int64_t most) {
    ValueId count = RUNE_TRY(node_.integers("most", {most}));
    ValueId overlap = RUNE_TRY(node_.scalar(
        "most_overlap", DType::F32, static_cast<double>(plan_.mostOverlap)));
    float below = std::nextafter(plan_.leastScore,
                                 -std::numeric_limits<float>::infinity());
    ValueId least = RUNE_TRY(
        node_.scalar("below_least", DType::F32, static_cast<double>(below)));
    return node_.one(Op::NonMaxSuppression,
                     {boxes, scores, count, overlap, least}, {}, "selected");
  }

  /// Column `at` of what was selected, [n].
  Result<ValueId> column(ValueId selected, int64_t at, std::string_view part) {
    ValueId index = RUNE_TRY(node_.reshaped(
        RUNE_TRY(node_.integers(fmt::format("{}/at", part), {at})), {},
        fmt::format("{}/column", part)));
    return node_.one(Op::Gather, {selected, index}, {{"axis", int64_t{1}}},
                     part);
  }

  /// How many rows of a matrix, at most the detections, as f32[1].
  Result<ValueId> countOf(ValueId selected) {
    ValueId sizes = RUNE_TRY(
        node_.one(Op::Shape, {selected},
                  {{"start", int64_t{0}}, {"end", int64_t{1}}}, "count/rows"));
    ValueId most = RUNE_TRY(node_.integers("count/most", {plan_.detections}));
    ValueId count = RUNE_TRY(two(Op::Minimum, sizes, most, "count/least"));
    return castTo(node_, count, DType::F32, "count");
  }

  /// So many rows of `value` along `axis`, zeros behind them.
  Result<ValueId> zerosBehind(ValueId value, int64_t axis, int64_t count,
                              std::string_view part) {
    if (count == 0)
      return value;
    ValueId pads =
        RUNE_TRY(node_.integers(fmt::format("{}/pads", part), {0, count}));
    ValueId axes =
        RUNE_TRY(node_.integers(fmt::format("{}/axes", part), {axis}));
    return node_.one(Op::Pad, {value, pads, noValue, axes}, {}, part);
  }

  /// The first places of a list of boxes that is as long as it turns out; where
  /// it is too short, the number of the empty row behind the boxes.
  Result<ValueId> firstPlaces(ValueId list) {
    Tensor empty = RUNE_TRY(Tensor::zeros(DType::I64, {plan_.detections}));
    std::ranges::fill(empty.as<int64_t>(), plan_.boxes);
    ValueId rest = RUNE_TRY(node_.constant("no_box", std::move(empty)));
    ValueId all = RUNE_TRY(node_.one(Op::Concat, {list, rest},
                                     {{"axis", int64_t{0}}}, "places/all"));
    ValueId first =
        RUNE_TRY(sliced(node_, all, 0, 0, plan_.detections, "places/first"));
    return node_.reshaped(first, {plan_.detections}, "places");
  }

  Result<ValueId> rowsAt(ValueId table, ValueId places, int64_t axis,
                         std::string_view part) {
    return node_.one(Op::Gather, {table, places}, {{"axis", axis}}, part);
  }

  /// Boxes by their best class alone; each comes with its best classes.
  Imported fast(ValueId boxes, ValueId scores) {
    int64_t kept = std::min(plan_.classesPerBox, plan_.classes);
    ValueId k = RUNE_TRY(node_.integers("classes_per_box", {kept}));
    auto best =
        RUNE_TRY(node_.graph().node(Op::TopK, node_.name() + "/best",
                                    {scores, k}, {{"axis", int64_t{2}}}, 2));
    ValueId top = RUNE_TRY(sliced(node_, best[0], 2, 0, 1, "top"));
    top = RUNE_TRY(node_.reshaped(top, {1, 1, plan_.boxes}, "top_scores"));
    ValueId selected = RUNE_TRY(suppressed(boxes, top, plan_.detections));
    ValueId places =
        RUNE_TRY(firstPlaces(RUNE_TRY(column(selected, 2, "box_numbers"))));
    ValueId classes = RUNE_TRY(castTo(node_, best[1], DType::F32, "classes"));
    ValueId fullBoxes = RUNE_TRY(zerosBehind(boxes, 1, 1, "boxes_and_none"));
    ValueId corners = RUNE_TRY(rowsAt(fullBoxes, places, 1, "corners"));
    return std::vector{
        RUNE_TRY(eachClass(corners, kept)),
        RUNE_TRY(ofClasses(classes, places, kept, "class_numbers")),
        RUNE_TRY(ofClasses(best[0], places, kept, "class_scores")),
        RUNE_TRY(countOf(selected))};
  }

  /// [1, M, 4] as [1, M · P, 4]: a row for each class that is given.
  Result<ValueId> eachClass(ValueId corners, int64_t kept) {
    int64_t m = plan_.detections, p = plan_.classesPerBox;
    ValueId rows =
        RUNE_TRY(node_.reshaped(corners, {1, m, 1, 4}, "corners/rows"));
    if (kept > 1)
      rows = RUNE_TRY(node_.one(
          Op::Tile,
          {rows, RUNE_TRY(node_.integers("corners/times", {1, 1, kept, 1}))},
          {}, "corners/tiled"));
    rows = RUNE_TRY(zerosBehind(rows, 2, p - kept, "corners/padded"));
    return node_.reshaped(rows, {1, m * p, 4}, "detection_boxes");
  }

  /// [1, N, K] at those boxes, as [1, M · P].
  Result<ValueId> ofClasses(ValueId table, ValueId places, int64_t kept,
                            const std::string &part) {
    ValueId full = RUNE_TRY(zerosBehind(table, 1, 1, part + "/and_none"));
    ValueId rows = RUNE_TRY(rowsAt(full, places, 1, part + "/rows"));
    rows = RUNE_TRY(
        zerosBehind(rows, 2, plan_.classesPerBox - kept, part + "/padded"));
    return node_.reshaped(rows, {1, plan_.rows()}, part);
  }

  /// Boxes of each class by themselves, then the best of all.
  Imported regular(ValueId boxes, ValueId scores) {
    ValueId byClass =
        RUNE_TRY(node_.transposed(scores, {0, 2, 1}, "scores/by_class"));
    ValueId selected = RUNE_TRY(
        suppressed(boxes, byClass, std::min(plan_.perClass, plan_.boxes)));
    ValueId classOf = RUNE_TRY(column(selected, 1, "class_of"));
    ValueId boxOf = RUNE_TRY(column(selected, 2, "box_of"));
    ValueId width = RUNE_TRY(node_.integers("classes_in_all", {plan_.classes}));
    ValueId place = RUNE_TRY(two(Op::Mul, boxOf, width, "place/row"));
    place = RUNE_TRY(two(Op::Add, place, classOf, "place"));
    ValueId flat = RUNE_TRY(
        node_.reshaped(scores, {plan_.boxes * plan_.classes}, "scores/flat"));
    ValueId score = RUNE_TRY(rowsAt(flat, place, 0, "score_of"));
    ValueId order = RUNE_TRY(bestOf(score));
    ValueId places =
        RUNE_TRY(rowsAt(RUNE_TRY(zerosOrNoBox(boxOf)), order, 0, "places"));
    ValueId fullBoxes = RUNE_TRY(zerosBehind(boxes, 1, 1, "boxes_and_none"));
    ValueId corners = RUNE_TRY(rowsAt(fullBoxes, places, 1, "corners"));
    corners = RUNE_TRY(zerosBehind(corners, 1, plan_.rows() - plan_.detections,
                                   "detection_boxes"));
    ValueId classes = RUNE_TRY(castTo(node_, classOf, DType::F32, "classes"));
    return std::vector{corners,
                       RUNE_TRY(inOrder(classes, order, "class_numbers")),
                       RUNE_TRY(inOrder(score, order, "class_scores")),
                       RUNE_TRY(countOf(selected))};
  }

  /// Where the best scores stand, the best first; where there are fewer, places
  /// behind all.
  Result<ValueId> bestOf(ValueId score) {
    Tensor none = RUNE_TRY(Tensor::zeros(DType::F32, {plan_.detections}));
    std::ranges::fill(none.as<float>(),
                      -std::numeric_limits<float>::infinity());
    ValueId rest = RUNE_TRY(node_.constant("no_score", std::move(none)));
    ValueId all = RUNE_TRY(node_.one(Op::Concat, {score, rest},
                                     {{"axis", int64_t{0}}}, "score/all"));
    ValueId k = RUNE_TRY(node_.integers("detections", {plan_.detections}));
    auto best =
        RUNE_TRY(node_.graph().node(Op::TopK, node_.name() + "/order", {all, k},
                                    {{"axis", int64_t{0}}}, 2));
    return best[1];
  }

  Result<ValueId> zerosOrNoBox(ValueId list) {
    Tensor empty = RUNE_TRY(Tensor::zeros(DType::I64, {plan_.detections}));
    std::ranges::fill(empty.as<int64_t>(), plan_.boxes);
    ValueId rest = RUNE_TRY(node_.constant("no_box", std::move(empty)));
    return node_.one(Op::Concat, {list, rest}, {{"axis", int64_t{0}}},
                     "places/all");
  }

  Result<ValueId> inOrder(ValueId list, ValueId order,
                          const std::string &part) {
    ValueId all =
        RUNE_TRY(zerosBehind(list, 0, plan_.detections, part + "/all"));
    ValueId rows = RUNE_TRY(rowsAt(all, order, 0, part + "/rows"));
    rows = RUNE_TRY(zerosBehind(rows, 0, plan_.rows() - plan_.detections,
                                part + "/padded"));
    return node_.reshaped(rows, {1, plan_.rows()}, part);
  }

  const TfliteNode &node_;
  Detection plan_;
};

} // namespace

/// inputs  box_encodings [1, N, 4 or more], class_predictions [1, N, C or
///         C + 1, then without the first], anchors [N, 4]
/// result  corners [1, R, 4], classes [1, R], scores [1, R], how many boxes
/// [1];
///         rows behind those are zeros
Imported importTfliteDetectionPostProcess(TfliteNode &node) {
  RUNE_TRY(node.checkInputs(3, 3));
  if (node.outputs() != 4)
    return node.fail("{} outputs, it has 4", node.outputs());
  return Composer(node, RUNE_TRY(optionsOf(node))).make();
}

} // namespace rune::import
