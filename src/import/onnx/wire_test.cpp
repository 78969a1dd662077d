// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Damaged and hostile files: a message, never a crash.
#include "import/onnx/wire.h"

#include "base/files.h"
#include "import/onnx/model_adapter.h"
#include "import/onnx/test_onnx_model.h"

#include <onnx_facts.pb.h>

#include <gtest/gtest.h>

#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <unistd.h>

namespace rune::import::testing {
namespace {

/// Something of everything: weights, attributes of all kinds, several layers.
TestModel smallModel() {
  return TestModel(13)
      .input("x", "f32[n, 2, 5]")
      .initializer("w", "f32[2, 2, 3]", counting(12))
      .initializer("b", "f32[2]", {1, 2})
      .initializer("shape", "i64[2]", {0, -1})
      .node("Conv", {"x", "w", "b"},
            {{"strides", std::vector<int64_t>{1}}, {"auto_pad", "SAME_UPPER"}},
            {"c"}, "conv")
      .node("Relu", {"c"}, {}, {"r"}, "relu")
      .node("Reshape", {"r", "shape"}, {}, {"f"}, "reshape")
      .node("Softmax", {"f"}, {{"axis", int64_t{-1}}}, {"y"}, "softmax")
      .output("y");
}

std::string scanned(ByteSpan bytes) {
  auto scan = scanWire(bytes, WireMessage::Model, Source::binary("m"));
  return scan
             ? "fine"
             : fmt::format("{}: {} @{}", scan.error().code,
                           scan.error().message, scan.error().where.span.begin);
}

std::string scanned(std::initializer_list<uint8_t> bytes) {
  return scanned(ByteSpan(bytes.begin(), bytes.size()));
}

/// Field `number` with `inner` as its bytes.
Bytes wrapped(uint32_t number, const Bytes &inner) {
  Bytes out = {static_cast<uint8_t>(number << 3 | 2)};
  size_t length = inner.size();
  for (; length >= 0x80; length >>= 7)
    out.push_back(static_cast<uint8_t>(length | 0x80));
  out.push_back(static_cast<uint8_t>(length));
  out.insert(out.end(), inner.begin(), inner.end());
  return out;
}

TEST(OnnxWire, saysWhereTheDamageIs) {
  EXPECT_EQ(scanned({0x08, 0x07}), "fine");
  EXPECT_EQ(scanned({0x08}),
            "import.malformed: the number that begins here is cut off @1");
  EXPECT_EQ(scanned({0x08, 0x07, 0x12, 0x05, 'a'}),
            "import.malformed: a field of 5 bytes where 1 are left @2");
  EXPECT_EQ(scanned({0x08, 0x07, 0x00, 0x00}),
            "import.malformed: `0` is no field of a protobuf message @2");
  EXPECT_EQ(
      scanned({0x0d, 0, 0, 0, 0}),
      "import.malformed: field 1 of a ModelProto has wire type 5, needs 0 "
      "@0");
  EXPECT_EQ(
      scanned({0x0b}),
      "import.malformed: field 1 of a ModelProto has wire type 3, needs 0 "
      "@0");
  EXPECT_EQ(scanned({0x4b}),
            "import.malformed: wire type 3 does not occur in ONNX @0");
  EXPECT_EQ(scanned({0xa0, 0x06, 0x00}),
            "import.malformed: field 100 does not belong to a ModelProto: the "
            "file is damaged, or bytes follow its end @0");
  EXPECT_EQ(scanned({0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                     0xff, 0x01}),
            "import.malformed: a number of more than 10 bytes @1");
}

TEST(OnnxWire, everyFieldOfTheFormatIsListed) {
  // What protobuf writes for a message with every field set must pass the walk.
  TestModel model = smallModel();
  model.proto().set_domain("d");
  model.proto().set_model_version(3);
  model.proto().set_doc_string("doc");
  model.proto().add_metadata_props()->set_key("k");
  auto *function = model.proto().add_functions();
  function->set_name("f");
  function->add_input("a");
  function->add_attribute("b");
  function->add_node()->set_overload("o");
  function->add_attribute_proto()->add_type_protos();
  function->add_value_info()->add_metadata_props();
  auto *graph = model.proto().mutable_graph();
  graph->add_value_info()->mutable_type()->mutable_map_type()->set_key_type(7);
  graph->add_metadata_props()->set_value("v");
  auto *attribute = graph->mutable_node(0)->add_attribute();
  attribute->set_name("all");
  attribute->set_f(1);
  attribute->add_floats(2);
  attribute->mutable_sparse_tensor()->add_dims(3);
  attribute->mutable_tp()->mutable_opaque_type()->set_name("o");
  auto *tensor = attribute->add_tensors();
  tensor->add_float_data(1);
  tensor->add_int32_data(-1);
  tensor->add_int64_data(-1);
  tensor->add_double_data(1);
  tensor->add_uint64_data(1);
  tensor->add_string_data("s");
  tensor->mutable_segment()->set_end(9);
  tensor->add_external_data()->set_key("location");
  EXPECT_EQ(scanned(model.bytes()), "fine");
}

TEST(OnnxWire, findsTheNodesOfTheMainGraph) {
  Bytes bytes = smallModel().bytes();
  auto parsed = parseModel(bytes, Source::binary("m"));
  ASSERT_TRUE(parsed);
  ASSERT_EQ(parsed->nodes.size(), 4u);
  for (size_t i = 0; i < 4; ++i) {
    std::string text(asText(bytes).substr(
        parsed->nodes[i].begin, parsed->nodes[i].end - parsed->nodes[i].begin));
    EXPECT_NE(
        text.find(parsed->proto->graph().node(static_cast<int>(i)).name()),
        std::string::npos);
  }
}

TEST(OnnxBadInput, everyTruncationIsRefused) {
  Bytes whole = smallModel().bytes();
  ASSERT_TRUE(importBytes(whole).graph);
  for (size_t size = 0; size < whole.size(); ++size) {
    Outcome outcome = importBytes(ByteSpan(whole).first(size));
    ASSERT_FALSE(outcome.graph) << size;
    ASSERT_NE(outcome.messages, "") << size;
  }
}

TEST(OnnxBadInput, noBitFlipCrashes) {
  Bytes bytes = smallModel().bytes();
  for (size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    bytes[bit / 8] ^= static_cast<uint8_t>(1u << bit % 8);
    Outcome outcome = importBytes(bytes);
    ASSERT_TRUE(outcome.graph || !outcome.messages.empty()) << bit;
    bytes[bit / 8] ^= static_cast<uint8_t>(1u << bit % 8);
  }
}

TEST(OnnxBadInput, bytesBehindTheEndAreRefused) {
  Bytes bytes = smallModel().bytes();
  uint64_t end = bytes.size();
  bytes.insert(bytes.end(), {0, 0, 0});
  EXPECT_EQ(importBytes(bytes).messages,
            "import.malformed: `0` is no field of a protobuf message");
  EXPECT_EQ(scanned(bytes),
            fmt::format("import.malformed: `0` is no field of a protobuf "
                        "message @{}",
                        end));
}

TEST(OnnxBadInput, deepNestingIsRefused) {
  Bytes inner;
  for (int i = 0; i < 40; ++i)
    inner = wrapped(1, wrapped(5, wrapped(6, inner))); // node, attribute, graph
  Bytes model = {0x08, 0x08};
  Bytes graph = wrapped(7, inner);
  model.insert(model.end(), graph.begin(), graph.end());
  EXPECT_EQ(importBytes(model).messages,
            "import.limit: messages nested more than 48 deep");
}

Bytes emptyNodes(size_t count) {
  Bytes nodes;
  for (size_t i = 0; i < count; ++i)
    nodes.insert(nodes.end(), {0x0a, 0x00});
  Bytes model = {0x08, 0x08};
  Bytes graph = wrapped(7, nodes);
  model.insert(model.end(), graph.begin(), graph.end());
  return model;
}

TEST(OnnxBadInput, aMessageThatGrowsTooMuchIsRefused) {
  EXPECT_EQ(importBytes(emptyNodes(9 << 20)).messages,
            "import.limit: reading the model would take more than 2048 MiB "
            "beside its 18874375 bytes");
}

TEST(OnnxBadInput, tooManyNodesAreRefused) {
  EXPECT_EQ(importBytes(emptyNodes((1 << 20) + 1)).messages,
            "import.limit: 1048577 nodes, at most 1048576 are allowed");
}

TEST(OnnxBadInput, hugeAttributeListsAreRefused) {
  TestModel model =
      TestModel(13)
          .input("x", "f32[1, 1, 3]")
          .node("MaxPool", {"x"},
                {{"kernel_shape", std::vector<int64_t>(1000000, 1)}})
          .output("y");
  EXPECT_EQ(refusal(model),
            "import.malformed: layer `layer`: `MaxPool` of opset 13: "
            "`kernel_shape` has 1000000 numbers, needs 1");
  TestModel permutation =
      TestModel(13)
          .input("x", "f32[1, 1, 3]")
          .node("Transpose", {"x"},
                {{"perm", std::vector<int64_t>(1000000, 1)}})
          .output("y");
  EXPECT_NE(refusal(permutation), "");
}

/// A file of 2 GB that takes no room on the disk.
class SparseFile {
public:
  SparseFile(ByteSpan head, off_t size)
      : path_((std::filesystem::temp_directory_path() / "rune-sparse-XXXXXX")
                  .string()) {
    int file = mkstemp(path_.data());
    EXPECT_GE(file, 0);
    EXPECT_EQ(write(file, head.data(), head.size()),
              static_cast<ssize_t>(head.size()));
    EXPECT_EQ(ftruncate(file, size), 0);
    close(file);
  }
  ~SparseFile() { unlink(path_.c_str()); }
  const std::string &path() const { return path_; }

private:
  std::string path_;
};

TEST(OnnxBadInput, aSparseFileOf2GigabytesIsRefused) {
  constexpr off_t size = (off_t{1} << 31) - 1;
  SparseFile zeros({}, size);
  auto file = FileBytes::open(zeros.path(), uint64_t{1} << 32);
  ASSERT_TRUE(file);
  EXPECT_EQ(importBytes(file->bytes()).messages,
            "import.unknown-format: 2147483647 bytes that are no model of a "
            "known format, needs ONNX or TensorFlow Lite");
  Bytes head = smallModel().bytes();
  SparseFile model(head, size);
  auto padded = FileBytes::open(model.path(), uint64_t{1} << 32);
  ASSERT_TRUE(padded);
  EXPECT_EQ(importBytes(padded->bytes()).messages,
            "import.malformed: `0` is no field of a protobuf message");
  SparseFile larger(head, size + 1);
  auto large = FileBytes::open(larger.path(), uint64_t{1} << 32);
  ASSERT_TRUE(large);
  EXPECT_EQ(importBytes(large->bytes()).messages,
            "import.limit: 2147483648 bytes, an ONNX file has at most "
            "2147483647");
}

} // namespace
} // namespace rune::import::testing
