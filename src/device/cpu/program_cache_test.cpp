// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Compiled models that are kept: the next run gets the same program, and
// whatever is damaged counts as none.
#include "device/cpu/cpu_model.h"

#include "base/files.h"
#include "graph/evaluate.h"
#include "graph/plan_test_support.h"
#include "graph/specialise.h"

#include <unistd.h>

#include <filesystem>

namespace rune::device {
namespace {

namespace fs = std::filesystem;

class KeptProgram : public testing::Test {
protected:
  void SetUp() override {
    folder = testing::TempDir() + "rune_programs_" + std::to_string(getpid()) +
             testing::UnitTest::GetInstance()->current_test_info()->name();
    fs::remove_all(folder);
    for (size_t i = 0; i < 12; ++i)
      weights->as<float>()[i] = float(i) / 4;
  }
  void TearDown() override { fs::remove_all(folder); }

  /// x[n, 4] times weights[4, 3], then a branch, which is interpreted.
  graph::Graph model() {
    graph::GraphBuilder builder("model");
    graph::ValueId x = builder.input("x", *parseTensorType("f32[n, 4]"));
    graph::ValueId w =
        builder.constant("w", {DType::F32, {4, 3}, weights->bytes(), nullptr});
    graph::ValueId product = *builder.one(graph::Op::MatMul, "product", {x, w});
    graph::ValueId positive =
        *builder.one(graph::Op::Relu, "positive", {product});
    graph::ValueId seen = *builder.one(graph::Op::NonZero, "seen", {positive});
    builder.output(positive, "y");
    builder.output(seen, "places");
    auto graph = std::move(builder).finish();
    EXPECT_TRUE(graph.ok()) << graph.error().message;
    return *std::move(graph);
  }

  Keeping keeping() {
    auto cache = ProgramCache::open(folder);
    EXPECT_TRUE(cache.ok()) << cache.error().message;
    return {std::make_shared<ProgramCache>(*std::move(cache)),
            sha256(asBytes("the model")),
            [&](const Diagnostic &what) { notes.push_back(what.message); }};
  }

  std::vector<fs::path> files(const char *extension) {
    std::vector<fs::path> found;
    for (const auto &each : fs::directory_iterator(folder))
      if (each.path().extension() == extension)
        found.push_back(each.path());
    return found;
  }

  void expectRight(CpuModel &kept) {
    Tensor x = *Tensor::zeros(DType::F32, {2, 4});
    for (size_t i = 0; i < 8; ++i)
      x.as<float>()[i] = float(i) - 4;
    TensorView views[] = {x.view()};
    auto expected = graph::evaluate(model(), views);
    ASSERT_TRUE(expected.ok()) << expected.error().message;
    auto results =
        kept.run(graph::test::items(graph::Item::borrowed(x.view())));
    ASSERT_TRUE(results.ok()) << results.error().message;
    for (size_t i = 0; i < 2; ++i) {
      EXPECT_EQ((*results)[i].view().type(), (*expected)[i].type());
      EXPECT_TRUE(std::ranges::equal((*results)[i].view().data,
                                     (*expected)[i].bytes()));
    }
  }

  std::string folder;
  compile::Options plain = {.fast = false};
  std::unique_ptr<Tensor> weights =
      std::make_unique<Tensor>(*Tensor::zeros(DType::F32, {4, 3}));
  std::vector<std::string> notes;
};

TEST_F(KeptProgram, IsUsedByTheNextRun) {
  {
    CpuModel first(model(), keeping());
    expectRight(first);
  }
  ASSERT_EQ(files(".code").size(), 1u);
  auto kept = keeping();
  graph::Graph graph = model();
  auto constants = compile::constantsOf(graph);
  Sha256 key = kept.cache->keyOf(kept.model, {{2, 4}}, {});
  EXPECT_TRUE(kept.cache->find(key, constants).has_value());
  EXPECT_FALSE(
      kept.cache->find(kept.cache->keyOf(kept.model, {{3, 4}}, {}), constants));
  CpuModel second(model(), kept);
  expectRight(second);
  EXPECT_EQ(files(".code").size(), 1u);
  EXPECT_THAT(notes, testing::IsEmpty());
}

TEST_F(KeptProgram, ReadsAlignedWeightsFromTheModel) {
  CpuModel first(model(), keeping(), plain);
  expectRight(first);
  EXPECT_EQ(fs::file_size(files(".data").at(0)), 0u);
  graph::Graph graph = model();
  auto constants = compile::constantsOf(graph);
  auto kept = keeping();
  auto program = kept.cache->find(
      kept.cache->keyOf(kept.model, {{2, 4}}, plain), constants);
  ASSERT_TRUE(program.has_value());
  EXPECT_EQ(program->graph.constants.at(0).data.data(),
            weights->bytes().data());
}

/// Weights that were packed are not kept a second time.
TEST_F(KeptProgram, LeavesOutWhatTheCodeDoesNotRead) {
  weights = std::make_unique<Tensor>(*Tensor::zeros(DType::F32, {64, 64}));
  for (size_t i = 0; i < 64 * 64; ++i)
    weights->as<float>()[i] = float(i % 13) - 6;
  graph::GraphBuilder builder("model");
  graph::ValueId x = builder.input("x", *parseTensorType("f32[8, 64]"));
  graph::ValueId w =
      builder.constant("w", {DType::F32, {64, 64}, weights->bytes(), nullptr});
  builder.output(*builder.one(graph::Op::MatMul, "product", {x, w}), "y");
  graph::Graph graph = *std::move(builder).finish();
  auto program = compile::compile(graph);
  ASSERT_TRUE(program.ok()) << program.error().message;
  ASSERT_EQ(program->packed.size(), 1u);
  auto artifact = compile::store(*program, {});
  ASSERT_TRUE(artifact.ok());
  EXPECT_EQ(artifact->data.size(), program->packed[0].data.size());
  auto back = compile::load(artifact->head, artifact->data, nullptr, {});
  ASSERT_TRUE(back.ok()) << back.error().message;
  EXPECT_TRUE(
      std::ranges::equal(back->packed.at(0).data, program->packed[0].data));
  Tensor input = *Tensor::zeros(DType::F32, {8, 64});
  for (size_t i = 0; i < 8 * 64; ++i)
    input.as<float>()[i] = float(i % 5);
  TensorView views[] = {input.view()};
  auto expected = graph::evaluate(graph, views);
  auto run = CpuRun::of(*std::move(back));
  ASSERT_TRUE(run.ok());
  graph::State state;
  auto results = (*run)->run(
      graph::test::items(graph::Item::borrowed(input.view())), {}, state);
  ASSERT_TRUE(results.ok()) << results.error().message;
  EXPECT_TRUE(
      std::ranges::equal((*results)[0].view().data, (*expected)[0].bytes()));
}

TEST_F(KeptProgram, IsMadeAnewIfDamaged) {
  for (const char *extension : {".code", ".data"}) {
    SCOPED_TRACE(extension);
    {
      CpuModel first(model(), keeping());
      expectRight(first);
    }
    fs::path file = files(extension).at(0);
    if (std::string_view(extension) == ".code")
      fs::resize_file(file, fs::file_size(file) / 2);
    else
      fs::resize_file(file, 64); // the head says 0
    graph::Graph graph = model();
    auto kept = keeping();
    Sha256 key = kept.cache->keyOf(kept.model, {{2, 4}}, {});
    EXPECT_FALSE(kept.cache->find(key, compile::constantsOf(graph)));
    CpuModel second(model(), kept);
    expectRight(second);
    EXPECT_TRUE(kept.cache->find(key, compile::constantsOf(graph)));
  }
}

TEST_F(KeptProgram, IsNotTakenForAnotherModel) {
  CpuModel first(model(), keeping());
  expectRight(first);
  auto kept = keeping();
  Sha256 key = kept.cache->keyOf(kept.model, {{2, 4}}, {});
  EXPECT_FALSE(kept.cache->find(key, {})) << "no constants";
  ByteSpan less = weights->bytes().first(16);
  EXPECT_FALSE(kept.cache->find(key, {&less, 1})) << "smaller constants";
  kept.model = sha256(asBytes("another"));
  EXPECT_NE(kept.cache->keyOf(kept.model, {{2, 4}}, {}), key);
}

TEST_F(KeptProgram, StoresUnalignedWeightsAligned) {
  Bytes file(4 + weights->bytes().size());
  std::ranges::copy(weights->bytes(), file.begin() + 4);
  graph::Graph graph = model();
  graph.constants.at(0).data = ByteSpan(file).subspan(4);
  auto constants = compile::constantsOf(graph);
  std::vector<std::vector<int64_t>> sizes = {{2, 4}};
  auto program = compile::compile(*graph::specialise(graph, sizes), plain);
  ASSERT_TRUE(program.ok());
  auto artifact = compile::store(*program, constants);
  ASSERT_TRUE(artifact.ok());
  EXPECT_TRUE(std::ranges::equal(artifact->data, weights->bytes()));
  EXPECT_EQ(compile::dataMarkOf(artifact->head)->hash, sha256(artifact->data));
  auto back = compile::load(artifact->head, artifact->data, nullptr, {});
  ASSERT_TRUE(back.ok()) << back.error().message;
  EXPECT_EQ(back->code, program->code);
  EXPECT_EQ(back->arenaBytes, program->arenaBytes);
  EXPECT_EQ(back->target, program->target);
}

/// The seal keeps strangers out; this is against faults of ours and the disk's.
TEST_F(KeptProgram, EveryChangedByteIsReadOrRefused) {
  std::vector<std::vector<int64_t>> sizes = {{2, 4}};
  auto program = compile::compile(*graph::specialise(model(), sizes));
  auto artifact = *compile::store(*program, {});
  size_t tables = artifact.head.size() - program->code.size();
  size_t refused = 0;
  for (size_t i = 0; i < std::min<size_t>(tables, 1500); ++i) {
    Bytes changed = artifact.head;
    changed[i] ^= 0x81;
    refused += !compile::load(changed, artifact.data, nullptr, {}).ok();
  }
  EXPECT_GT(refused, 100u);
  for (size_t i = 0; i < std::min<size_t>(tables, 1500); i += 7)
    EXPECT_FALSE(compile::load(ByteSpan(artifact.head).first(i), artifact.data,
                               nullptr, {})
                     .ok());
}

TEST_F(KeptProgram, KnowsAFileUntilItChanges) {
  fs::create_directories(folder + "_models");
  std::string path = folder + "_models/model";
  auto cache = ProgramCache::open(folder);
  ASSERT_TRUE(writeFileAtomically(path, asBytes("one")).ok());
  EXPECT_EQ(cache->hashOf(path, asBytes("one")), sha256(asBytes("one")));
  // what is known of the file counts, not these bytes
  EXPECT_EQ(cache->hashOf(path, asBytes("xxx")), sha256(asBytes("one")));
  ASSERT_TRUE(writeFileAtomically(path, asBytes("three")).ok());
  EXPECT_EQ(cache->hashOf(path, asBytes("three")), sha256(asBytes("three")));
  fs::remove_all(folder + "_models");
}

} // namespace
} // namespace rune::device
