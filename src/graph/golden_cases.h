// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The cases that numpy and plain Python computed for every operator
// (testdata/make_golden*.py), for the tests of whatever runs graphs.
#pragma once

#include "graph/bounds.h"
#include "graph/builder.h"
#include "graph/small_types.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <fstream>

namespace rune::graph::test {

using Json = nlohmann::json;

inline const Json &golden() {
  static const Json cases = [] {
    Json all = Json::array();
    for (const char *name :
         {"golden.json", "golden_integers.json", "golden_recurrent.json",
          "golden_signal.json", "golden_elementwise.json", "golden_folds.json",
          "golden_networks.json", "golden_movement.json"}) {
      std::ifstream file(std::string(RUNE_SOURCE_DIR "/src/graph/testdata/") +
                         name);
      for (Json &json : Json::parse(file))
        all.push_back(std::move(json));
    }
    return all;
  }();
  return cases;
}

inline double numberOf(const Json &json) {
  if (json.is_boolean())
    return json.get<bool>();
  if (json.is_string()) // nan inf -inf -0
    return std::stod(json.get<std::string>());
  return json.get<double>();
}

inline void setElement(Tensor &tensor, size_t index, const Json &json) {
  if (tensor.dtype() == DType::Bool) {
    tensor.bytes()[index] = json.get<bool>();
  } else if (isStorage(tensor.dtype())) { // codes
    unsigned bits = dtypeBits(tensor.dtype());
    tensor.bytes()[index * bits / 8] |=
        static_cast<uint8_t>(json.get<unsigned>() << (index * bits % 8));
  } else if (isFloat(tensor.dtype())) {
    withFloat(tensor.dtype(), [&]<class T>(Type<T>) {
      tensor.as<T>()[index] = narrow<T>(numberOf(json));
    });
  } else {
    withInteger(tensor.dtype(), [&]<class T>(Type<T>) {
      tensor.as<T>()[index] = json.get<T>();
    });
  }
}

inline Tensor tensorOf(const Json &json) {
  auto type = parseTensorType(json["type"].get<std::string>());
  if (type->dtype == DType::Utf8)
    return Tensor::ofText(type->sizes(),
                          json["data"].get<std::vector<std::string>>());
  auto tensor = Tensor::zeros(type->dtype, type->sizes());
  for (size_t i = 0; i < json["data"].size(); ++i)
    setElement(*tensor, i, json["data"][i]);
  return std::move(*tensor);
}

inline std::vector<Attribute> attributesOf(const Json &json) {
  std::vector<Attribute> attributes;
  for (const auto &[name, value] : json.items())
    if (value.is_array() && name == "coefficients")
      attributes.push_back({name, value.get<std::vector<double>>()});
    else if (value.is_array())
      attributes.push_back({name, value.get<std::vector<int64_t>>()});
    else if (value.is_string())
      attributes.push_back({name, value.get<std::string>()});
    else if (value.is_number_float() || name == "epsilon" || name == "momentum")
      attributes.push_back({name, value.get<double>()});
    else
      attributes.push_back({name, value.get<int64_t>()});
  return attributes;
}

/// The largest finite magnitude; at least 1, where sums cancel.
inline double largestOf(const Tensor &tensor) {
  double largest = 1;
  withFloat(tensor.dtype(), [&]<class T>(Type<T>) {
    for (T element : tensor.as<T>())
      if (double size = std::abs(static_cast<double>(widen(element)));
          std::isfinite(size))
        largest = std::max(largest, size);
  });
  return largest;
}

struct Case {
  explicit Case(const Json &json) : json(json) {
    for (const Json &input : json["inputs"])
      tensors.push_back(input.is_null() ? std::nullopt
                                        : std::optional(tensorOf(input)));
  }

  Result<Graph> graph(bool constants) const {
    GraphBuilder builder("golden");
    RUNE_TRY(addTo(builder, constants, ""));
    return std::move(builder).finish();
  }

  /// Adds the case to a graph; names end in `suffix`.
  Result<> addTo(GraphBuilder &builder, bool constants,
                 const std::string &suffix) const {
    std::vector<ValueId> ids;
    for (size_t i = 0; i < tensors.size(); ++i) {
      if (!tensors[i])
        ids.push_back(noValue);
      else if (constants)
        ids.push_back(
            builder.constant(fmt::format("c{}{}", i, suffix),
                             {tensors[i]->dtype(), tensors[i]->sizes(),
                              tensors[i]->bytes(), nullptr}));
      else
        ids.push_back(
            builder.input(fmt::format("x{}{}", i, suffix), tensors[i]->type()));
    }
    auto op = opNamed(json["op"].get<std::string>(), 1);
    auto results = RUNE_TRY(builder.node(*op, "node" + suffix, ids,
                                         attributesOf(json["attributes"]),
                                         json["outputs"].size()));
    for (size_t i = 0; i < results.size(); ++i)
      builder.output(results[i], fmt::format("y{}{}", i, suffix));
    return {};
  }

  std::vector<TensorView> views() const {
    std::vector<TensorView> views;
    for (const auto &tensor : tensors)
      if (tensor)
        views.push_back(tensor->view());
    return views;
  }

  void check(std::span<const Tensor> results) const {
    ASSERT_EQ(results.size(), json["outputs"].size());
    // what is not exact keeps the bound of its family, docs/ops.md
    auto whole = graph(false);
    FloatBound bound = boundOf(*whole);
    for (size_t i = 0; i < results.size(); ++i)
      check(results[i], tensorOf(json["outputs"][i]), bound);
  }

  /// The float type of the largest step, among the inputs and this one.
  DType coarsest(DType dtype) const {
    for (const auto &tensor : tensors)
      if (tensor && isFloat(tensor->dtype()) &&
          stepOf(tensor->dtype()) > stepOf(dtype))
        dtype = tensor->dtype();
    return dtype;
  }

  void check(const Tensor &actual, const Tensor &expected,
             const FloatBound &bound) const {
    ASSERT_EQ(actual.type().str(), expected.type().str());
    bool exact = json["tolerance"].get<double>() == 0;
    if (!isFloat(actual.dtype())) {
      EXPECT_TRUE(std::ranges::equal(actual.bytes(), expected.bytes()));
      return;
    }
    double allowed =
        bound.relativeTo(coarsest(actual.dtype())) * largestOf(expected);
    for (size_t i = 0; i < actual.count(); ++i)
      withFloat(actual.dtype(), [&]<class T>(Type<T>) {
        double a = widen(actual.as<T>()[i]), e = widen(expected.as<T>()[i]);
        if (std::isnan(e) || std::isinf(e) || exact) {
          EXPECT_EQ(std::isnan(a), std::isnan(e)) << "element " << i;
          if (!std::isnan(e)) {
            EXPECT_EQ(a, e) << "element " << i;
            EXPECT_EQ(std::signbit(a), std::signbit(e)) << "element " << i;
          }
        } else {
          EXPECT_LE(std::abs(a - e), allowed)
              << "element " << i << ": " << a << ", numpy says " << e;
        }
      });
  }

  const Json &json;
  std::vector<std::optional<Tensor>> tensors;
};

inline std::string nameOf(const Json &json) {
  return json["op"].get<std::string>() + ": " + json["name"].get<std::string>();
}

} // namespace rune::graph::test
