// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "container/read.h"
#include "container/same_values.h"
#include "container/sample_rune.h"
#include "container/sections.h"
#include "container/write.h"

#include <gtest/gtest.h>

#include <set>

namespace rune::container {

namespace {

Bytes written(const RuneFile &file, const WriteOptions &options = {}) {
  auto bytes = write(file, options);
  EXPECT_TRUE(bytes.ok()) << renderText(bytes.error());
  return bytes.ok() ? std::move(*bytes) : Bytes();
}

void expectReads(ByteSpan bytes, const RuneFile &expected) {
  auto file = read(bytes, nullptr);
  ASSERT_TRUE(file.ok()) << renderText(file.error());
  EXPECT_TRUE(sameValues(*file, expected));
}

std::vector<Section> sectionsOf(ByteSpan bytes, std::string_view name) {
  std::vector<Section> found;
  auto scanner = SectionScanner::start(bytes, nullptr);
  while (!scanner->atEnd()) {
    Section section = *scanner->next();
    if (section.name == name)
      found.push_back(section);
  }
  return found;
}

} // namespace

TEST(RoundTrip, KeepsEveryValueOfRandomRunes) {
  std::mt19937_64 random(20260501);
  std::set<size_t> kindsOfValues;
  for (int i = 0; i < 2000; ++i) {
    OwnedRune rune = randomRune(random);
    expectReads(written(rune.file), rune.file);
    if (HasFailure())
      FAIL() << "rune " << i;
    for (const Stage &stage : rune.file.stages)
      for (const Argument &argument : stage.arguments)
        kindsOfValues.insert(argument.value.index());
  }
  EXPECT_EQ(kindsOfValues.size(), std::variant_size_v<ArgumentValue>);
}

TEST(RoundTrip, KeepsTheSample) {
  OwnedRune rune = sampleRune();
  expectReads(written(rune.file), rune.file);
}

TEST(RoundTrip, KeepsARuneOfNothing) { expectReads(written({}), {}); }

TEST(RoundTrip, EqualValuesGiveEqualBytes) {
  for (uint64_t seed = 0; seed < 50; ++seed) {
    std::mt19937_64 one(seed), two(seed);
    EXPECT_EQ(written(randomRune(one).file), written(randomRune(two).file));
  }
}

TEST(RoundTrip, HashesOfTheCallerAreIgnored) {
  OwnedRune honest = sampleRune(), wrong = sampleRune();
  wrong.file.blocks[0].hash.bytes.fill(7);
  wrong.file.models[0].hash.bytes.fill(7);
  wrong.file.models[0].weights[0].hash.bytes.fill(7);
  EXPECT_EQ(written(honest.file), written(wrong.file));
}

TEST(RoundTrip, AnyChangeOfAValueChangesTheBytes) {
  Bytes before = written(sampleRune().file);
  auto differs = [&](auto change) {
    OwnedRune rune = sampleRune();
    change(rune.file);
    return written(rune.file) != before;
  };
  EXPECT_TRUE(differs([](RuneFile &file) { file.name += "x"; }));
  EXPECT_TRUE(differs([](RuneFile &file) { file.image += "x"; }));
  EXPECT_TRUE(differs([](RuneFile &file) { file.producer += "x"; }));
  EXPECT_TRUE(differs([](RuneFile &file) { ++file.runefileVersion; }));
  EXPECT_TRUE(differs([](RuneFile &file) { file.resources[0].data.reset(); }));
  EXPECT_TRUE(
      differs([](RuneFile &file) { file.resources[0].isText = false; }));
  EXPECT_TRUE(differs([](RuneFile &file) { ++file.stages[3].channel; }));
}

TEST(Weights, StartAtMultiplesOf64OfTheFile) {
  std::mt19937_64 random(64);
  size_t seen = 0;
  for (int i = 0; i < 200; ++i) {
    OwnedRune rune = randomRune(random);
    Bytes bytes = written(rune.file);
    auto file = read(bytes, nullptr);
    ASSERT_TRUE(file.ok());
    for (const Model &model : file->models)
      for (const Weight &weight : model.weights) {
        EXPECT_EQ((weight.data.data() - bytes.data()) % 64, 0);
        ++seen;
      }
  }
  EXPECT_GT(seen, 500u);
}

TEST(Weights, EqualOnesAreStoredOnceAcrossModels) {
  OwnedRune rune = sampleRune();
  Bytes big(10000, 9);
  rune.file.models[0].weights.push_back({{}, rune.keep(big)});
  uint64_t once = written(rune.file).size();
  Model other = rune.file.models[0];
  other.name = "other";
  rune.file.models.push_back(other);
  Bytes bytes = written(rune.file);
  EXPECT_LT(bytes.size(), once + 200);
  auto file = read(bytes, nullptr);
  ASSERT_TRUE(file.ok()) << renderText(file.error());
  EXPECT_EQ(file->models[0].weights[2].data.data(),
            file->models[1].weights[2].data.data());
}

TEST(Weights, GoOnInAFurtherSection) {
  OwnedRune rune = sampleRune();
  Model &model = rune.file.models[0];
  model.weights.clear();
  for (uint8_t i = 0; i < 20; ++i) {
    ByteSpan data = rune.keep(Bytes(500 + i, i));
    model.weights.push_back({sha256(data), data});
  }
  Bytes bytes = written(rune.file, {.weightsSectionBytes = 2000});
  auto sections = sectionsOf(bytes, "rune.weights");
  EXPECT_EQ(sections.size(), 7u); // three weights of 500 bytes each
  for (const Section &section : sections)
    EXPECT_LE(section.end - section.body, 2000u);
  expectReads(bytes, rune.file);
}

TEST(Weights, OneThatIsLargerThanASectionShouldBeGetsItsOwn) {
  OwnedRune rune = sampleRune();
  ByteSpan data = rune.keep(Bytes(5000, 1));
  rune.file.models[0].weights.push_back({sha256(data), data});
  Bytes bytes = written(rune.file, {.weightsSectionBytes = 1000});
  EXPECT_EQ(sectionsOf(bytes, "rune.weights").size(), 2u);
  expectReads(bytes, rune.file);
}

} // namespace rune::container
