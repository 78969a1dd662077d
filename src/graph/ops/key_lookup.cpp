// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// key_lookup(x, keys[k], values[k], other[]): values[i] where x equals keys[i],
// the first of equal keys, else `other`. NaN equals NaN, -0 equals 0.
//
// source  ONNX ai.onnx.ml LabelEncoder-4
#include "graph/ops/move.h"

#include <string>
#include <unordered_map>

namespace rune::graph {
namespace {

Result<Types> infer(const InferContext &context) {
  // key_lookup.1: keys of x's type
  if (context.dtype(0) != context.dtype(1) || isStorage(context.dtype(0)))
    return context.fail(1, "x is {}, the keys are {}", context.type(0).str(),
                        context.type(1).str());
  // key_lookup.2: keys and values are vectors of one length; one `other`
  const TensorType &values = context.type(2);
  if (context.rank(1) != 1 || values.dims.size() != 1 ||
      !unify(context.dims(1)[0], values.dims[0]) ||
      context.dtype(3) != values.dtype || !isSingle(context.type(3)))
    return context.fail(2, "keys {}, values {} and {} do not go together",
                        context.type(1).str(), values.str(),
                        context.type(3).str());
  return Types{{values.dtype, context.dims(0)}};
}

/// The bytes that equal elements share.
class Keys {
public:
  static Result<Keys> of(const TensorView &view) {
    Keys keys;
    keys.view_ = view;
    if (view.dtype == DType::Utf8)
      keys.texts_ = RUNE_TRY(textElements(view));
    return keys;
  }
  std::string operator[](int64_t at) const {
    if (view_.dtype == DType::Utf8)
      return std::string(texts_[static_cast<size_t>(at)]);
    unsigned width = dtypeBytes(view_.dtype);
    if (isFloat(view_.dtype))
      return withFloat(view_.dtype, [&]<class T>(Type<T>) {
        auto value = static_cast<double>(widen(Elements<T>(view_.data)[at]));
        value = std::isnan(value) ? std::numeric_limits<double>::quiet_NaN()
                                  : value + 0.0;
        return std::string(reinterpret_cast<const char *>(&value),
                           sizeof value);
      });
    return std::string(
        reinterpret_cast<const char *>(view_.data.data()) + at * width, width);
  }

private:
  TensorView view_;
  std::vector<std::string_view> texts_;
};

Result<Tensors> evaluate(const EvalContext &context) {
  Keys keys = RUNE_TRY(Keys::of(context.input(1)));
  Keys x = RUNE_TRY(Keys::of(context.input(0)));
  auto count =
      static_cast<int64_t>(RUNE_TRY(elementCount(context.input(0).sizes)));
  int64_t known = context.input(1).sizes[0];
  // a table entry is an element, a place, and what the containers add
  uint64_t scratch = static_cast<uint64_t>(known) * 96;
  RUNE_TRY(context.budget.reserve(scratch));
  std::unordered_map<std::string, int64_t> places;
  for (int64_t i = 0; i < known; ++i) {
    if (!context.budget.spend(1))
      return context.budget.expired();
    places.try_emplace(keys[i], i);
  }
  const size_t inputs[] = {2, 3};
  Tensor result = RUNE_TRY(
      moveElements(context, inputs, [&](auto &ins, auto *out) -> Result<> {
        for (int64_t i = 0; i < count; ++i) {
          if (!context.budget.spend(1))
            return context.budget.expired();
          auto place = places.find(x[i]);
          out[i] = place == places.end()
                       ? ins[1][0]
                       : ins[0][static_cast<size_t>(place->second)];
        }
        return {};
      }));
  context.budget.release(scratch);
  return single(std::move(result));
}

} // namespace

OpDefinition defineKeyLookup() { return {{4, 4}, {1, 1}, {}, infer, evaluate}; }

} // namespace rune::graph
