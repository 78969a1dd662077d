// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "import/verify_folder.h"

#include "graph/small_types.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace rune::import {
namespace {

std::vector<int64_t> placeOf(uint64_t index, std::span<const int64_t> sizes) {
  std::vector<int64_t> place(sizes.size());
  for (size_t i = sizes.size(); i-- > 0;) {
    uint64_t size = static_cast<uint64_t>(sizes[i]);
    place[i] = static_cast<int64_t>(index % size);
    index /= size;
  }
  return place;
}

/// |a - b|; 0 for two NaN and for equal infinities, infinite where only one of
/// them is a number.
double distance(double a, double b) {
  if (a == b || (std::isnan(a) && std::isnan(b)))
    return 0;
  double difference = std::abs(a - b);
  return std::isnan(difference) ? std::numeric_limits<double>::infinity()
                                : difference;
}

struct Judge {
  Comparison result;
  uint64_t firstWrong = 0;
  uint64_t worst = 0;

  void element(uint64_t index, double error, bool fits) {
    if (error > result.largestError) {
      result.largestError = error;
      worst = index;
    }
    if (!fits && result.wrong++ == 0)
      firstWrong = index;
  }
};

template <class T>
void compareFloats(const TensorView &got, const TensorView &want,
                   Tolerance tolerance, Judge &judge) {
  graph::Elements<T> left(got.data), right(want.data);
  for (uint64_t i = 0; i < judge.result.count; ++i) {
    double a = graph::widen(left[static_cast<int64_t>(i)]);
    double b = graph::widen(right[static_cast<int64_t>(i)]);
    double error = distance(a, b);
    // An infinity allows nothing: infinite tolerance would allow everything.
    bool fits = error == 0 || (std::isfinite(b) && std::isfinite(a) &&
                               error <= tolerance.absolute +
                                            tolerance.relative * std::abs(b));
    judge.element(i, error, fits);
  }
}

/// Elements of the small kinds: equal numbers, or both NaN.
template <class T>
void compareStorage(const TensorView &got, const TensorView &want,
                    Judge &judge) {
  graph::StorageElements<T> left(got.dtype, got.data);
  graph::StorageElements<T> right(want.dtype, want.data);
  for (uint64_t i = 0; i < judge.result.count; ++i) {
    double error =
        distance(static_cast<double>(left[static_cast<int64_t>(i)]),
                 static_cast<double>(right[static_cast<int64_t>(i)]));
    judge.element(i, error, error == 0);
  }
}

template <class T>
void compareIntegers(const TensorView &got, const TensorView &want,
                     Judge &judge) {
  graph::Elements<T> left(got.data), right(want.data);
  for (uint64_t i = 0; i < judge.result.count; ++i) {
    T a = left[static_cast<int64_t>(i)], b = right[static_cast<int64_t>(i)];
    // Distinct 64-bit integers may be one double.
    double error = a == b ? 0
                          : std::max(1.0, distance(static_cast<double>(a),
                                                   static_cast<double>(b)));
    judge.element(i, error, a == b);
  }
}

Result<> compareTexts(const TensorView &got, const TensorView &want,
                      Judge &judge) {
  auto left = RUNE_TRY(textElements(got));
  auto right = RUNE_TRY(textElements(want));
  for (size_t i = 0; i < left.size() && i < right.size(); ++i)
    judge.element(i, 0, left[i] == right[i]);
  return {};
}

std::string elementText(const TensorView &tensor, uint64_t index) {
  if (tensor.dtype == DType::Utf8) {
    auto texts = textElements(tensor);
    return texts ? fmt::format("`{}`", (*texts)[index]) : "?";
  }
  DType dtype = tensor.dtype == DType::Bool ? DType::U8 : tensor.dtype;
  return graph::withElements(
      dtype, tensor.data, [&](auto, const auto &elements) {
        return fmt::format("{}",
                           graph::widen(elements[static_cast<int64_t>(index)]));
      });
}

std::string explain(const TensorView &got, const TensorView &want,
                    const Judge &judge) {
  const Comparison &result = judge.result;
  uint64_t shown = result.largestError > 0 ? judge.worst : judge.firstWrong;
  std::string text =
      fmt::format("{} of {} elements differ", result.wrong, result.count);
  text += fmt::format("; at [{}] got {}, want {}",
                      fmt::join(placeOf(shown, want.sizes), ", "),
                      elementText(got, shown), elementText(want, shown));
  if (result.largestError > 0)
    text += fmt::format(", an error of {:.3g}", result.largestError);
  return text;
}

/// The largest finite magnitude.
double largestOf(const TensorView &tensor) {
  double largest = 0;
  graph::withFloat(tensor.dtype, [&]<class T>(graph::Type<T>) {
    graph::Elements<T> elements(tensor.data);
    for (uint64_t i = 0; i < *elementCount(tensor.sizes); ++i)
      if (double size = std::abs(static_cast<double>(
              graph::widen(elements[static_cast<int64_t>(i)])));
          std::isfinite(size))
        largest = std::max(largest, size);
  });
  return largest;
}

/// Half a unit of the fourth decimal where all elements were typed with no more
/// decimals than that; 0 where they were computed. Of a few numbers, of sums of
/// powers of two and of large ones nobody can tell.
double typingError(const TensorView &want) {
  constexpr double unit = 1e-4, least = 4;
  double telling = 0;
  bool isTyped = true;
  graph::withFloat(want.dtype, [&]<class T>(graph::Type<T>) {
    graph::Elements<T> elements(want.data);
    for (uint64_t i = 0; isTyped && i < *elementCount(want.sizes); ++i) {
      auto value =
          static_cast<double>(graph::widen(elements[static_cast<int64_t>(i)]));
      double units = value / unit, step = std::abs(units) * 0x1p-23;
      isTyped = step < 0.01 && std::abs(units - std::round(units)) <= step;
      double binary = value * 0x1p10;
      telling += binary != std::round(binary);
    }
  });
  return isTyped && telling >= least ? unit / 2 : 0;
}

Comparison refused(std::string why) {
  Comparison result;
  result.equal = false;
  result.why = std::move(why);
  return result;
}

} // namespace

Tolerance defaultTolerance(DType dtype) {
  if (dtype == DType::F16)
    return {2e-3, 1e-3};
  if (dtype == DType::BF16)
    return {1.6e-2, 1e-2};
  return {};
}

Comparison compareTensors(const TensorView &got, const TensorView &want,
                          const ToleranceOptions &options) {
  if (got.dtype != want.dtype || !std::ranges::equal(got.sizes, want.sizes))
    return refused(fmt::format("got `{}`, want `{}`", got.type().str(),
                               want.type().str()));
  for (const TensorView *tensor : {&got, &want})
    if (auto whole = checkData(*tensor); !whole)
      return refused(whole.error().message);
  Tolerance tolerance = defaultTolerance(want.dtype);
  tolerance.relative = options.relative.value_or(tolerance.relative);
  tolerance.absolute = options.absolute.value_or(tolerance.absolute);
  if (options.bound && isFloat(want.dtype))
    tolerance = {0, options.bound->relativeTo(want.dtype) * largestOf(want) +
                        typingError(want)};

  Judge judge;
  judge.result.count = *elementCount(want.sizes);
  DType dtype = want.dtype == DType::Bool ? DType::U8 : want.dtype;
  if (dtype == DType::Utf8) {
    if (auto texts = compareTexts(got, want, judge); !texts)
      return refused(texts.error().message);
  } else if (isStorage(dtype)) {
    if (dtypeKind(dtype) == DTypeKind::SmallFloat)
      compareStorage<float>(got, want, judge);
    else
      compareStorage<int8_t>(got, want, judge);
  } else if (isFloat(dtype)) {
    graph::withFloat(dtype, [&](auto type) {
      compareFloats<typename decltype(type)::type>(got, want, tolerance, judge);
    });
  } else {
    graph::withInteger(dtype, [&](auto type) {
      compareIntegers<typename decltype(type)::type>(got, want, judge);
    });
  }
  judge.result.equal = judge.result.wrong == 0;
  if (judge.result.largestError > 0)
    judge.result.place = placeOf(judge.worst, want.sizes);
  if (!judge.result.equal)
    judge.result.why = explain(got, want, judge);
  return std::move(judge.result);
}

Comparison compareItems(const graph::Item &got, const graph::Item &want,
                        const ToleranceOptions &options) {
  if (got.form != want.form || got.isThere() != want.isThere())
    return refused(fmt::format("got {}, want {}", got.str(), want.str()));
  if (got.tensor)
    return compareTensors(got.view(), want.view(), options);
  Comparison all;
  if (!got.list)
    return all;
  const auto &left = got.list->tensors, &right = want.list->tensors;
  if (left.size() != right.size())
    return refused(fmt::format("got {}, want {}", got.str(), want.str()));
  for (size_t i = 0; i < left.size(); ++i) {
    Comparison each = compareTensors(left[i]->view, right[i]->view, options);
    all.count += each.count;
    all.wrong += each.wrong;
    if (all.equal && !each.equal)
      all.why = fmt::format("tensor {}: {}", i, each.why);
    all.equal = all.equal && each.equal;
    if (each.largestError > all.largestError) {
      all.largestError = each.largestError;
      all.place = std::move(each.place);
    }
  }
  return all;
}

} // namespace rune::import
