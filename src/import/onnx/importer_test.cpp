// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What a whole model must be: versions, names, order, types; and that every
// layer that cannot be imported is named at once.
#include "import/onnx/operators.h"
#include "import/onnx/test_onnx_model.h"

#include <onnx_facts.pb.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace rune::import::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;

TestModel relu(int64_t opset = 13, int64_t irVersion = 8) {
  return TestModel(opset, irVersion)
      .input("x", "f32[2]")
      .node("Relu", {"x"})
      .output("y");
}

TEST(OnnxImporter, namesEveryUnsupportedLayerAtOnce) {
  TestModel model =
      TestModel(17)
          .input("x", "f32[2]")
          .node("Sine", {"x"}, {}, {"a"}, "first")
          .node("Relu", {"a"}, {}, {"b"}, "depends")
          .node("Cosine", {"b"}, {}, {"c"}, "second")
          .node("BeamSearch", {"x"}, {}, {"d"}, "third")
          .node("Softmax", {"x"}, {{"axis", int64_t{5}}}, {"e"}, "wrong")
          .output("c")
          .output("d");
  model.proto().mutable_graph()->mutable_node(3)->set_domain("com.microsoft");
  auto *import = model.proto().add_opset_import();
  import->set_domain("com.microsoft");
  import->set_version(1);
  EXPECT_EQ(
      refusal(model),
      "import.unsupported: layer `first`: operator `Sine` of opset 17 is not "
      "supported\n"
      "import.unsupported: layer `second`: operator `Cosine` of opset 17 is "
      "not "
      "supported\n"
      "import.unsupported: layer `third`: operator `com.microsoft.BeamSearch` "
      "of "
      "version 1 is not supported\n"
      "import.malformed: layer `wrong`: `Softmax` of opset 17: axis 5 outside "
      "[-1, 1), the input has 1 dimensions");
}

TEST(OnnxImporter, oneKindOfLayerDoesNotHideTheNext) {
  TestModel model(17);
  model.input("x", "f32[2]");
  for (int i = 0; i < 300; ++i)
    model.node("Sine", {"x"}, {}, {fmt::format("a{}", i)},
               fmt::format("sin{}", i));
  model.node("Cosine", {"x"}, {}, {"y"}, "cos").output("y");
  Bytes bytes = model.bytes();
  Report report;
  EXPECT_FALSE(importModel(bytes, nullptr, Source::binary("m.onnx"), report));
  ASSERT_EQ(report.diagnostics().size(), 2u);
  const Diagnostic &sin = report.diagnostics()[0];
  EXPECT_EQ(sin.message,
            "layer `sin0`: operator `Sine` of opset 17 is not supported");
  ASSERT_EQ(sin.notes.size(), 201u);
  EXPECT_EQ(sin.notes[0].message, "layer `sin1` too");
  EXPECT_EQ(sin.notes[200].message, "and 99 more layers");
  EXPECT_EQ(report.diagnostics()[1].message,
            "layer `cos`: operator `Cosine` of opset 17 is not supported");
}

TEST(OnnxImporter, refusesModelsOfTooManyEnds) {
  TestModel model = relu();
  for (int i = 0; i < (1 << 14); ++i)
    model.output(fmt::format("o{}", i));
  EXPECT_EQ(refusal(model), "import.limit: 16385 inputs or outputs, at most "
                            "16384 are allowed");
}

TEST(OnnxImporter, unnamedLayersAreCalledAfterTheirOutput) {
  EXPECT_EQ(refusal(TestModel(17)
                        .input("x", "f32[2]")
                        .node("Sine", {"x"}, {}, {"angle"}, "")
                        .output("angle")),
            "import.unsupported: layer `angle`: operator `Sine` of opset 17 is "
            "not supported");
  Outcome outcome = importOf(TestModel(17)
                                 .input("x", "f32[2]")
                                 .node("Relu", {"x"}, {}, {"positive"}, "")
                                 .output("positive"));
  ASSERT_TRUE(outcome.graph) << outcome.messages;
  EXPECT_EQ(outcome.graph->nodes[0].name, "positive");
}

TEST(OnnxImporter, tellsWhatTheModelWas) {
  TestModel model = relu();
  model.proto().set_producer_name("pytorch");
  model.proto().set_producer_version("1.13");
  Outcome outcome = importOf(model);
  ASSERT_TRUE(outcome.graph) << outcome.messages;
  EXPECT_EQ(outcome.info.format, "onnx");
  EXPECT_EQ(outcome.info.producer, "pytorch 1.13");
  EXPECT_THAT(outcome.info.opsets, ElementsAre(Pair("", 13)));
  EXPECT_THAT(outcome.info.operators, ElementsAre(Pair("Relu", 1)));
  EXPECT_EQ(outcome.graph->name, "test");
  EXPECT_EQ(outcome.graph->values[outcome.graph->inputs[0]].name, "x");
  EXPECT_EQ(outcome.graph->values[outcome.graph->outputs[0]].name, "y");
}

TEST(OnnxImporter, namedAndOpenDimensionsStaySo) {
  Outcome outcome = importOf(TestModel(13)
                                 .input("x", "f32[batch, ?, 3]")
                                 .node("Relu", {"x"})
                                 .output("y"));
  ASSERT_TRUE(outcome.graph) << outcome.messages;
  EXPECT_EQ(outcome.graph->values[outcome.graph->outputs[0]].type.str(),
            "f32[batch, ?, 3]");
}

TEST(OnnxImporter, anInitializerThatIsAnInputToIsAConstant) {
  TestModel model = TestModel(6, 3)
                        .input("x", "f32[2]")
                        .input("w", "f32[2]")
                        .initializer("w", "f32[2]", {3, 4})
                        .node("Mul", {"x", "w"})
                        .output("y");
  EXPECT_THAT(evaluated(model, {{1, 2}}).values, ElementsAre(3, 8));
}

TEST(OnnxImporter, weightsAreNotCopiedOutOfTheMessage) {
  Outcome outcome = importOf(TestModel(13)
                                 .input("x", "f32[2]")
                                 .initializer("w", "f32[2]", {3, 4})
                                 .node("Mul", {"x", "w"})
                                 .node("Mul", {"y", "w"}, {}, {"z"}, "again")
                                 .output("z"));
  ASSERT_TRUE(outcome.graph) << outcome.messages;
  ASSERT_EQ(outcome.graph->constants.size(), 1u);
  EXPECT_NE(outcome.graph->constants[0].owner, nullptr);
}

TEST(OnnxImporter, wantsTheVersionOfTheOperators) {
  TestModel none = relu();
  none.proto().clear_opset_import();
  EXPECT_EQ(refusal(none),
            "import.malformed: the model does not state which version of the "
            "operators it uses (`opset_import`)");
  TestModel old = relu(1, 2);
  old.proto().clear_opset_import();
  EXPECT_TRUE(importOf(old).graph) << "before format version 3 it is 1";
  EXPECT_EQ(refusal(relu(newestOpset + 1)),
            fmt::format("import.unsupported: the model uses version {} of the "
                        "standard operators, the newest known here is {}",
                        newestOpset + 1, newestOpset));
  EXPECT_TRUE(importOf(relu(newestOpset)).graph);
  EXPECT_EQ(refusal(relu(0)),
            "import.malformed: version 0 of operator domain ``");
  TestModel two = relu();
  two.proto().add_opset_import()->set_version(9);
  EXPECT_EQ(refusal(two),
            "import.malformed: versions 13 and 9 of operator domain ``");
  TestModel format = relu();
  format.proto().clear_ir_version();
  format.proto().clear_graph();
  EXPECT_EQ(
      importOf(format).messages,
      "import.unknown-format: 4 bytes that are no model of a known format, "
      "needs ONNX or TensorFlow Lite");
}

TEST(OnnxImporter, wantsTopologicalOrder) {
  EXPECT_EQ(refusal(TestModel(13)
                        .input("x", "f32[2]")
                        .node("Add", {"x", "b"}, {}, {"a"}, "one")
                        .node("Relu", {"a"}, {}, {"b"}, "two")
                        .output("b")),
            "import.malformed: layer `one` reads `b`, which layer `two` makes "
            "later: nodes must stand in topological order, without cycles");
  EXPECT_EQ(refusal(TestModel(13)
                        .input("x", "f32[2]")
                        .node("Add", {"x", "nowhere"})
                        .output("y")),
            "import.malformed: layer `layer` reads `nowhere`, which nothing "
            "makes");
}

TEST(OnnxImporter, wantsEveryNameOnce) {
  EXPECT_EQ(
      refusal(relu().node("Relu", {"x"}, {}, {"y"}, "again")),
      "import.malformed: layer `again` makes `y`, which is there already");
  EXPECT_EQ(
      refusal(relu().node("Relu", {"x"}, {}, {"x"}, "again")),
      "import.malformed: layer `again` makes `x`, which is there already");
  EXPECT_EQ(refusal(relu().input("x", "f32[2]")),
            "import.malformed: two inputs are called `x`");
  EXPECT_EQ(refusal(relu().input("", "f32[2]")),
            "import.malformed: an input has no name");
  EXPECT_EQ(refusal(relu().output("y")),
            "import.malformed: two outputs are called `y`");
  EXPECT_EQ(refusal(relu()
                        .initializer("w", "f32[1]", {1})
                        .initializer("w", "f32[1]", {1})),
            "import.malformed: two initializers are called `w`");
  EXPECT_EQ(refusal(relu().initializer("", "f32[1]", {1})),
            "import.malformed: an initializer has no name");
}

TEST(OnnxImporter, wantsOutputsThatSomethingMakes) {
  EXPECT_EQ(refusal(relu().output("z")),
            "import.malformed: nothing makes the output `z`");
  EXPECT_EQ(refusal(TestModel(13).input("x", "f32[2]").node("Relu", {"x"})),
            "import.malformed: the graph has no outputs");
}

TEST(OnnxImporter, comparesWhatTheFileSaysOfItsOutputs) {
  auto stated = [](int32_t type, int64_t size) {
    TestModel model = relu();
    auto *tensor = model.proto()
                       .mutable_graph()
                       ->mutable_output(0)
                       ->mutable_type()
                       ->mutable_tensor_type();
    tensor->set_elem_type(type);
    tensor->mutable_shape()->add_dim()->set_dim_value(size);
    return importOf(model);
  };
  EXPECT_EQ(stated(1, 2).messages, "");
  Outcome other = stated(1, 3);
  EXPECT_TRUE(other.graph);
  EXPECT_EQ(other.messages, "import.shape-mismatch: output `y` is said to be "
                            "`f32[3]`, but is `f32[2]`");
  EXPECT_EQ(stated(7, 2).messages, "import.malformed: output `y` is said to be "
                                   "`i64[2]`, but is `f32[2]`");
}

std::string refusedInput(void (*change)(onnx::TypeProto &)) {
  TestModel model = relu();
  change(*model.proto().mutable_graph()->mutable_input(0)->mutable_type());
  return refusal(model);
}

TEST(OnnxImporter, theRankMayBeOpenWhereNobodyNeedsIt) {
  TestModel model = relu();
  model.proto()
      .mutable_graph()
      ->mutable_input(0)
      ->mutable_type()
      ->mutable_tensor_type()
      ->clear_shape();
  Outcome outcome = importOf(model);
  ASSERT_TRUE(outcome.graph) << outcome.messages;
  EXPECT_EQ(outcome.graph->values.back().type.str(), "f32[...]");
  model.node("Flatten", {"y"}, {}, {"z"}, "flat").output("z");
  outcome = importOf(model);
  ASSERT_TRUE(outcome.graph) << outcome.messages;
  const graph::Graph &graph = *outcome.graph;
  EXPECT_EQ(graph.values[graph.outputs[1]].type.str(), "f32[?, ?]");
}

TEST(OnnxImporter, wantsTypesItKnows) {
  EXPECT_EQ(refusedInput([](onnx::TypeProto &type) { type.Clear(); }),
            "import.malformed: `x`: it has no type");
  EXPECT_EQ(refusedInput([](onnx::TypeProto &type) {
              type.mutable_sequence_type()
                  ->mutable_elem_type()
                  ->mutable_sequence_type();
            }),
            "import.unsupported: `x`: it is a sequence of something else, only "
            "tensors and sequences of tensors are supported");
  EXPECT_EQ(
      refusedInput([](onnx::TypeProto &type) {
        type.mutable_optional_type()->mutable_elem_type()->mutable_map_type();
      }),
      "import.unsupported: `x`: it is an optional value that holds a "
      "map, only tensors and sequences of tensors are supported");
  EXPECT_EQ(
      refusedInput([](onnx::TypeProto &type) { type.mutable_map_type(); }),
      "import.unsupported: `x`: it is a map, only tensors and sequences of "
      "tensors are supported");
  EXPECT_EQ(refusedInput([](onnx::TypeProto &type) {
              type.mutable_tensor_type()->set_elem_type(14);
            }),
            "import.unsupported: `x`: element type `complex64` is not "
            "supported");
  EXPECT_EQ(refusedInput([](onnx::TypeProto &type) {
              type.mutable_tensor_type()->set_elem_type(0);
            }),
            "import.malformed: `x`: 0 is no element type of ONNX");
  EXPECT_EQ(refusedInput([](onnx::TypeProto &type) {
              for (int i = 0; i < 16; ++i)
                type.mutable_tensor_type()->mutable_shape()->add_dim();
            }),
            "import.limit: `x`: 17 dimensions, at most 16 are allowed");
}

TEST(OnnxImporter, refusesAbsurdSizes) {
  std::string text = refusal(TestModel(13)
                                 .input("x", "f32[4611686018427387904, 4]")
                                 .node("Relu", {"x"})
                                 .output("y"));
  EXPECT_TRUE(text.starts_with("import.limit: `x`: ")) << text;
}

TEST(OnnxImporter, aNegativeSizeIsOneNotKnown) {
  TestModel model = relu();
  model.proto()
      .mutable_graph()
      ->mutable_input(0)
      ->mutable_type()
      ->mutable_tensor_type()
      ->mutable_shape()
      ->mutable_dim(0)
      ->set_dim_value(-1);
  Outcome outcome = importOf(model);
  ASSERT_TRUE(outcome.graph) << outcome.messages;
  EXPECT_EQ(outcome.graph->values[outcome.graph->inputs[0]].type.str(),
            "f32[?]");
}

TEST(OnnxImporter, refusesSparseInitializers) {
  TestModel model = relu();
  model.proto()
      .mutable_graph()
      ->add_sparse_initializer()
      ->mutable_values()
      ->set_name("w");
  EXPECT_EQ(refusal(model),
            "import.unsupported: initializer `w`: sparse tensors "
            "are not supported");
}

TEST(OnnxImporter, refusesMoreOutputsThanThereAre) {
  EXPECT_EQ(
      refusal(TestModel(13)
                  .input("x", "f32[2]")
                  .node("Relu", {"x"}, {}, {"y", "z"})
                  .output("y")),
      "import.malformed: layer `layer`: `Relu` of opset 13: 2 outputs, it "
      "has at most 1");
}

TEST(OnnxImporter, refusesAttributesThatAreNone) {
  TestModel twice = relu();
  auto *node = twice.proto().mutable_graph()->mutable_node(0);
  node->add_attribute()->set_name("a");
  node->add_attribute()->set_name("a");
  EXPECT_EQ(refusal(twice), "import.malformed: layer `layer`: `Relu` of opset "
                            "13: attribute `a` is given twice");
  TestModel unnamed = relu();
  unnamed.proto().mutable_graph()->mutable_node(0)->add_attribute()->set_i(1);
  EXPECT_EQ(refusal(unnamed),
            "import.malformed: layer `layer`: `Relu` of opset "
            "13: an attribute has no name");
  TestModel reference = TestModel(13)
                            .input("x", "f32[2]")
                            .node("Softmax", {"x"}, {{"axis", int64_t{0}}})
                            .output("y");
  reference.proto()
      .mutable_graph()
      ->mutable_node(0)
      ->mutable_attribute(0)
      ->set_ref_attr_name("outer");
  EXPECT_EQ(refusal(reference),
            "import.malformed: layer `layer`: `Softmax` of opset 13: attribute "
            "`axis` refers to `outer` of a function, but stands in none");
  EXPECT_EQ(refusal(TestModel(13)
                        .input("x", "f32[1, 1, 2]")
                        .node("MaxPool", {"x"},
                              {{"kernel_shape", std::vector<int64_t>{1}},
                               {"ceil_mode", int64_t{2}}})
                        .output("y")),
            "import.malformed: layer `layer`: `MaxPool` of opset 13: attribute "
            "`ceil_mode` is 2, needs 0 or 1");
  EXPECT_EQ(refusal(TestModel(13)
                        .input("x", "f32[1, 1, 2]")
                        .node("MaxPool", {"x"}, {{"auto_pad", "\xff"}})
                        .output("y")),
            "import.malformed: layer `layer`: `MaxPool` of opset 13: attribute "
            "`kernel_shape` is missing");
}

TEST(OnnxImporter, attributesOfTheFirstVersionsHaveNoKind) {
  TestModel model = TestModel(1, 1)
                        .input("x", "f32[2, 3]")
                        .node("Softmax", {"x"}, {{"axis", int64_t{0}}})
                        .output("y");
  model.proto()
      .mutable_graph()
      ->mutable_node(0)
      ->mutable_attribute(0)
      ->clear_type();
  Outcome outcome = importOf(model);
  ASSERT_TRUE(outcome.graph) << outcome.messages;
  EXPECT_THAT(outcome.graph->nodes[0].integers("axes"), ElementsAre(0, 1));
}

TEST(OnnxImporter, namesAreText) {
  TestModel bad = relu();
  bad.proto().mutable_graph()->mutable_node(0)->set_name("\xff");
  EXPECT_EQ(refusal(bad), "import.malformed: the name of a node is not UTF-8");
  TestModel large = relu();
  large.proto().mutable_graph()->set_name(std::string(5000, 'x'));
  EXPECT_EQ(refusal(large),
            "import.limit: the name of the graph of 5000 bytes, at "
            "most 4096 are allowed");
}

TEST(OnnxImporter, knowsItsFormats) {
  EXPECT_EQ(recognise(relu().bytes()), "onnx");
  EXPECT_EQ(recognise(asBytes("\x1c\0\0\0TFL3")), "");
  std::string tflite("\x1c\0\0\0TFL3", 8);
  EXPECT_EQ(recognise(asBytes(tflite)), "tensorflow-lite");
  EXPECT_EQ(recognise(asBytes("version: 1\nimage: runicos/base\n")), "");
  EXPECT_EQ(recognise({}), "");
  EXPECT_EQ(importBytes(asBytes(tflite)).messages,
            "import.malformed: the file is damaged: it is no FlatBuffer of a "
            "TensorFlow Lite model, or has more than 1048576 tables");
}

} // namespace
} // namespace rune::import::testing
