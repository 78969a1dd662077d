// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The driver on Runes made by hand; blocks and models are lambdas, so that each
// test shows what it is about.
#include "runtime/rune.h"

#include "runtime/abi/fake_guest_for_test.h"
#include "runtime/errors.h"
#include "runtime/out/serial.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace rune::runtime {
namespace {

using container::Edge;
using container::StageKind;
using testing::HasSubstr;

/// The smallest module; the engine below puts a lambda in its place.
const Bytes emptyModule = {0, 'a', 's', 'm', 1, 0, 0, 0};

/// A block that gives its first input back, after adding to each byte how often
/// it was called before: state that lives between runs.
std::unique_ptr<FakeGuest> countingGuest() {
  auto guest = std::make_unique<FakeGuest>();
  FakeGuest *inside = guest.get();
  defineBlock(*guest, 64, 128, 192, 256);
  guest->put(64, {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0});
  guest->define(std::string(blockPrefix) + "compute", 2, 1,
                [inside, calls = uint8_t{0}](FakeGuest::Arguments in,
                                             FakeGuest::Results out) mutable {
                  uint32_t at = in[0].asI32();
                  for (uint32_t i = 0; i < inside->word(at + 20); ++i)
                    inside->memory()[inside->word(at + 16) + i] += calls;
                  ++calls;
                  inside->put(256, {0, at, 1});
                  out[0] = engine::Value::i32(256);
                  return std::optional<engine::Trap>();
                });
  return guest;
}

class FakeEngine : public engine::Engine {
public:
  std::function<std::shared_ptr<engine::Instance>()> make = countingGuest;
  int started = 0;

  std::string_view name() const override { return "fake"; }
  std::unique_ptr<engine::Store> makeStore(const engine::Limits &) override {
    return nullptr; // its instances need none
  }
  Result<std::shared_ptr<engine::Instance>>
  instantiate(std::shared_ptr<const wasm::Module>,
              std::span<const engine::Import> imports, const engine::Limits &,
              engine::Deadline) override {
    EXPECT_TRUE(imports.empty());
    ++started;
    return make();
  }
};

/// A model that gives its input back twice.
class FakeProgram : public Program {
public:
  std::vector<NamedType> types = {{"x", *parseTensorType("u8[n]")}};
  std::vector<NamedType> results = {{"a", *parseTensorType("u8[n]")},
                                    {"b", *parseTensorType("u8[n]")}};
  const std::vector<NamedType> &inputs() const override { return types; }
  const std::vector<NamedType> &outputs() const override { return results; }
  Result<std::vector<Tensor>> run(std::span<const TensorView> inputs,
                                  const RunLimits &) override {
    std::vector<Tensor> tensors;
    for (int i = 0; i < 2; ++i)
      tensors.push_back(RUNE_TRY(Tensor::copyOf(inputs[0])));
    return tensors;
  }
};

class FakeDevice : public Device {
public:
  std::string_view name() const override { return "fake"; }
  Result<std::unique_ptr<Program>> load(const container::Model &) override {
    return std::unique_ptr<Program>(std::make_unique<FakeProgram>());
  }
};

/// Builds a Rune stage by stage; runs it on the fakes.
struct Bench {
  container::RuneFile file;
  FakeEngine engine;
  FakeDevice device;
  Inputs inputs;
  std::optional<Grants> grants;
  RuneLimits limits;
  std::map<std::string, ByteSpan, std::less<>> resources;

  Bench() {
    file.blocks.push_back({"count", {}, emptyModule});
    file.models.push_back({"twice", "fake", {}, {}, {}});
  }
  container::Stage &stage(std::string name, StageKind kind, std::string what,
                          std::vector<Edge> from,
                          std::vector<std::string> types) {
    container::Stage stage;
    stage.name = std::move(name);
    stage.kind = kind;
    stage.capability = std::move(what);
    stage.inputs = std::move(from);
    for (const std::string &type : types)
      stage.outputs.push_back(*parseTensorType(type));
    return file.stages.emplace_back(std::move(stage));
  }
  void raw(std::string name, std::string type) {
    stage(std::move(name), StageKind::Capability, "RAW", {}, {std::move(type)});
  }
  void block(std::string name, std::vector<Edge> from,
             std::vector<std::string> types) {
    stage(std::move(name), StageKind::ProcBlock, "", std::move(from),
          std::move(types));
  }
  void serial(uint32_t channel, std::vector<Edge> from) {
    stage("out", StageKind::Out, "SERIAL", std::move(from), {}).channel =
        channel;
  }
  void give(std::string_view flag, std::string_view data) {
    inputs[std::string(flag)].push_back({std::string(data), asBytes(data)});
  }
  Result<std::unique_ptr<Rune>> load() {
    return Rune::load(file, nullptr,
                      {engine, device,
                       grants ? *grants : Grants::forInputs(inputs), inputs,
                       limits, resources});
  }
  std::string run() {
    auto rune = load();
    if (!rune)
      return rune.error().code;
    auto result = (*rune)->run();
    return result ? serialJson(*result) : result.error().code;
  }
};

std::string u8(std::string_view elements, int count) {
  return fmt::format(
      R"({{"element-type":"u8","dimensions":[{}],"elements":[{}]}})", count,
      elements);
}

TEST(Rune, RunsFromInputToOutput) {
  Bench bench;
  bench.raw("raw", "u8[2]");
  bench.block("count", {{0, 0}}, {"u8[2]"});
  bench.serial(2, {{1, 0}});
  bench.give("--raw", "ab");
  EXPECT_EQ(bench.run(), R"({"2":[)" + u8("97,98", 2) + "]}");
}

TEST(Rune, KeepsTheStateOfItsBlocksBetweenRuns) {
  Bench bench;
  bench.raw("raw", "u8[1]");
  bench.block("count", {{0, 0}}, {"u8[1]"});
  bench.serial(2, {{1, 0}});
  bench.give("--raw", "a");
  auto rune = bench.load();
  ASSERT_TRUE(rune);
  for (int expected : {97, 98, 99})
    EXPECT_EQ(serialJson(*(*rune)->run()),
              R"({"2":[)" + u8(std::to_string(expected), 1) + "]}");
}

TEST(Rune, GivesEachStageItsOwnInstance) {
  Bench bench;
  bench.raw("raw", "u8[1]");
  bench.block("one", {{0, 0}}, {"u8[1]"});
  bench.block("two", {{1, 0}}, {"u8[1]"});
  bench.serial(2, {{2, 0}});
  bench.give("--raw", "a");
  auto rune = bench.load();
  EXPECT_EQ(bench.engine.started, 2);
  (void)(*rune)->run();
  // Each has been called once before: 97 + 1 + 1.
  EXPECT_EQ(serialJson(*(*rune)->run()), R"({"2":[)" + u8("99", 1) + "]}");
}

TEST(Rune, BranchesAndJoins) {
  Bench bench;
  bench.raw("raw", "u8[1]");
  bench.stage("model", StageKind::Model, "", {{0, 0}}, {"u8[1]", "u8[1]"});
  bench.block("count", {{1, 1}}, {"u8[1]"});
  bench.serial(4, {{2, 0}, {0, 0}, {1, 0}, {1, 0}});
  bench.serial(3, {{1, 1}});
  bench.give("--raw", "b");
  std::string b = u8("98", 1);
  EXPECT_EQ(bench.run(), R"({"3":[)" + b + R"(],"4":[)" + b + "," + b + "," +
                             b + "," + b + "]}");
}

TEST(Rune, ReadsTheInputThatSourceNames) {
  Bench bench;
  bench.raw("first", "u8[1]");
  bench.stage("second", StageKind::Capability, "RAW", {}, {"u8[1]"})
      .arguments = {{"source", "1"}};
  bench.serial(3, {{0, 0}, {1, 0}});
  bench.give("--raw", "a");
  EXPECT_EQ(bench.run(), "runtime.missing-input");
  bench.give("--raw", "b");
  EXPECT_EQ(bench.run(), R"({"3":[)" + u8("97", 1) + "," + u8("98", 1) + "]}");
}

TEST(Rune, ListsEveryInputItWantsWhenOneIsMissing) {
  Bench bench;
  bench.raw("data", "f32[1]");
  bench.stage("noise", StageKind::Capability, "RAND", {}, {"u32[1]"});
  bench.stage("picture", StageKind::Capability, "IMAGE", {},
              {"u8[1, 28, 28, 3]"});
  auto rune = bench.load();
  ASSERT_FALSE(rune);
  EXPECT_EQ(rune.error().code, "runtime.missing-input");
  EXPECT_EQ(rune.error().message, "Unable to load the \"RAW\" input");
  ASSERT_EQ(rune.error().notes.size(), 3u);
  EXPECT_EQ(rune.error().notes[0].message,
            "this Rune wants `--raw FILE` for `data` (RAW, f32[1])");
  EXPECT_EQ(rune.error().notes[1].message,
            "this Rune wants `--random SEED` for "
            "`noise` (RAND, u32[1]), optional");
  EXPECT_EQ(rune.error().notes[2].message,
            "this Rune wants `--image FILE` for `picture` (IMAGE, "
            "u8[1, 28, 28, 3])");
}

TEST(Rune, GrantsNothingByDefault) {
  Bench bench;
  bench.raw("raw", "u8[1]");
  bench.serial(2, {{0, 0}});
  bench.give("--raw", "a");
  bench.grants = Grants();
  auto rune = bench.load();
  ASSERT_FALSE(rune);
  EXPECT_EQ(rune.error().code, "runtime.capability-not-granted");
  EXPECT_EQ(rune.error().message,
            "stage `raw` wants `RAW`, which was not granted");
  EXPECT_EQ(rune.error().notes.size(), 1u);
  bench.grants->allow("raw", "RAW");
  EXPECT_THAT(bench.load().error().message, HasSubstr("stage `out` wants"));
  bench.grants->allow("SERIAL");
  EXPECT_TRUE(bench.load());
  bench.grants = Grants();
  bench.grants->allow("other", "RAW");
  bench.grants->allow("SERIAL");
  EXPECT_FALSE(bench.load());
}

TEST(Rune, RefusesWhatThisHostDoesNotHave) {
  Bench other;
  other.stage("smell", StageKind::Capability, "SMELL", {}, {"u8[1]"});
  EXPECT_EQ(other.run(), "runtime.unknown-capability");
  Bench out;
  out.stage("wifi", StageKind::Out, "WIFI", {}, {});
  EXPECT_EQ(out.run(), "runtime.unknown-out");
  Bench twins;
  twins.serial(1, {});
  twins.serial(1, {});
  EXPECT_EQ(twins.run(), "runtime.duplicate-channel");
}

TEST(Rune, ChecksWhatAStageMakesAgainstTheWiring) {
  Bench bench;
  bench.raw("raw", "u8[2]");
  bench.block("count", {{0, 0}}, {"u8[3]"});
  bench.block("reader", {{1, 0}}, {"u8[3]"});
  bench.give("--raw", "ab");
  auto result = (*bench.load())->run();
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, "runtime.edge-mismatch");
  EXPECT_EQ(result.error().message, "stage `count` made u8[2], expected u8[3]");
  ASSERT_EQ(result.error().notes.size(), 1u);
  EXPECT_EQ(result.error().notes[0].message, "stage `reader` reads it");
  EXPECT_EQ(faultOf(result.error().code), Fault::Guest);
}

TEST(Rune, ChecksAModelAgainstTheWiringWhenItLoads) {
  Bench bench;
  bench.raw("raw", "u8[2]");
  bench.stage("model", StageKind::Model, "", {{0, 0}}, {"u8[2]"});
  bench.give("--raw", "ab");
  auto rune = bench.load();
  ASSERT_FALSE(rune);
  EXPECT_EQ(rune.error().message,
            "stage `model`: the Rune says the outputs are [u8[2]], but the "
            "model says they are [u8[n], u8[n]]");
}

/// A guest that answers `compute` by a trap.
auto guestThatTraps(engine::TrapKind kind) {
  return [kind]() -> std::shared_ptr<engine::Instance> {
    auto guest = countingGuest();
    guest->define(std::string(blockPrefix) + "compute", 2, 1, trapping(kind));
    return guest;
  };
}

TEST(Rune, SurvivesAGuestThatTraps) {
  Bench bench;
  bench.raw("raw", "u8[1]");
  bench.block("count", {{0, 0}}, {"u8[1]"});
  bench.give("--raw", "a");
  for (auto [kind, code] :
       {std::pair{engine::TrapKind::Unreachable, "runtime.trap"},
        {engine::TrapKind::DeadlineExceeded, "runtime.deadline"},
        {engine::TrapKind::MemoryLimit, "runtime.memory-limit"}}) {
    bench.engine.make = guestThatTraps(kind);
    auto rune = bench.load();
    for (int i = 0; i < 2; ++i) {
      auto result = (*rune)->run();
      ASSERT_FALSE(result);
      EXPECT_EQ(result.error().code, code);
      EXPECT_EQ(faultOf(result.error().code), Fault::Guest);
      EXPECT_THAT(result.error().message,
                  HasSubstr("stage `count`, block `count`"));
    }
  }
}

TEST(Rune, StopsWhenItsTimeIsOver) {
  Bench bench;
  bench.raw("raw", "u8[1]");
  bench.give("--raw", "a");
  bench.limits.runTime = std::chrono::nanoseconds(-1);
  EXPECT_EQ(bench.run(), "runtime.deadline");
}

TEST(Rune, BoundsItsTensorsAndItsGuests) {
  Bench bench;
  bench.raw("raw", "u8[100]");
  bench.block("a", {{0, 0}}, {"u8[100]"});
  bench.block("b", {{1, 0}}, {"u8[100]"});
  bench.block("c", {{2, 0}}, {"u8[100]"});
  std::string data(100, 'x');
  bench.inputs["--raw"] = {{"x", asBytes(data)}};
  bench.limits.tensorBytes = 1000;
  EXPECT_EQ(bench.run(), "{}");
  // The input and one more stay alive at a time; 300 is enough for all steps.
  bench.limits.tensorBytes = 300;
  EXPECT_EQ(bench.run(), "{}");
  bench.limits.tensorBytes = 199;
  EXPECT_EQ(bench.run(), "runtime.memory-limit");
}

TEST(Rune, TakesResourcesFromTheHost) {
  Bench bench;
  bench.file.resources.push_back({"LENGTH", true, std::nullopt});
  bench.stage("raw", StageKind::Capability, "RAW", {}, {"u8[?]"}).arguments = {
      {"length", container::ResourceReference{0}}};
  bench.serial(2, {{0, 0}});
  bench.give("--raw", "abc");
  EXPECT_EQ(bench.run(), "runtime.missing-resource");
  bench.resources["LENGTH"] = asBytes("2");
  EXPECT_EQ(bench.run(), R"({"2":[)" + u8("97,98", 2) + "]}");
  bench.resources["LENGTH"] = asBytes("\xFF");
  EXPECT_EQ(bench.run(), "runtime.bad-argument");
}

TEST(ErrorCodes, HaveAFault) {
  EXPECT_EQ(faultOf("runtime.trap"), Fault::Guest);
  EXPECT_EQ(faultOf("runtime.missing-input"), Fault::Input);
  EXPECT_EQ(faultOf("file.unreadable"), Fault::Machine);
  EXPECT_EQ(faultOf("container.bad-magic"), Fault::Input);
  for (const ErrorCode &code : errorCodes())
    EXPECT_EQ(faultOf(code.code), code.fault);
}

} // namespace
} // namespace rune::runtime
