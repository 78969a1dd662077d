// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "container/read.h"
#include "link/block_interface.h"
#include "link/link.h"
#include "link/module_for_test.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace rune::link {

namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr std::string_view runefile = "pipeline:\n"
                                      "  double:\n"
                                      "    proc-block: ./double\n";

class Link : public testing::Test {
protected:
  Link() {
    source_ = Source::text("Runefile.yml", std::string(runefile));
    block_ = blockModule().bytes();
    add("raw", check::StageKind::Capability, "RAW");
    add("double", check::StageKind::ProcBlock, "./double");
    add("out", check::StageKind::Out, "SERIAL");
    pipeline_.stages[0].outputs = {{DType::F32, {Dim(2)}}};
    pipeline_.stages[1].outputs = {{DType::F32, {Dim::named("n")}}};
    pipeline_.stages[1].inputs = {{0, 0, {}}};
    pipeline_.stages[1].where = {source_, {12, 18}};
    pipeline_.stages[2].inputs = {{1, 0, {}}};
    pipeline_.stages[2].channel = 3;
    pipeline_.image = "runicos/base";
    artifacts_[1] = BlockArtifact{"double", block_};
  }

  void add(std::string name, check::StageKind kind, std::string what) {
    check::Stage stage;
    stage.name = std::move(name);
    stage.kind = kind;
    stage.what = std::move(what);
    pipeline_.stages.push_back(std::move(stage));
    artifacts_.emplace_back();
  }

  Result<Bytes> run() {
    return link({pipeline_, "test", "rune 0.1.0", artifacts_, resources_},
                report_);
  }

  container::RuneFile linked() {
    bytes_ = Bytes();
    auto bytes = run();
    EXPECT_TRUE(bytes.ok()) << shown();
    if (!bytes)
      return {};
    bytes_ = std::move(*bytes);
    auto file = container::read(bytes_, nullptr);
    EXPECT_TRUE(file.ok()) << renderText(file.error());
    return file ? std::move(*file) : container::RuneFile();
  }

  /// Links with this block and gives the codes of what is wrong with it.
  std::vector<std::string> codes(Bytes block) {
    report_ = {};
    block_ = std::move(block);
    artifacts_[1] = BlockArtifact{"double", block_};
    auto bytes = run();
    EXPECT_EQ(bytes.ok(), report_.diagnostics().empty());
    if (!bytes)
      EXPECT_TRUE(isReported(bytes.error()));
    std::vector<std::string> codes;
    for (const Diagnostic &each : report_.diagnostics())
      codes.push_back(each.code);
    return codes;
  }

  std::string shown() const {
    std::string text;
    for (const Diagnostic &each : report_.diagnostics())
      text += renderText(each);
    return text;
  }

  SourcePtr source_;
  check::Pipeline pipeline_;
  std::vector<Artifact> artifacts_;
  std::vector<std::optional<ByteSpan>> resources_;
  Bytes block_;
  Bytes bytes_;
  Report report_;
};

} // namespace

TEST_F(Link, KeepsThePipelineAndItsBlocks) {
  pipeline_.resources.push_back({"LABELS", true, {}, {}, {}});
  resources_.push_back(asBytes("no\nyes"));
  pipeline_.stages[1].arguments = {
      {"labels", check::ResourceReference{0}, {}},
      {"scale", 2.0, {}},
      {"words", std::vector<std::string>{"a", "b"}, {}}};
  auto file = linked();
  EXPECT_EQ(file.name, "test");
  EXPECT_EQ(file.image, "runicos/base");
  EXPECT_EQ(file.producer, "rune 0.1.0");
  ASSERT_EQ(file.stages.size(), 3u);
  EXPECT_EQ(file.stages[0].capability, "RAW");
  EXPECT_EQ(file.stages[1].capability, "");
  EXPECT_EQ(file.stages[1].outputs, pipeline_.stages[1].outputs);
  EXPECT_THAT(file.stages[1].inputs, ElementsAre(container::Edge{0, 0}));
  EXPECT_EQ(file.stages[2].channel, 3u);
  ASSERT_EQ(file.stages[1].arguments.size(), 3u);
  EXPECT_EQ(file.stages[1].arguments[0].value,
            container::ArgumentValue(container::ResourceReference{0}));
  EXPECT_EQ(file.stages[1].arguments[1].value, container::ArgumentValue(2.0));
  EXPECT_EQ(asText(*file.resources[0].data), "no\nyes");
  ASSERT_EQ(file.blocks.size(), 1u);
  EXPECT_EQ(Bytes(file.blocks[0].wasm.begin(), file.blocks[0].wasm.end()),
            block_);
}

TEST_F(Link, StoresEqualBlocksAndModelsOnce) {
  Bytes again = block_, table = {1}, weight(100, 7);
  add("twice", check::StageKind::ProcBlock, "./other");
  artifacts_[3] = BlockArtifact{"other", again};
  for (std::string name : {"m1", "m2", "m3"}) {
    add(name, check::StageKind::Model, name);
    artifacts_.back() =
        ModelArtifact{name, "rune-graph", table, {weight, weight}};
  }
  std::get<ModelArtifact>(artifacts_.back()).encoding = "else";
  auto file = linked();
  ASSERT_EQ(file.blocks.size(), 1u);
  EXPECT_EQ(file.blocks[0].name, "double");
  EXPECT_EQ(file.stages[3].artifact, 0u);
  ASSERT_EQ(file.models.size(), 2u);
  EXPECT_EQ(file.models[0].name, "m1");
  EXPECT_EQ(file.stages[4].artifact, 0u);
  EXPECT_EQ(file.stages[5].artifact, 0u);
  EXPECT_EQ(file.stages[6].artifact, 1u);
  EXPECT_EQ(file.models[0].weights[0].data.data(),
            file.models[1].weights[1].data.data());
}

TEST_F(Link, EqualInputGivesEqualBytes) {
  auto one = run(), two = run();
  ASSERT_TRUE(one.ok() && two.ok());
  EXPECT_EQ(*one, *two);
}

TEST_F(Link, NeedsTheArtifactOfEachStage) {
  artifacts_[1] = ModelArtifact{};
  EXPECT_FALSE(run().ok());
  ASSERT_EQ(report_.diagnostics().size(), 1u);
  EXPECT_EQ(report_.diagnostics()[0].code, "link.no-artifact");
}

TEST_F(Link, TellsWhatTheContainerRefuses) {
  pipeline_.stages[2].inputs[0].port = 7;
  EXPECT_FALSE(run().ok());
  ASSERT_EQ(report_.diagnostics().size(), 1u);
  EXPECT_EQ(report_.diagnostics()[0].code, "container.invalid");
}

TEST_F(Link, RefusesTextResourcesThatAreNone) {
  pipeline_.resources.push_back({"LABELS", true, {}, {}, {}});
  resources_.push_back(asBytes("\xff"));
  EXPECT_FALSE(run().ok());
  EXPECT_EQ(report_.diagnostics()[0].code, "link.bad-resource");
  report_ = {};
  pipeline_.resources[0].isText = false;
  EXPECT_TRUE(run().ok()) << shown();
}

// --- blocks ------------------------------------------------------------------

TEST_F(Link, RefusesBlocksThatAreNoModulesAndNamesTheStage) {
  EXPECT_THAT(codes({1, 2, 3}), ElementsAre("link.bad-block"));
  EXPECT_THAT(shown(), HasSubstr("Runefile.yml:2:3: error: block `double` of "
                                 "stage `double`"));
  ModuleForTest broken = blockModule();
  broken.function("bad", {}, {wasm::ValueType::I32}, {0x0B});
  EXPECT_THAT(codes(broken.bytes()), ElementsAre("link.bad-block"));
  EXPECT_THAT(shown(), HasSubstr("wasm.invalid"));
}

TEST_F(Link, AcceptsBothSpellings) {
  EXPECT_THAT(codes(blockModule().bytes()), ElementsAre());
  ModuleForTest other;
  for (const BlockExport &each : blockExports)
    addExport(other, each.cm32p2, each.signature);
  EXPECT_THAT(codes(other.bytes()), ElementsAre());
}

TEST_F(Link, NeedsEachRequiredExport) {
  for (const BlockExport &leftOut : blockExports) {
    ModuleForTest module;
    for (const BlockExport &each : blockExports)
      if (each.legacy != leftOut.legacy)
        addExport(module, each.legacy, each.signature);
    if (leftOut.required)
      EXPECT_THAT(codes(module.bytes()), ElementsAre("link.missing-export"))
          << leftOut.legacy;
    else
      EXPECT_THAT(codes(module.bytes()), ElementsAre()) << leftOut.legacy;
  }
}

TEST_F(Link, NeedsEachExportInItsType) {
  for (const BlockExport &wrong : blockExports) {
    ModuleForTest module;
    for (const BlockExport &each : blockExports)
      addExport(module, each.legacy,
                each.legacy == wrong.legacy ? "(i32) -> (i32)"
                                            : each.signature);
    EXPECT_THAT(codes(module.bytes()), ElementsAre("link.wrong-export"))
        << wrong.legacy;
  }
}

TEST_F(Link, PointsToAnExportOfNearlyTheName) {
  ModuleForTest module;
  for (const BlockExport &each : blockExports)
    addExport(module,
              each.legacy == "rune:block/block@0.1.0#graph"
                  ? "rune:block/block@0.2.0#graph"
                  : each.legacy,
              each.signature);
  EXPECT_THAT(codes(module.bytes()), ElementsAre("link.missing-export"));
  EXPECT_THAT(shown(), HasSubstr("it exports `rune:block/block@0.2.0#graph`"));
}

TEST_F(Link, RefusesEveryImportByName) {
  ModuleForTest module = blockModule();
  module.importFunction("wasi_snapshot_preview1", "fd_write");
  module.importFunction("env", "now");
  EXPECT_THAT(codes(module.bytes()),
              ElementsAre("link.import-refused", "link.import-refused"));
  EXPECT_THAT(shown(), HasSubstr("`fd_write` from `wasi_snapshot_preview1`"));
  EXPECT_THAT(shown(), HasSubstr("`now` from `env`"));
}

TEST_F(Link, RefusesCommandsAndSaysHowToBuildABlock) {
  ModuleForTest module = blockModule(/*initialize=*/false);
  module.function("_start", {}, {}, {0x0B});
  EXPECT_THAT(codes(module.bytes()), ElementsAre("link.command-module"));
  EXPECT_THAT(shown(), HasSubstr("-mexec-model=reactor"));
  module.function("_initialize", {}, {}, {0x0B});
  EXPECT_THAT(codes(module.bytes()), ElementsAre());
}

TEST_F(Link, RefusesExportsThatWrapTheConstructors) {
  // As wasm-ld does it: call constructors, parameters, call function, call
  // destructors.
  for (bool withDestructors : {false, true}) {
    ModuleForTest module;
    module.memory("memory");
    uint32_t one = module.function("", {}, {}, {0x0B});
    uint32_t constructors = module.function("", {}, {}, call(one, {0x0B}));
    for (const BlockExport &each : blockExports)
      if (each.required && !each.signature.empty())
        addWrapped(module, each, constructors, withDestructors);
    EXPECT_THAT(codes(module.bytes()), ElementsAre("link.command-module"));
  }
}

TEST_F(Link, AcceptsExportsThatRunTheConstructorsOnceThemselves) {
  ModuleForTest module;
  module.memory("memory");
  // i32.const 0, drop: more than calls
  uint32_t once = module.function("", {}, {}, {0x41, 0, 0x1A, 0x0B});
  for (const BlockExport &each : blockExports)
    if (each.required && !each.signature.empty())
      addWrapped(module, each, once, false);
  EXPECT_THAT(codes(module.bytes()), ElementsAre());
}

} // namespace rune::link
