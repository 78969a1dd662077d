// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Every operator against values that numpy and plain Python computed
// (testdata/make_golden.py, make_golden_integers.py, make_golden_recurrent.py,
// …), with all inputs given at run time, with all of them as constants, and
// once more after the graph has been stored and loaded.
#include "graph/bounds.h"
#include "graph/builder.h"
#include "graph/evaluate.h"
#include "graph/fuzz_seed.h"
#include "graph/small_types.h"
#include "graph/store.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <set>

namespace rune::graph {
namespace {

using Json = nlohmann::json;

const Json &golden() {
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

double numberOf(const Json &json) {
  if (json.is_boolean())
    return json.get<bool>();
  if (json.is_string()) // nan inf -inf -0
    return std::stod(json.get<std::string>());
  return json.get<double>();
}

void setElement(Tensor &tensor, size_t index, const Json &json) {
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

Tensor tensorOf(const Json &json) {
  auto type = parseTensorType(json["type"].get<std::string>());
  if (type->dtype == DType::Utf8)
    return Tensor::ofText(type->sizes(),
                          json["data"].get<std::vector<std::string>>());
  auto tensor = Tensor::zeros(type->dtype, type->sizes());
  for (size_t i = 0; i < json["data"].size(); ++i)
    setElement(*tensor, i, json["data"][i]);
  return std::move(*tensor);
}

std::vector<Attribute> attributesOf(const Json &json) {
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
double largestOf(const Tensor &tensor) {
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
    std::vector<ValueId> ids;
    for (size_t i = 0; i < tensors.size(); ++i) {
      if (!tensors[i])
        ids.push_back(noValue);
      else if (constants)
        ids.push_back(builder.constant(
            fmt::format("c{}", i), {tensors[i]->dtype(), tensors[i]->sizes(),
                                    tensors[i]->bytes(), nullptr}));
      else
        ids.push_back(builder.input(fmt::format("x{}", i), tensors[i]->type()));
    }
    auto op = opNamed(json["op"].get<std::string>(), 1);
    auto results = RUNE_TRY(builder.node(*op, "node", ids,
                                         attributesOf(json["attributes"]),
                                         json["outputs"].size()));
    for (size_t i = 0; i < results.size(); ++i)
      builder.output(results[i], fmt::format("y{}", i));
    return std::move(builder).finish();
  }

  std::vector<TensorView> views() const {
    std::vector<TensorView> views;
    for (const auto &tensor : tensors)
      if (tensor)
        views.push_back(tensor->view());
    return views;
  }

  void check(const std::vector<Tensor> &results) const {
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

std::string nameOf(const Json &json) {
  return json["op"].get<std::string>() + ": " + json["name"].get<std::string>();
}

void runAll(bool constants) {
  for (const Json &json : golden()) {
    SCOPED_TRACE(nameOf(json));
    Case test(json);
    auto graph = test.graph(constants);
    ASSERT_TRUE(graph.ok()) << graph.error().message;
    auto results =
        evaluate(*graph, constants ? std::vector<TensorView>() : test.views());
    ASSERT_TRUE(results.ok()) << results.error().message;
    test.check(*results);
  }
}

TEST(Golden, EveryOperatorAgreesWithNumpy) { runAll(false); }
TEST(Golden, SoDoConstants) { runAll(true); }

TEST(Golden, EveryOperatorHasCases) {
  std::set<std::string> seen;
  for (const Json &json : golden())
    seen.insert(json["op"].get<std::string>());
  // those of the plan have theirs in plan_test.cpp
  for (size_t i = 0; i < opCount; ++i)
    EXPECT_TRUE(!definitionOf(static_cast<Op>(i)).evaluate ||
                seen.contains(std::string(opName(static_cast<Op>(i)))))
        << opName(static_cast<Op>(i));
}

TEST(Golden, StoredGraphsLoadEqualAndComputeTheSame) {
  for (const Json &json : golden())
    for (bool constants : {false, true}) {
      SCOPED_TRACE(nameOf(json));
      Case test(json);
      auto graph = test.graph(constants);
      ASSERT_TRUE(graph.ok());
      auto stored = store(*graph);
      ASSERT_TRUE(stored.ok()) << stored.error().message;
      auto loaded = load(stored->table, stored->weights);
      ASSERT_TRUE(loaded.ok()) << loaded.error().message;
      auto again = store(*loaded);
      ASSERT_TRUE(again.ok());
      EXPECT_EQ(again->table, stored->table);
      auto results = evaluate(*loaded, constants ? std::vector<TensorView>()
                                                 : test.views());
      ASSERT_TRUE(results.ok()) << results.error().message;
      test.check(*results);
    }
}

/// Weights in a file may stand anywhere.
TEST(Golden, UnalignedInputsComputeTheSame) {
  for (const Json &json : golden()) {
    SCOPED_TRACE(nameOf(json));
    Case test(json);
    std::vector<Bytes> shifted;
    std::vector<TensorView> views = test.views();
    for (TensorView &view : views) {
      Bytes bytes(1);
      bytes.insert(bytes.end(), view.data.begin(), view.data.end());
      shifted.push_back(std::move(bytes));
      view.data = ByteSpan(shifted.back()).subspan(1);
    }
    auto results = evaluate(*test.graph(false), views);
    ASSERT_TRUE(results.ok()) << results.error().message;
    test.check(*results);
  }
}

/// The seeds of the fuzzer are the first cases of each operator.
TEST(Golden, FuzzSeedsAreStoredGraphsOfToday) {
  std::set<std::string> seen;
  for (const Json &json : golden()) {
    std::string op = json["op"].get<std::string>();
    if (!seen.insert(op).second)
      continue;
    SCOPED_TRACE(op);
    Case test(json);
    // the shape rules of these read their inputs
    const std::set<std::string> byValue = {
        "reshape",        "pad",          "slice", "expand", "tile",
        "resize_nearest", "resize_linear"};
    Graph graph = *test.graph(byValue.contains(op));
    test::expectSeed(op, graph);
  }
}

} // namespace
} // namespace rune::graph
