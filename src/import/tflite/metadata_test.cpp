// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the makers of a model say of it, and the files behind it: of models of
// others, and of archives that are not what they seem.
#include "base/files.h"
#include "import/tflite/attached_zip.h"
#include "import/tflite/test_models.h"
#include "import/tflite/test_tflite_model.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <metadata_facts_generated.h>
#include <zlib.h>

namespace rune::import::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
namespace facts = tflite_metadata;

/// A zip archive of one member, as other writers make it.
struct TestZip {
  std::string name = "labels.txt";
  std::string text = "cat\ndog\r\nbird";
  bool deflated = false;
  uint16_t flags = 0;
  /// Instead of the true ones.
  std::optional<uint16_t> method = {};
  std::optional<uint32_t> bytes = {}, crc = {}, header = {};

  /// in  `base`: bytes in front of the archive that its offsets count
  Bytes archive(uint32_t base = 0) const {
    std::string packed = deflated ? deflate() : text;
    ByteWriter writer;
    header_(writer, packed, 0x04034b50);
    writer.raw(asBytes(packed));
    auto directory = static_cast<uint32_t>(writer.size());
    ByteWriter entry;
    entry.u32(0x02014b50);
    entry.u16(20);
    rest(entry, packed);
    entry.u16(0); // comment
    entry.u16(0); // disk
    entry.u16(0);
    entry.u32(0);
    entry.u32(header.value_or(base));
    entry.raw(asBytes(name));
    writer.raw(entry.bytes());
    writer.u32(0x06054b50);
    writer.u16(0);
    writer.u16(0);
    writer.u16(1);
    writer.u16(1);
    writer.u32(static_cast<uint32_t>(entry.size()));
    writer.u32(base + directory);
    writer.u16(0);
    return writer.take();
  }

private:
  void header_(ByteWriter &writer, const std::string &packed,
               uint32_t mark) const {
    writer.u32(mark);
    rest(writer, packed);
    writer.raw(asBytes(name));
  }
  void rest(ByteWriter &writer, const std::string &packed) const {
    writer.u16(20);
    writer.u16(flags);
    writer.u16(method.value_or(deflated ? 8 : 0));
    writer.u32(0); // time
    writer.u32(crc.value_or(static_cast<uint32_t>(
        crc32(0, reinterpret_cast<const Bytef *>(text.data()),
              static_cast<uInt>(text.size())))));
    writer.u32(static_cast<uint32_t>(packed.size()));
    writer.u32(bytes.value_or(static_cast<uint32_t>(text.size())));
    writer.u16(static_cast<uint16_t>(name.size()));
    writer.u16(0);
  }
  std::string deflate() const {
    z_stream stream = {};
    deflateInit2(&stream, 9, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY);
    std::string out(deflateBound(&stream, text.size()), '\0');
    stream.next_in = reinterpret_cast<Bytef *>(const_cast<char *>(text.data()));
    stream.avail_in = static_cast<uInt>(text.size());
    stream.next_out = reinterpret_cast<Bytef *>(out.data());
    stream.avail_out = static_cast<uInt>(out.size());
    ::deflate(&stream, Z_FINISH);
    out.resize(stream.total_out);
    deflateEnd(&stream);
    return out;
  }
};

/// Metadata that names a file of labels for the output.
Bytes metadata(const std::string &file = "labels.txt",
               const std::string &name = "Pets") {
  flatbuffers::FlatBufferBuilder fbb;
  auto labels = facts::CreateFile(fbb, fbb.CreateString(file),
                                  fbb.CreateString("what is seen"), 2);
  auto files = fbb.CreateVector(std::vector{labels});
  auto out =
      facts::CreateTensorFacts(fbb, fbb.CreateString("probability"),
                               fbb.CreateString("of each"), 0, 0, 0, 0, files);
  auto in = facts::CreateTensorFacts(fbb, fbb.CreateString("image"));
  auto graph =
      facts::CreateGraphFacts(fbb, 0, 0, fbb.CreateVector(std::vector{in}),
                              fbb.CreateVector(std::vector{out}));
  auto graphs = fbb.CreateVector(std::vector{graph});
  auto model = facts::CreateModelFacts(
      fbb, fbb.CreateString(name), fbb.CreateString("says which"),
      fbb.CreateString("v1"), graphs, fbb.CreateString("somebody"),
      fbb.CreateString("Apache-2.0"));
  facts::FinishModelFactsBuffer(fbb, model);
  return {fbb.GetBufferPointer(), fbb.GetBufferPointer() + fbb.GetSize()};
}

TfliteTestModel relu() {
  TfliteTestModel model;
  int32_t x = model.input({"x", "f32[2]"});
  int32_t y = model.tensor({"y", "f32[2]"});
  model.op(BUILTIN_RELU, {x}, {y}).output(y);
  return model;
}

TfliteOutcome importWith(const Bytes &words, const TestZip &zip,
                         bool fromFileStart = true) {
  TfliteTestModel model = relu();
  model.metadata("min_runtime_version", {'1'});
  model.metadata("TFLITE_METADATA", words);
  Bytes bytes = model.bytes();
  Bytes archive =
      zip.archive(fromFileStart ? static_cast<uint32_t>(bytes.size()) : 0);
  bytes.insert(bytes.end(), archive.begin(), archive.end());
  return importBytesOf(bytes);
}

TEST(TfliteMetadata, isReadWithItsLabels) {
  for (bool deflated : {false, true})
    for (bool fromFileStart : {false, true}) {
      TfliteOutcome outcome =
          importWith(metadata(), {.deflated = deflated}, fromFileStart);
      ASSERT_EQ(outcome.messages, "");
      const ModelDescription &about = outcome.info.description;
      EXPECT_EQ(about.name, "Pets");
      EXPECT_EQ(about.version, "v1");
      EXPECT_EQ(about.licence, "Apache-2.0");
      ASSERT_EQ(about.tensors.size(), 2U);
      EXPECT_EQ(about.tensors[1].name, "probability");
      ASSERT_EQ(about.files.size(), 1U);
      EXPECT_EQ(about.files[0].of, "probability");
      EXPECT_EQ(about.files[0].kind, "labels of an axis");
      EXPECT_EQ(about.files[0].bytes, 13U);
      EXPECT_THAT(about.files[0].lines, ElementsAre("cat", "dog", "bird"));
    }
}

TEST(TfliteMetadata, saysWhichFilesAreNotThere) {
  TfliteOutcome outcome = importWith(metadata("others.txt"), {});
  ASSERT_EQ(outcome.messages, "");
  EXPECT_FALSE(outcome.info.description.files[0].bytes.has_value());
}

TEST(TfliteMetadata, bringsNoControlCharacters) {
  TfliteOutcome outcome = importWith(metadata("labels.txt", "a\x1b[2Jb\n"),
                                     {.text = "\x1b[31mred\n"});
  EXPECT_EQ(outcome.info.description.name, "a [2Jb");
  EXPECT_THAT(outcome.info.description.files[0].lines, ElementsAre(" [31mred"));
}

/// The model is imported, the archive is warned of.
std::string warningOf(const TestZip &zip) {
  TfliteOutcome outcome = importWith(metadata(), zip);
  EXPECT_TRUE(outcome.graph.has_value());
  EXPECT_TRUE(outcome.info.description.files[0].lines.empty());
  return outcome.messages;
}

TEST(TfliteMetadata, hostileArchivesAreRefused) {
  EXPECT_THAT(warningOf({.crc = 1}), HasSubstr("another checksum"));
  EXPECT_THAT(warningOf({.flags = 1}), HasSubstr("encrypted"));
  EXPECT_THAT(warningOf({.method = 14}), HasSubstr("method 14"));
  EXPECT_THAT(warningOf({.header = 0xFFFFFF}),
              HasSubstr("outside of the file"));
  EXPECT_THAT(warningOf({.header = 3}), HasSubstr("outside of the file"));
  EXPECT_THAT(warningOf({.bytes = 0xFFFFFFFF}), HasSubstr("4 GB"));
  EXPECT_THAT(warningOf({.deflated = true, .bytes = 5U << 20}),
              HasSubstr("at most 4194304 are allowed"));
  EXPECT_THAT(warningOf({.deflated = true, .bytes = 4}),
              HasSubstr("not the size that its directory states"));
  EXPECT_THAT(warningOf({.deflated = true, .bytes = 40}),
              HasSubstr("not the size that its directory states"));
  EXPECT_THAT(warningOf({.text = "\xff\xfe"}), HasSubstr("no UTF-8"));
  EXPECT_THAT(warningOf({.text = std::string((1 << 20) + 1, '\n')}),
              HasSubstr("lines"));
}

TEST(TfliteMetadata, noChangedByteOfAnArchiveDoesHarm) {
  Bytes archive = TestZip{.deflated = true}.archive();
  for (size_t at = 0; at < archive.size(); ++at)
    for (uint8_t value : {0x00, 0x01, 0x7F, 0x80, 0xFF}) {
      Bytes changed = archive;
      changed[at] = value;
      auto members = zipMembersIn(changed);
      if (!members)
        continue;
      for (const ZipMember &member : *members)
        if (auto text = contentsOf(changed, member))
          EXPECT_EQ(text->size(), member.bytes);
    }
  for (size_t length = 0; length < archive.size(); ++length)
    EXPECT_TRUE(!zipMembersIn(ByteSpan(archive).first(length)) ||
                zipMembersIn(ByteSpan(archive).first(length))->empty());
}

TEST(TfliteMetadata, whatIsDamagedIsWarnedOf) {
  Bytes words = metadata();
  words.resize(words.size() / 2);
  TfliteOutcome outcome = importWith(words, {});
  EXPECT_TRUE(outcome.graph.has_value());
  EXPECT_EQ(outcome.messages, "import.bad-metadata: the model's metadata is "
                              "damaged, or of a kind that is not known\n");
}

TEST(TfliteMetadata, labelsOfARealModelAreItsMakersFile) {
  std::string path =
      sharedData("coral/models/mobilenet_v1_0.5_160_quant.tflite");
  std::string labels = sharedData("coral/labels/imagenet_labels.txt");
  if (!isThere(path) || !isThere(labels))
    GTEST_SKIP() << "without " << path;
  LoadedModel model = loadModel(path);
  ASSERT_TRUE(model.graph.has_value()) << model.messages;
  EXPECT_EQ(model.info.description.name, "ImageClassifier");
  ASSERT_EQ(model.info.description.files.size(), 1U);
  const AttachedFile &file = model.info.description.files[0];
  EXPECT_EQ(file.name, "imagenet_labels.txt");
  EXPECT_EQ(file.of, "probability");
  auto stored = FileBytes::open(labels, 1 << 20);
  ASSERT_TRUE(stored.ok());
  std::string joined;
  for (const std::string &line : file.lines)
    joined += line + "\n";
  EXPECT_EQ(joined, asText(stored->bytes()));
}

} // namespace
} // namespace rune::import::testing
