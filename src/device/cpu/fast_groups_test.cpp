// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Fast groups against the plain kernels, on random shapes, values and chains of
// elementwise operators: integers to the bit, floats within √K units of the
// largest product (docs/ops.md, "Bounds"). Kernels are those of several
// processors, in the instructions that this one has.
#include "device/cpu/run_graph.h"

#include "graph/builder.h"
#include "graph/ops.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

namespace rune::device {
namespace {

using graph::GraphBuilder;
using graph::noValue;
using graph::Op;
using graph::ValueId;
using Sizes = std::vector<int64_t>;

class Random {
public:
  explicit Random(uint32_t seed) : engine_(seed) {}
  int64_t between(int64_t low, int64_t high) {
    return std::uniform_int_distribution<int64_t>(low, high)(engine_);
  }
  bool oneIn(int64_t n) { return between(1, n) == 1; }
  template <class T> T of(std::initializer_list<T> all) {
    return all.begin()[between(0, static_cast<int64_t>(all.size()) - 1)];
  }
  Tensor tensor(DType dtype, Sizes sizes) {
    Tensor tensor = *Tensor::zeros(dtype, std::move(sizes));
    auto bytes = tensor.bytes();
    if (dtype == DType::F32) {
      std::normal_distribution<float> normal;
      for (size_t i = 0; i < bytes.size(); i += 4) {
        float x = normal(engine_);
        std::memcpy(bytes.data() + i, &x, 4);
      }
      return tensor;
    }
    for (uint8_t &byte : bytes)
      byte = static_cast<uint8_t>(engine_());
    if (dtype == DType::I32) // as biases are
      for (size_t i = 3; i < bytes.size(); i += 4)
        bytes[i] = bytes[i - 1] =
            static_cast<uint8_t>(bytes[i - 2] >> 7 ? -1 : 0);
    return tensor;
  }

private:
  std::mt19937 engine_;
};

/// One random graph: an anchor and what follows it.
class Case {
public:
  Case(uint32_t seed, bool isInteger)
      : random_(seed), builder_("case"), isInteger_(isInteger) {}

  graph::Graph conv() {
    int64_t spatial = random_.of<int64_t>({1, 2, 2, 2, 3});
    bool depthwise = random_.oneIn(3);
    int64_t groups = depthwise ? random_.between(2, 70)
                               : random_.of<int64_t>({1, 1, 1, 2, 3});
    int64_t inGroup = depthwise ? 1 : random_.between(1, 19);
    int64_t outGroup =
        depthwise && !random_.oneIn(4) ? 1 : random_.between(1, 37);
    Sizes x = {random_.between(1, 2)}, weights = {groups * outGroup, inGroup};
    Sizes strides, dilations, pads(static_cast<size_t>(2 * spatial));
    for (int64_t d = 0; d < spatial; ++d) {
      int64_t kernel = random_.between(1, 4), dilation = random_.between(1, 2);
      x.push_back(random_.between((kernel - 1) * dilation + 1, 14));
      weights.push_back(kernel);
      strides.push_back(random_.between(1, 3));
      dilations.push_back(dilation);
      for (int64_t side : {d, d + spatial})
        pads[static_cast<size_t>(side)] = random_.between(0, kernel);
    }
    x.push_back(groups * inGroup);
    macs_ = inGroup;
    std::vector<ValueId> in = operands(x, weights, groups * outGroup, 0);
    return finish(builder_.one(isInteger_ ? Op::ConvInteger : Op::Conv,
                               "anchor", in,
                               {{"layout", std::string("NXC")},
                                {"strides", strides},
                                {"dilations", dilations},
                                {"pads", pads},
                                {"groups", groups}}));
  }

  graph::Graph matmul() {
    Sizes a;
    for (int64_t d = random_.between(0, 2); d > 0; --d)
      a.push_back(random_.between(1, 3));
    int64_t inner = random_.between(1, 90), columns = random_.between(1, 75);
    a.push_back(random_.between(1, 33));
    a.push_back(inner);
    int64_t transposed = random_.between(0, 1);
    macs_ = inner;
    std::vector<ValueId> in =
        operands(a, transposed ? Sizes{columns, inner} : Sizes{inner, columns},
                 columns, transposed ? 0 : 1);
    return finish(builder_.one(isInteger_ ? Op::MatMulInteger : Op::MatMul,
                               "anchor", in, {{"transpose_b", transposed}}));
  }

  /// As many products as are worth several tasks, in few rows.
  graph::Graph fewRows() {
    bool isConv = random_.oneIn(2);
    int64_t groups = isConv ? random_.of<int64_t>({1, 4}) : 1;
    int64_t inner = random_.between(60, 90),
            columns = groups * random_.between(50, 90) + random_.between(0, 3);
    columns -= columns % groups;
    macs_ = inner;
    if (!isConv) {
      macs_ = inner *= 9;
      columns *= 3;
      Sizes weights = {inner, columns};
      return finish(builder_.one(
          isInteger_ ? Op::MatMulInteger : Op::MatMul, "anchor",
          operands({random_.between(1, 9), inner}, weights, columns, 1), {}));
    }
    int64_t kernel = random_.of<int64_t>({1, 3});
    Sizes x = {1, random_.between(4, 7), random_.between(4, 7), groups * inner};
    std::vector<ValueId> in =
        operands(x, {columns, inner, kernel, kernel}, columns, 0);
    return finish(builder_.one(isInteger_ ? Op::ConvInteger : Op::Conv,
                               "anchor", in,
                               {{"layout", std::string("NXC")},
                                {"pads", Sizes(4, kernel / 2)},
                                {"groups", groups}}));
  }

  /// Sums that are made piece by piece, of rows that are whole tiles or not.
  graph::Graph longSums() {
    int64_t inner = random_.between(257, 900),
            columns = random_.between(20, 200), rows = random_.between(2, 230);
    macs_ = inner;
    if (random_.oneIn(2))
      return finish(builder_.one(
          isInteger_ ? Op::MatMulInteger : Op::MatMul, "anchor",
          operands({rows, inner}, {inner, columns}, columns, 1), {}));
    int64_t groups = random_.of<int64_t>({1, 1, 2});
    std::vector<ValueId> in =
        operands({1, rows, random_.between(1, 2), groups * inner},
                 {groups * columns, inner, 1, 1}, groups * columns, 0);
    return finish(builder_.one(isInteger_ ? Op::ConvInteger : Op::Conv,
                               "anchor", in,
                               {{"layout", std::string("NXC")},
                                {"strides", Sizes{random_.between(1, 2), 1}},
                                {"groups", groups}}));
  }

  graph::Graph elementwise() {
    Sizes sizes;
    for (int64_t d = random_.between(0, 4); d > 0; --d)
      sizes.push_back(random_.between(1, 9));
    return finish(builder_.input(
        "x", {isInteger_ ? DType::I32 : DType::F32, dimsOf(sizes)}));
  }

  double bound() const { return 3e-6 * std::sqrt(double(macs_) * 64) * scale_; }

private:
  static Dims dimsOf(const Sizes &sizes) {
    Dims dims;
    for (int64_t size : sizes)
      dims.push_back(Dim(size));
    return dims;
  }
  ValueId constant(DType dtype, Sizes sizes) {
    return builder_.constant(
        "c", graph::Constant::of(random_.tensor(dtype, std::move(sizes))));
  }

  std::vector<ValueId> operands(const Sizes &x, const Sizes &weights,
                                int64_t columns, size_t) {
    DType left = isInteger_ ? random_.of({DType::I8, DType::U8}) : DType::F32;
    DType right = isInteger_ ? random_.of({DType::I8, DType::U8}) : DType::F32;
    std::vector<ValueId> in = {builder_.input("x", {left, dimsOf(x)}),
                               constant(right, weights)};
    bool isConv = weights.size() > 2;
    if (!isInteger_ && !isConv)
      return in;
    bool bias = random_.oneIn(2);
    in.push_back(bias
                     ? constant(isInteger_ ? DType::I32 : DType::F32, {columns})
                     : noValue);
    if (isInteger_) {
      in.push_back(random_.oneIn(2) ? constant(left, {}) : noValue);
      in.push_back(zeroOf(right, columns));
    }
    return in;
  }

  /// None, or the one that makes weights signed bytes; one that does not.
  ValueId zeroOf(DType dtype, int64_t columns) {
    if (random_.oneIn(3))
      return constant(dtype, random_.oneIn(2) ? Sizes{columns} : Sizes{});
    if (dtype == DType::I8)
      return noValue;
    Tensor middle =
        *Tensor::zeros(dtype, random_.oneIn(2) ? Sizes{columns} : Sizes{});
    std::ranges::fill(middle.bytes(), uint8_t{128});
    return builder_.constant("z", graph::Constant::of(std::move(middle)));
  }

  /// Some elementwise operators behind `value`.
  graph::Graph finish(Result<ValueId> first) {
    ValueId value = *first;
    for (int64_t i = random_.between(0, 4); i > 0; --i)
      value = isInteger_ ? nextInteger(value) : nextFloat(value);
    builder_.output(value, "y");
    return *std::move(builder_).finish();
  }

  /// Of the sizes of `value`, or some of them 1, or only the last.
  Sizes broadcast(ValueId value) {
    Sizes sizes = builder_.type(value).sizes();
    int64_t form = random_.between(0, 4);
    if (form == 0)
      return sizes;
    if (form == 1)
      return {};
    if (form == 2)
      return sizes.empty() ? sizes : Sizes{sizes.back()};
    for (int64_t &size : sizes)
      size = random_.oneIn(2) ? 1 : size;
    return sizes;
  }
  ValueId operand(ValueId value, DType dtype) {
    Sizes sizes = broadcast(value);
    return random_.oneIn(2) ? constant(dtype, sizes)
                            : builder_.input("o", {dtype, dimsOf(sizes)});
  }

  ValueId nextFloat(ValueId x) {
    switch (random_.between(0, 9)) {
    case 0:
      return *builder_.one(Op::Relu, "n", {x});
    case 1:
      return *builder_.one(Op::Sigmoid, "n", {x});
    case 2:
      return *builder_.one(Op::Tanh, "n", {x});
    case 3:
      return *builder_.one(Op::Add, "n", {x, operand(x, DType::F32)});
    case 4:
      scale_ *= 4;
      return *builder_.one(Op::Mul, "n", {operand(x, DType::F32), x});
    case 5:
      return *builder_.one(Op::Sub, "n", {x, operand(x, DType::F32)});
    case 6:
      return *builder_.one(Op::Maximum, "n", {x, operand(x, DType::F32)});
    case 7:
      return *builder_.one(Op::Gelu, "n", {x});
    case 8: {
      ValueId gate = *builder_.one(Op::Sigmoid, "gate", {x});
      return *builder_.one(Op::Mul, "n", {x, gate});
    }
    default:
      return *builder_.one(
          Op::Clamp, "n",
          {x, constant(DType::F32, {}),
           random_.oneIn(2) ? constant(DType::F32, {}) : noValue});
    }
  }

  /// Sums that floats bring to another scale.
  ValueId throughFloats(ValueId x) {
    Sizes sizes = builder_.type(x).sizes(), parameters;
    if (!sizes.empty() && random_.oneIn(2))
      parameters = {sizes.back()};
    Tensor scales = *Tensor::zeros(DType::F32, parameters);
    for (float &scale : scales.as<float>())
      scale = std::ldexp(static_cast<float>(random_.between(1000, 2000)), -22);
    ValueId y = *builder_.one(
        Op::Dequantize, "n",
        {x, builder_.constant("s", graph::Constant::of(std::move(scales))),
         parameters.empty() && random_.oneIn(3) ? constant(DType::I32, {})
                                                : noValue},
        {{"axis", parameters.empty()
                      ? int64_t{0}
                      : static_cast<int64_t>(sizes.size()) - 1}});
    if (random_.oneIn(2))
      y = *builder_.one(Op::Relu, "n", {y});
    Tensor step = *Tensor::zeros(DType::F32, {});
    step.as<float>()[0] = random_.of({1.0f, 0.5f, 0.37f});
    DType to = random_.of({DType::I8, DType::U8});
    return *builder_.one(
        Op::Quantize, "n",
        {y, builder_.constant("s", graph::Constant::of(std::move(step))),
         constant(to, {})},
        {{"dtype", std::string(dtypeName(to))}});
  }

  ValueId nextInteger(ValueId x) {
    DType dtype = builder_.type(x).dtype;
    if (dtype == DType::I32 && random_.oneIn(3))
      return throughFloats(x);
    if (dtype != DType::I32 || random_.oneIn(4))
      return *builder_.one(Op::Add, "n", {x, operand(x, dtype)});
    Sizes sizes = builder_.type(x).sizes();
    Sizes parameters =
        sizes.empty() || random_.oneIn(2) ? Sizes{} : Sizes{sizes.back()};
    int64_t count = parameters.empty() ? 1 : parameters[0];
    Tensor multipliers = *Tensor::zeros(DType::I32, parameters),
           shifts = *Tensor::zeros(DType::I32, parameters);
    bool right = random_.oneIn(2);
    for (int64_t i = 0; i < count; ++i) {
      auto m = static_cast<int32_t>(random_.between(1 << 30, INT32_MAX));
      auto s = static_cast<int32_t>(random_.between(-16, right ? 0 : 3));
      std::memcpy(multipliers.bytes().data() + i * 4, &m, 4);
      std::memcpy(shifts.bytes().data() + i * 4, &s, 4);
    }
    DType to = random_.of({DType::I8, DType::U8, DType::I16});
    return *builder_.one(
        Op::Requantize, "n",
        {x, builder_.constant("m", graph::Constant::of(std::move(multipliers))),
         builder_.constant("s", graph::Constant::of(std::move(shifts))),
         random_.oneIn(2) ? constant(to, {}) : noValue},
        {{"axis",
          sizes.empty() ? int64_t{0} : static_cast<int64_t>(sizes.size()) - 1},
         {"dtype", std::string(dtypeName(to))},
         {"rounding", random_.of<std::string>(
                          {"tflite-double", "tflite-single", "onnx-even"})}});
  }

  Random random_;
  GraphBuilder builder_;
  bool isInteger_;
  int64_t macs_ = 1;
  double scale_ = 1;
};

void expectClose(TensorView fast, TensorView plain, double bound) {
  ASSERT_TRUE(std::ranges::equal(fast.sizes, plain.sizes));
  if (fast.dtype != DType::F32) {
    EXPECT_TRUE(std::ranges::equal(fast.data, plain.data));
    return;
  }
  double largest = 1;
  std::vector<float> a(fast.data.size() / 4), b(a.size());
  std::memcpy(a.data(), fast.data.data(), fast.data.size());
  std::memcpy(b.data(), plain.data.data(), plain.data.size());
  for (float x : b)
    largest = std::max(largest, double(std::fabs(x)));
  for (size_t i = 0; i < a.size(); ++i)
    ASSERT_NEAR(a[i], b[i], bound * largest) << "element " << i;
}

void compare(const graph::Graph &graph, double bound, uint32_t seed,
             const char *kernels, uint32_t workers) {
  Random random(seed);
  std::vector<Tensor> inputs;
  for (ValueId id : graph.inputs)
    inputs.push_back(random.tensor(graph.values[id].type.dtype,
                                   graph.values[id].type.sizes()));
  auto run = [&](bool fast) {
    compile::Options options = kernelsOf(kernels);
    options.fast = fast;
    options.workers = workers;
    auto results = runOnce(graph, viewsOf(inputs), options,
                           std::make_shared<Pool>(workers));
    return *Tensor::copyOf((*results)[0].view());
  };
  Tensor fast = run(true), plain = run(false);
  expectClose(fast.view(), plain.view(), bound);
}

class FastGroups : public testing::TestWithParam<bool> {
protected:
  /// `count` for each kind of kernels there is.
  void compareAll(graph::Graph (Case::*make)(), uint32_t count) {
    constexpr const char *names[] = {
        "x86_64-linux-v2",      "x86_64-linux-v3",
        "x86_64-linux-v4",      "x86_64-linux-v3-vnni",
        "x86_64-linux-v4-vnni", "aarch64-linux-dotprod"};
    size_t kinds = GetParam() ? std::size(names) : 3;
    for (uint32_t seed = 0; seed < count * kinds; ++seed) {
      const char *name = names[seed % kinds];
      SCOPED_TRACE(fmt::format("{}, seed {}", name, seed));
      Case random(seed, GetParam());
      graph::Graph graph = (random.*make)();
      compare(graph, random.bound(), seed, name, 1 + (seed + seed / kinds) % 3);
      if (HasFatalFailure())
        return;
    }
  }
};

TEST_P(FastGroups, ConvolutionsAgreeWithPlainOnes) {
  compareAll(&Case::conv, 4);
}
TEST_P(FastGroups, ProductsAgreeWithPlainOnes) { compareAll(&Case::matmul, 4); }
TEST_P(FastGroups, ColumnsOfFewRowsAreSharedOut) {
  compareAll(&Case::fewRows, 2);
}
TEST_P(FastGroups, LongSumsAgreeWithPlainOnes) {
  compareAll(&Case::longSums, 6);
}
TEST_P(FastGroups, ChainsAgreeWithPlainOnes) {
  compareAll(&Case::elementwise, 4);
}

INSTANTIATE_TEST_SUITE_P(All, FastGroups, testing::Bool(),
                         [](const auto &info) {
                           return info.param ? "Integers" : "Floats";
                         });

} // namespace
} // namespace rune::device
