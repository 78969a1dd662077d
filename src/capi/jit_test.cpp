// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Functions of tensors, against numbers computed by hand or by the C library.
#include "rune/jit.hpp"

#include <gmock/gmock.h>

#include <cmath>

namespace rune {
namespace {

using expr::Tensor;
using testing::ElementsAre;
using testing::HasSubstr;

TensorRef matrix(std::vector<float> &elements, int64_t rows, int64_t columns) {
  return TensorRef::of(std::span(elements), {rows, columns});
}

template <class T> std::vector<T> only(Outcome<std::vector<Array>> results) {
  EXPECT_TRUE(results.ok())
      << results.error().place << ": " << results.error().text;
  if (!results)
    return {};
  EXPECT_EQ(results->size(), 1u);
  auto elements = (*results)[0].as<T>();
  return {elements.begin(), elements.end()};
}

TEST(JitFunction, ComputesAnExpression) {
  auto f = jit([](Tensor a, Tensor b) { return relu(matmul(a, b)); });
  std::vector<float> a = {1, 2, 3, 4}, b = {1, -1, 2, -3};
  EXPECT_THAT(only<float>(f(matrix(a, 2, 2), matrix(b, 2, 2))),
              ElementsAre(5, 0, 11, 0));
  // other sizes: compiled again
  EXPECT_THAT(only<float>(f(matrix(a, 1, 4), matrix(b, 4, 1))), ElementsAre(0));
}

TEST(JitFunction, NumbersTakeTheTypeOfTheTensorBeside) {
  auto f = jit([](Tensor a) { return 2.0 * a + 1; });
  std::vector<int32_t> a = {1, -5};
  EXPECT_THAT(only<int32_t>(f(TensorRef::of(std::span(a), {2}))),
              ElementsAre(3, -9));
}

TEST(JitFunction, HasElementaryFunctions) {
  auto f = jit([](Tensor x) {
    return expr::concat({exp(x), log(x), sqrt(x), tanh(x), sigmoid(x), erf(x),
                         abs(-x), pow(x, 2.0)},
                        0);
  });
  std::vector<float> x = {0.75f};
  std::vector<float> y = only<float>(f(TensorRef::of(std::span(x), {1})));
  double v = 0.75;
  std::vector<double> expected = {std::exp(v),
                                  std::log(v),
                                  std::sqrt(v),
                                  std::tanh(v),
                                  1 / (1 + std::exp(-v)),
                                  std::erf(v),
                                  v,
                                  v * v};
  ASSERT_EQ(y.size(), expected.size());
  for (size_t i = 0; i < y.size(); ++i)
    EXPECT_NEAR(y[i], expected[i], 1e-6) << i;
}

TEST(JitFunction, MovesAndReduces) {
  auto f = jit([](Tensor x) {
    return std::vector<Tensor>{transpose(x, {1, 0}), sum(x, {1}),
                               mean(x, {0}, true),   max(x, {-1}),
                               reshape(x, {3, 2}),   softmax(x * 0.0, 1)};
  });
  std::vector<float> x = {1, 2, 3, 4, 5, 6};
  auto results = f(matrix(x, 2, 3));
  ASSERT_TRUE(results.ok()) << results.error().text;
  EXPECT_THAT((*results)[0].as<float>(), ElementsAre(1, 4, 2, 5, 3, 6));
  EXPECT_THAT((*results)[1].as<float>(), ElementsAre(6, 15));
  EXPECT_THAT((*results)[2].as<float>(), ElementsAre(2.5, 3.5, 4.5));
  EXPECT_THAT((*results)[2].sizes, ElementsAre(1, 3));
  EXPECT_THAT((*results)[3].as<float>(), ElementsAre(3, 6));
  EXPECT_THAT((*results)[4].sizes, ElementsAre(3, 2));
  for (float each : (*results)[5].as<float>())
    EXPECT_NEAR(each, 1 / 3.0, 1e-6);
}

TEST(JitFunction, ChoosesElements) {
  auto f = jit([](Tensor a) { return where(a > 2.0, a, -1.0); });
  std::vector<float> a = {1, 2, 3, 4};
  EXPECT_THAT(only<float>(f(matrix(a, 2, 2))), ElementsAre(-1, -1, 3, 4));
}

TEST(JitFunction, Branches) {
  auto f = jit([](Tensor a, Tensor b) {
    Tensor isLarge = reshape(sum(a, {0}) > 3.0, {});
    return cond(
        isLarge, {a}, [&](std::vector<Tensor> in) { return in[0] + b; },
        [&](std::vector<Tensor> in) { return in[0] * 10.0; });
  });
  std::vector<float> large = {3, 4}, small = {1, 1}, b = {100, 200};
  auto ref = [](std::vector<float> &x) {
    return TensorRef::of(std::span(x), {2});
  };
  EXPECT_THAT(only<float>(f(ref(large), ref(b))), ElementsAre(103, 204));
  EXPECT_THAT(only<float>(f(ref(small), ref(b))), ElementsAre(10, 10));
}

TEST(JitFunction, Loops) {
  auto f = jit([](Tensor a, Tensor step) {
    return expr::loop(4, {a}, [&](Tensor turn, std::vector<Tensor> state) {
      return std::vector<Tensor>{state[0] * 2.0 +
                                 step * expr::cast(turn, Element::F32)};
    });
  });
  std::vector<float> a = {1, 0}, step = {0, 1};
  auto ref = [](std::vector<float> &x) {
    return TensorRef::of(std::span(x), {2});
  };
  // the second: ((0·2+0)·2+1)·2+2)·2+3
  EXPECT_THAT(only<float>(f(ref(a), ref(step))), ElementsAre(16, 11));
}

TEST(JitFunction, NamesTheLineOfAFault) {
  unsigned line = 0;
  auto f = jit([&](Tensor a, Tensor b) {
    line = __LINE__ + 1;
    Tensor product = matmul(a, b);
    return relu(product + 1.0);
  });
  std::vector<float> a = {1, 2, 3, 4};
  auto result = f(matrix(a, 2, 2), matrix(a, 1, 4));
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code, "jit.shape");
  EXPECT_THAT(result.error().place,
              HasSubstr("jit_test.cpp:" + std::to_string(line) + ":"));
  EXPECT_THAT(result.error().text, HasSubstr("matmul"));
}

TEST(JitFunction, RefusesOtherNumbersOfTensors) {
  auto f = jit([](Tensor a) { return relu(a); });
  std::vector<float> a = {1};
  auto ref = TensorRef::of(std::span(a), {1});
  EXPECT_EQ(f(ref, ref).error().code, "program.mismatch");
  ref.bytes = 3;
  EXPECT_FALSE(f(ref).ok());
}

} // namespace
} // namespace rune
