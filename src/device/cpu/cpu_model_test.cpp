// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "device/cpu/cpu_model.h"

#include "graph/builder.h"
#include "graph/evaluate.h"
#include "graph/ops.h"

#include <gtest/gtest.h>

namespace rune::device {
namespace {

using graph::Constant;
using graph::noValue;
using graph::Op;
using graph::ValueId;

template <class T> Tensor tensorOf(DType dtype, std::vector<int64_t> sizes) {
  Tensor tensor = *Tensor::zeros(dtype, sizes);
  int next = 0;
  for (T &x : tensor.as<T>())
    x = static_cast<T>(next++ * 7 % 23);
  return tensor;
}

/// A product as an ONNX model has it whose layers are quantised.
graph::Graph quantisedProduct() {
  graph::GraphBuilder builder("product");
  Tensor step = *Tensor::zeros(DType::F32, std::vector<int64_t>{});
  step.as<float>()[0] = 0.25f;
  ValueId scale = builder.constant("scale", Constant::of(std::move(step)));
  ValueId weights =
      builder.constant("w", Constant::of(tensorOf<int8_t>(DType::I8, {4, 5})));
  auto one = [&](Op op, std::vector<ValueId> in,
                 std::vector<graph::Attribute> how = {}) {
    return *builder.one(op, "", std::move(in), std::move(how));
  };
  ValueId x = builder.input("x", {DType::U8, Dims{3, 4}});
  ValueId product =
      one(Op::MatMul, {one(Op::Dequantize, {x, scale, noValue}),
                       one(Op::Dequantize, {weights, scale, noValue})});
  builder.output(one(Op::Quantize, {product, scale, noValue},
                     {{"dtype", std::string("u8")}}),
                 "y");
  return *std::move(builder).finish();
}

TEST(CpuModel, SaysWhatRunsInIntegersUnlessExactNumbersAreAskedFor) {
  Tensor x = tensorOf<uint8_t>(DType::U8, {3, 4});
  for (bool exact : {false, true}) {
    std::vector<Diagnostic> notes;
    Keeping keeping;
    keeping.note = [&](const Diagnostic &what) { notes.push_back(what); };
    CpuModel model(quantisedProduct(), keeping, {.exact = exact});
    for (int run = 0; run < 2; ++run) {
      graph::Items items;
      items.push_back(graph::Item::borrowed(x.view()));
      auto results = model.run(std::move(items));
      ASSERT_TRUE(results.ok()) << results.error().message;
      std::vector<TensorView> in = {x.view()};
      auto judge = graph::evaluate(quantisedProduct(), in);
      ASSERT_TRUE(judge.ok());
      Tensor own = *Tensor::copyOf((*results)[0].view());
      for (size_t i = 0; i < own.as<uint8_t>().size(); ++i)
        EXPECT_NEAR(own.as<uint8_t>()[i], (*judge)[0].as<uint8_t>()[i],
                    exact ? 0 : 1);
    }
    ASSERT_EQ(notes.size(), exact ? 0u : 1u); // once, not with each run
    if (!exact) {
      EXPECT_EQ(notes[0].code, "compile.in-integers");
      EXPECT_NE(notes[0].message.find("1 quantised layer runs"),
                std::string::npos)
          << notes[0].message;
    }
  }
}

} // namespace
} // namespace rune::device
