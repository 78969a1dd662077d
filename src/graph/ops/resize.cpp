// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// resize(x, scales, sizes, roi): every index of the result stands somewhere in
// x; it takes the nearest element there, or its neighbours with weights. All
// axes are independent, so each is given a table of taps, and one axis is made
// after the other.
//
// resize_nearest and resize_linear are the two cases that TensorFlow Lite has,
// in its arithmetic; this one is ONNX's, with scales that need not be the ratio
// of the sizes.
//
// source  ONNX Resize-19 and its reference implementation; Resize-11
//         (tf_half_pixel_for_nn), Resize-10 and Upsample-9 (`simple`)
#include "graph/ops/move.h"
#include "graph/ops/reals.h"
#include "graph/rows.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace rune::graph {

namespace {

enum Input : size_t { X, Scales, Sizes, Roi };
constexpr int64_t largest = INT32_MAX;

/// What is asked for along one axis.
struct Wanted {
  double scale = 1;
  int64_t size = 0;
  double begin = 0, end = 1;
};

bool cropped(const Node &node) {
  return node.text("coordinate_transformation_mode") == "tf_crop_and_resize";
}

/// The elements of a small float input, if they are known.
std::optional<std::vector<float>> numbers(const InferContext &context,
                                          size_t input) {
  if (!context.has(input) || !context.values[input])
    return std::nullopt;
  const TensorView &view = *context.values[input];
  std::vector<float> all(view.data.size() / dtypeBytes(view.dtype));
  withFloat(view.dtype, [&]<class T>(Type<T>) {
    Elements<T> elements(view.data);
    for (size_t i = 0; i < all.size(); ++i)
      all[i] = static_cast<float>(widen(elements[static_cast<int64_t>(i)]));
  });
  return all;
}

/// How large an axis of `size` becomes by a scale, in float as ONNX counts.
Result<int64_t> scaledSize(const InferContext &context, int64_t size,
                           float scale, float part) {
  float wanted = std::floor(static_cast<float>(size) * part * scale);
  // resize.5: scales that give sizes
  if (!(scale > 0) || !std::isfinite(scale) || !(wanted >= 0) ||
      wanted > static_cast<float>(largest))
    return context.fail(5, "a scale of {} for {} elements", scale, size);
  return static_cast<int64_t>(wanted);
}

/// Sizes that keep the ratios: the smallest scale of all axes, or the largest.
void keepAspect(std::string_view policy, const std::vector<int64_t> &old,
                std::vector<Wanted> &wanted) {
  double scale = policy == "not_larger" ? HUGE_VAL : 0;
  for (const Wanted &axis : wanted)
    scale = policy == "not_larger" ? std::min(scale, axis.scale)
                                   : std::max(scale, axis.scale);
  for (size_t i = 0; i < wanted.size(); ++i) {
    wanted[i].scale = scale;
    double size = std::floor(scale * static_cast<double>(old[i]) + 0.5);
    wanted[i].size = static_cast<int64_t>(std::clamp(size, -1.0, 0x1p40));
  }
}

/// For each of `axes`; nothing while sizes of x, scales or sizes are not known.
Result<std::optional<std::vector<Wanted>>>
wantedOf(const InferContext &context) {
  const auto &axes = context.node.integers("axes");
  auto scales = numbers(context, Scales);
  auto sizes = context.has(Sizes) ? context.integers(Sizes) : std::nullopt;
  auto roi = numbers(context, Roi);
  std::vector<Wanted> wanted(axes.size());
  std::vector<int64_t> old;
  if (!scales && !sizes)
    return std::optional<std::vector<Wanted>>();
  bool crops = cropped(context.node);
  for (size_t i = 0; i < axes.size(); ++i) {
    const Dim &dim = context.dims(X)[static_cast<size_t>(axes[i])];
    if (!dim.isFixed() || (crops && !roi))
      return std::optional<std::vector<Wanted>>();
    if (crops) {
      wanted[i].begin = (*roi)[i];
      wanted[i].end = (*roi)[axes.size() + i];
      // resize.6: a region that is one
      if (!std::isfinite(wanted[i].begin) || !std::isfinite(wanted[i].end))
        return context.fail(6, "a region from {} to {}", wanted[i].begin,
                            wanted[i].end);
    }
    old.push_back(dim.size());
    if (scales) {
      auto part = static_cast<float>(wanted[i].end - wanted[i].begin);
      wanted[i].scale = (*scales)[i];
      wanted[i].size = RUNE_TRY(
          scaledSize(context, dim.size(), (*scales)[i], crops ? part : 1.0F));
    } else {
      wanted[i].size = (*sizes)[i];
      wanted[i].scale = static_cast<double>((*sizes)[i]) /
                        static_cast<double>(std::max<int64_t>(1, dim.size()));
    }
  }
  if (std::string_view policy = context.node.text("aspect");
      policy != "stretch" && sizes)
    keepAspect(policy, old, wanted);
  for (size_t i = 0; i < axes.size(); ++i)
    // resize.4: sizes that floats can count, and none is made of nothing
    if (wanted[i].size < 0 || wanted[i].size > largest || old[i] > largest ||
        (old[i] == 0 && wanted[i].size > 0))
      return context.fail(4, "dimension {} of {} cannot become {}", axes[i],
                          context.type(X).str(), wanted[i].size);
  return std::optional(std::move(wanted));
}

Result<> checkInputs(const InferContext &context, size_t axes) {
  const TensorType &x = context.type(X);
  bool nearest = context.node.text("mode") == "nearest";
  // resize.1: numbers, of any type where elements only move
  if (!nearest && !isNumeric(x.dtype))
    return context.fail(1, "needs numbers, got {}", x.str());
  auto isVector = [&](size_t input, size_t count) {
    return context.rank(input) == 1 &&
           unify(context.dims(input)[0], Dim(static_cast<int64_t>(count)));
  };
  // resize.2: either scales or sizes, one for each axis, and a region
  if (context.has(Scales) == context.has(Sizes) ||
      (context.has(Scales) &&
       (!isFloat(context.dtype(Scales)) || !isVector(Scales, axes))) ||
      (context.has(Sizes) &&
       (context.dtype(Sizes) != DType::I64 || !isVector(Sizes, axes))))
    return context.fail(2, "needs either float scales [{}] or i64 sizes [{}]",
                        axes, axes);
  if (cropped(context.node) &&
      (!context.has(Roi) || !isFloat(context.dtype(Roi)) ||
       !isVector(Roi, 2 * axes)))
    return context.fail(2, "`tf_crop_and_resize` needs a float region [{}]",
                        2 * axes);
  return {};
}

Result<Types> infer(const InferContext &context) {
  const TensorType &x = context.type(X);
  const auto &axes = context.node.integers("axes");
  // resize.3: axes ascending, each once, in range
  if (!areAxes(axes, x.dims.size()))
    return context.fail(3, "`axes` [{}] are not ascending axes of {}",
                        fmt::join(axes, ", "), x.str());
  RUNE_TRY(checkInputs(context, axes.size()));
  // resize.7: flags
  for (std::string_view name : {"antialias", "exclude_outside"})
    if (int64_t flag = context.node.integer(name); flag >> 1 != 0)
      return context.fail(7, "`{}` is {}, must be 0 or 1", name, flag);
  auto wanted = RUNE_TRY(wantedOf(context));
  Dims dims = x.dims;
  for (size_t i = 0; i < axes.size(); ++i)
    dims[static_cast<size_t>(axes[i])] =
        wanted ? Dim((*wanted)[i].size) : Dim::unknown();
  return Types{{x.dtype, dims}};
}

/// Where index `at` of the result stands in an axis of `size`. For the nearest
/// in float, as the runtimes count; otherwise in double.
template <class R>
R placeOf(std::string_view mode, const Wanted &axis, int64_t size, int64_t at) {
  R q = static_cast<R>(at), scale = static_cast<R>(axis.scale);
  R old = static_cast<R>(size);
  R fresh = static_cast<R>(axis.scale * static_cast<double>(size));
  if (mode == "align_corners")
    return fresh == 1 ? R(0) : q * (old - 1) / (fresh - 1);
  if (mode == "asymmetric")
    return q / scale;
  if (mode == "tf_half_pixel_for_nn")
    return (q + R(0.5)) / scale;
  if (mode == "pytorch_half_pixel" && fresh == 1)
    return R(-0.5);
  if (mode == "half_pixel_symmetric") {
    R adjustment = static_cast<R>(axis.size) / fresh;
    return old / 2 * (1 - adjustment) + (q + R(0.5)) / scale - R(0.5);
  }
  if (mode == "tf_crop_and_resize") {
    R begin = static_cast<R>(axis.begin), end = static_cast<R>(axis.end);
    if (fresh == 1)
      return (end - begin) * (old - 1) / 2 + begin * (old - 1);
    return q * (end - begin) * (old - 1) / (fresh - 1) + begin * (old - 1);
  }
  return (q + R(0.5)) / scale - R(0.5);
}

int64_t nearestOf(std::string_view mode, float place, bool shrinks) {
  if (mode == "floor" || (mode == "simple" && !shrinks))
    place = std::floor(place);
  else if (mode == "ceil" || mode == "simple")
    place = std::ceil(place);
  else if (mode == "round_prefer_floor")
    place = std::ceil(place - 0.5F);
  else
    place = std::floor(place + 0.5F);
  return std::isnan(place)
             ? 0
             : static_cast<int64_t>(std::clamp(place, -0x1p40F, 0x1p40F));
}

/// One index of the result along one axis.
struct Taps {
  int64_t first = 0;
  size_t weights = 0, count = 0;
  /// It stands outside of x, where `extrapolation_value` holds.
  bool outside = false;
};

/// All indices along one axis.
struct Table {
  std::vector<Taps> taps;
  /// Behind each other; those of taps outside of x count for the edge.
  std::vector<double> weights;
  /// Paid for it.
  uint64_t bytes = 0;
};

double cubic(double a, double x) {
  x = std::abs(x);
  if (x <= 1)
    return ((a + 2) * x - (a + 3)) * x * x + 1;
  return x < 2 ? ((a * x - 5 * a) * x + 8 * a) * x - 4 * a : 0;
}

class TableMaker {
public:
  TableMaker(const EvalContext &context, const Wanted &axis, int64_t size)
      : context_(context), axis_(axis), size_(size), node_(context.node),
        mode_(node_.text("coordinate_transformation_mode")),
        cubic_(node_.text("mode") == "cubic"),
        a_(node_.number("cubic_coefficient")),
        exclude_(node_.integer("exclude_outside") != 0),
        crops_(cropped(node_)) {
    bool antialias = node_.integer("antialias") != 0 && axis.scale < 1;
    squeeze_ = antialias ? axis.scale : 1;
    double reach = std::ceil((cubic_ ? 2 : 1) / squeeze_);
    reach_ = static_cast<int64_t>(std::min(reach, 0x1p40));
  }

  Result<Table> make() {
    Table table;
    uint64_t count = static_cast<uint64_t>(axis_.size);
    bool nearest = node_.text("mode") == "nearest";
    uint64_t each = nearest ? 1 : 2 * static_cast<uint64_t>(reach_);
    uint64_t most = std::min<uint64_t>(each, static_cast<uint64_t>(size_));
    table.bytes = cappedProduct(count, sizeof(Taps) + most * sizeof(double));
    RUNE_TRY(context_.budget.reserve(table.bytes));
    table.taps.reserve(count);
    for (int64_t i = 0; i < axis_.size; ++i) {
      if (!context_.budget.spend(each))
        return context_.budget.expired();
      if (nearest)
        addNearest(table, i);
      else
        RUNE_TRY(addWeighted(table, i));
    }
    return table;
  }

private:
  bool isOutside(double place) const {
    return crops_ && !(place >= 0 && place <= static_cast<double>(size_ - 1));
  }

  void addNearest(Table &table, int64_t at) {
    auto place = placeOf<float>(mode_, axis_, size_, at);
    int64_t index =
        nearestOf(node_.text("nearest_mode"), place, axis_.scale < 1);
    table.taps.push_back({std::clamp<int64_t>(index, 0, size_ - 1),
                          table.weights.size(), 1, isOutside(place)});
    table.weights.push_back(1);
  }

  double weight(double distance) const {
    distance *= squeeze_;
    return cubic_ ? cubic(a_, distance) : std::max(0.0, 1 - std::abs(distance));
  }

  Result<> addWeighted(Table &table, int64_t at) {
    double place = placeOf<double>(mode_, axis_, size_, at);
    bool outside = isOutside(place);
    // far outside only the edge counts, wherever exactly
    auto size = static_cast<double>(size_);
    if (!(std::abs(place) < 0x1p40))
      place = place > 0 ? size : 0;
    auto base = static_cast<int64_t>(std::floor(place));
    // the taps from base - reach + 1 to base + reach, moved into x
    int64_t low = std::clamp<int64_t>(base - reach_ + 1, 0, size_ - 1);
    int64_t high = std::clamp<int64_t>(base + reach_, 0, size_ - 1);
    size_t start = table.weights.size();
    table.weights.resize(start + static_cast<size_t>(high - low + 1), 0);
    double sum = 0;
    for (int64_t i = base - reach_ + 1; i <= base + reach_; ++i) {
      if ((i & 0xFFFF) == 0 && !context_.budget.spend(0xFFFF))
        return context_.budget.expired();
      if (exclude_ && (i < 0 || i >= size_))
        continue;
      double w = weight(static_cast<double>(i) - place);
      sum += w;
      int64_t index = std::clamp(i, low, high);
      table.weights[start + static_cast<size_t>(index - low)] += w;
    }
    if (sum != 0)
      for (size_t i = start; i < table.weights.size(); ++i)
        table.weights[i] /= sum;
    table.taps.push_back(
        {low, start, static_cast<size_t>(high - low + 1), outside});
    return {};
  }

  const EvalContext &context_;
  const Wanted &axis_;
  int64_t size_;
  const Node &node_;
  std::string_view mode_;
  bool cubic_;
  double a_;
  bool exclude_, crops_;
  double squeeze_ = 1;
  int64_t reach_ = 1;
};

/// One axis after the other, in double.
class Weighted {
public:
  explicit Weighted(const EvalContext &context) : context_(context) {}

  Result<Tensor> run(const std::vector<Wanted> &wanted,
                     const std::vector<Table> &tables) {
    Reals values = RUNE_TRY(Reals::of(context_, X));
    std::vector<int64_t> sizes(context_.input(X).sizes.begin(),
                               context_.input(X).sizes.end());
    const auto &axes = context_.node.integers("axes");
    for (size_t i = 0; i < axes.size(); ++i) {
      auto axis = static_cast<size_t>(axes[i]);
      std::vector<int64_t> next = sizes;
      next[axis] = wanted[i].size;
      values = RUNE_TRY(along(values, sizes, next, axis, tables[i]));
      sizes = std::move(next);
    }
    if (cropped(context_.node))
      RUNE_TRY(extrapolate(values, sizes, tables));
    return narrowed(context_, values);
  }

private:
  Result<Reals> along(const Reals &from, const std::vector<int64_t> &sizes,
                      const std::vector<int64_t> &next, size_t axis,
                      const Table &table) {
    Reals to = RUNE_TRY(Reals::zeros(context_, RUNE_TRY(elementCount(next))));
    int64_t inner = rowMajorStrides(sizes)[axis], outer = 1;
    for (size_t d = 0; d < axis; ++d)
      outer *= sizes[d];
    for (int64_t o = 0; o < (to.empty() ? 0 : outer); ++o)
      for (int64_t i = 0; i < next[axis]; ++i) {
        const Taps &taps = table.taps[static_cast<size_t>(i)];
        if (!context_.budget.spend(
                cappedProduct(taps.count, static_cast<uint64_t>(inner))))
          return context_.budget.expired();
        double *out = to.from((o * next[axis] + i) * inner);
        for (size_t k = 0; k < taps.count; ++k) {
          double weight = table.weights[taps.weights + k];
          if (weight == 0)
            continue; // an infinity beside it stays away
          const double *in = from.from(
              (o * sizes[axis] + taps.first + static_cast<int64_t>(k)) * inner);
          for (int64_t j = 0; j < inner; ++j)
            out[j] += weight * in[j];
        }
      }
    return to;
  }

  Result<> extrapolate(Reals &values, const std::vector<int64_t> &sizes,
                       const std::vector<Table> &tables) {
    if (values.empty())
      return {};
    const auto &axes = context_.node.integers("axes");
    double value = context_.node.number("extrapolation_value");
    Odometer place(sizes);
    int64_t at = 0;
    do {
      if (!context_.budget.spend(axes.size()))
        return context_.budget.expired();
      for (size_t i = 0; i < axes.size(); ++i) {
        int64_t index = place.at()[static_cast<size_t>(axes[i])];
        if (tables[i].taps[static_cast<size_t>(index)].outside)
          values[at] = value;
      }
      ++at;
    } while (place.advance());
    return {};
  }

  const EvalContext &context_;
};

/// Elements only move, whatever their type.
Result<Tensor> moved(const EvalContext &context,
                     const std::vector<Table> &tables) {
  const auto &axes = context.node.integers("axes");
  std::vector<int64_t> sizes = context.results[0].sizes();
  bool empty = std::ranges::count(sizes, 0) > 0;
  Strides strides = rowMajorStrides(context.input(X).sizes);
  const size_t inputs[] = {X};
  return moveElements(context, inputs, [&](auto &ins, auto *out) -> Result<> {
    if (empty)
      return {};
    Odometer place(sizes);
    do {
      if (!context.budget.spend(sizes.size()))
        return context.budget.expired();
      int64_t from = place.offset(strides);
      for (size_t i = 0; i < axes.size(); ++i) {
        auto d = static_cast<size_t>(axes[i]);
        int64_t index = place.at()[d];
        from += (tables[i].taps[static_cast<size_t>(index)].first - index) *
                strides[d];
      }
      *out++ = ins[0][from];
    } while (place.advance());
    return {};
  });
}

bool anyOutside(const std::vector<Table> &tables) {
  return std::ranges::any_of(tables, [](const Table &table) {
    return std::ranges::any_of(table.taps, &Taps::outside);
  });
}

Result<Tensors> evaluate(const EvalContext &context) {
  auto wanted = RUNE_TRY(wantedOf(context));
  RUNE_CHECK(wanted.has_value(), "all is known in the run");
  std::vector<int64_t> result = context.results[0].sizes();
  if (std::ranges::count(result, 0) > 0)
    return single(RUNE_TRY(context.allocate()));
  const auto &axes = context.node.integers("axes");
  std::vector<Table> tables;
  for (size_t i = 0; i < axes.size(); ++i)
    tables.push_back(RUNE_TRY(
        TableMaker(context, (*wanted)[i],
                   context.input(X).sizes[static_cast<size_t>(axes[i])])
            .make()));
  bool nearest = context.node.text("mode") == "nearest";
  Tensor y = nearest && (!anyOutside(tables) || !isNumeric(context.dtype(X)))
                 ? RUNE_TRY(moved(context, tables))
                 : RUNE_TRY(Weighted(context).run(*wanted, tables));
  for (const Table &table : tables)
    context.budget.release(table.bytes);
  return single(std::move(y));
}

void complete(const InferContext &context, std::vector<Attribute> &attributes) {
  auto *axes = find<std::vector<int64_t>>(attributes, "axes");
  if (axes && axes->empty() && context.has(0)) {
    axes->resize(context.rank(0));
    std::iota(axes->begin(), axes->end(), 0);
  }
  completeAxes(context, attributes, "axes");
}

} // namespace

OpDefinition defineResize() {
  return {{1, 4},
          {1, 1},
          {flagSpec("antialias"),
           {"aspect",
            AttributeKind::Text,
            std::string("stretch"),
            {"stretch", "not_larger", "not_smaller"}},
           {"axes", AttributeKind::Integers, std::vector<int64_t>(), {}},
           {"coordinate_transformation_mode",
            AttributeKind::Text,
            std::string("half_pixel"),
            {"half_pixel", "half_pixel_symmetric", "pytorch_half_pixel",
             "align_corners", "asymmetric", "tf_crop_and_resize",
             "tf_half_pixel_for_nn"}},
           {"cubic_coefficient", AttributeKind::Number, -0.75, {}},
           flagSpec("exclude_outside"),
           {"extrapolation_value", AttributeKind::Number, 0.0, {}},
           {"mode",
            AttributeKind::Text,
            std::string("nearest"),
            {"nearest", "linear", "cubic"}},
           {"nearest_mode",
            AttributeKind::Text,
            std::string("round_prefer_floor"),
            {"round_prefer_floor", "round_prefer_ceil", "floor", "ceil",
             "simple"}}},
          infer,
          evaluate,
          complete};
}

} // namespace rune::graph
