// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Blocks that answer wrongly in every way a test could think of.
#include "runtime/block_instance.h"

#include "runtime/abi/fake_guest_for_test.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace rune::runtime {
namespace {

using engine::TrapKind;
using testing::HasSubstr;

constexpr uint32_t metadataAt = 64, createAt = 128, graphAt = 192,
                   computeAt = 256;

/// A guest whose `compute` answers with one tensor: u8[2] {5, 6}.
std::unique_ptr<FakeGuest> honestGuest() {
  auto guest = std::make_unique<FakeGuest>();
  defineBlock(*guest, metadataAt, createAt, graphAt, computeAt);
  guest->put(512, "identity");
  guest->put(metadataAt, {512, 8, 512, 2, 512, 0, 0, 0, 0, 0, 0, 0});
  guest->put(600, "u8");
  guest->put(608, {2});
  guest->put(616, "\x05\x06");
  guest->put(640, {600, 2, 608, 1, 616, 2});
  guest->put(computeAt, {0, 640, 1});
  guest->put(700, {0, 2});           // a dimension: fixed(2)
  guest->put(720, {600, 2, 700, 1}); // its type: u8[2]
  guest->put(graphAt, {0, 720, 1});
  return guest;
}

Result<BlockInstance> bound(std::unique_ptr<FakeGuest> guest) {
  return BlockInstance::bind(std::move(guest), {"stage1", "block1"}, {}, {});
}

/// What `compute` without inputs says once `change` was made.
template <class Change>
Result<std::vector<Tensor>> computeAfter(Change change) {
  auto guest = honestGuest();
  change(*guest);
  auto block = bound(std::move(guest));
  EXPECT_TRUE(block);
  return block->compute({}, {});
}

TEST(BlockInstance, GivesWhatAnHonestBlockAnswers) {
  auto block = bound(honestGuest());
  ASSERT_TRUE(block);
  EXPECT_EQ(block->metadata({})->name, "identity");
  EXPECT_TRUE(block->create({}, {}));
  auto types = block->graph({}, {});
  ASSERT_TRUE(types);
  EXPECT_EQ(types->at(0).str(), "u8[2]");
  auto tensors = block->compute({}, {});
  ASSERT_TRUE(tensors);
  ASSERT_EQ(tensors->size(), 1u);
  EXPECT_EQ(tensors->at(0).type().str(), "u8[2]");
  EXPECT_EQ(tensors->at(0).bytes()[1], 6);
}

TEST(BlockInstance, PassesTensorsInTheLayoutOfTheInterface) {
  auto guest = honestGuest();
  FakeGuest *inside = guest.get();
  std::string seen;
  guest->define(std::string(blockPrefix) + "compute", 2, 1,
                [&](FakeGuest::Arguments in, FakeGuest::Results out) {
                  uint32_t at = in[0].asI32();
                  seen = inside->text(inside->word(at), inside->word(at + 4));
                  seen += fmt::format(" x{}", in[1].asI32());
                  uint32_t dims = inside->word(at + 8);
                  seen += fmt::format(" [{}]", inside->word(dims));
                  seen += inside->text(inside->word(at + 16),
                                       inside->word(at + 20));
                  out[0] = engine::Value::i32(computeAt);
                  return std::optional<engine::Trap>();
                });
  auto block = bound(std::move(guest));
  std::vector<int64_t> sizes = {3};
  std::vector<TensorView> inputs = {{DType::I8, sizes, asBytes("abc")}};
  EXPECT_TRUE(block->compute(inputs, {}));
  EXPECT_EQ(seen, "i8 x1 [3]abc");
}

TEST(BlockInstance, SpeaksTheStandardSpellingToo) {
  auto guest = std::make_unique<FakeGuest>();
  std::string prefix = "cm32p2|rune:block/block@0.1|";
  guest->defineRealloc("cm32p2_realloc");
  bool started = false, freed = false;
  guest->define("cm32p2_initialize", 0, 0, [&](auto, auto) {
    started = true;
    return std::optional<engine::Trap>();
  });
  guest->define(prefix + "metadata", 0, 1, answering(metadataAt));
  guest->define(prefix + "metadata_post", 1, 0, [&](auto in, auto) {
    freed = in[0].asI32() == metadataAt;
    return std::optional<engine::Trap>();
  });
  for (const char *name : {"create", "graph", "compute"})
    guest->define(prefix + name, 2, 1, answering(createAt));
  auto block = bound(std::move(guest));
  ASSERT_TRUE(block);
  EXPECT_TRUE(started);
  EXPECT_TRUE(block->metadata({}));
  EXPECT_TRUE(freed);
}

TEST(BlockInstance, CallsPostReturnAfterEachCall) {
  auto guest = honestGuest();
  uint32_t freed = 0;
  guest->define("cabi_post_" + std::string(blockPrefix) + "compute", 1, 0,
                [&](auto in, auto) {
                  freed += in[0].asI32() == computeAt;
                  return std::optional<engine::Trap>();
                });
  auto block = bound(std::move(guest));
  EXPECT_TRUE(block->compute({}, {}));
  EXPECT_TRUE(block->compute({}, {}));
  EXPECT_EQ(freed, 2u);
}

TEST(BlockInstance, RefusesAModuleWithoutTheExports) {
  auto nothing = bound(std::make_unique<FakeGuest>());
  ASSERT_FALSE(nothing);
  EXPECT_EQ(nothing.error().code, "runtime.not-a-block");
  EXPECT_EQ(nothing.error().message,
            "stage `stage1`, block `block1`: the module exports neither "
            "`rune:block/block@0.1.0#metadata` nor "
            "`cm32p2|rune:block/block@0.1|metadata`");
  auto partial = honestGuest();
  partial->remove(std::string(blockPrefix) + "graph");
  EXPECT_THAT(bound(std::move(partial)).error().message,
              HasSubstr("no export `rune:block/block@0.1.0#graph`"));
  auto mistyped = honestGuest();
  mistyped->define(std::string(blockPrefix) + "compute", 3, 1, answering(0));
  EXPECT_THAT(bound(std::move(mistyped)).error().message,
              HasSubstr("has type (i32, i32, i32) -> (i32)"));
}

TEST(BlockInstance, RefusesResultsOutsideOfMemory) {
  for (uint32_t address : {65536u - 31, 65536u, 0xFFFFFFFCu}) {
    auto tensors = computeAfter([&](FakeGuest &guest) {
      guest.define(std::string(blockPrefix) + "compute", 2, 1,
                   answering(address));
    });
    ASSERT_FALSE(tensors);
    EXPECT_EQ(tensors.error().code, "runtime.bad-guest-value");
    EXPECT_THAT(tensors.error().message,
                HasSubstr("stage `stage1`, block `block1`: `compute`: result"));
  }
}

TEST(BlockInstance, RefusesAMisalignedResult) {
  auto tensors = computeAfter([](FakeGuest &guest) {
    guest.define(std::string(blockPrefix) + "compute", 2, 1,
                 answering(computeAt + 2));
  });
  EXPECT_THAT(tensors.error().message, HasSubstr("not a multiple of 4"));
}

TEST(BlockInstance, RefusesWrongPartsOfATensor) {
  struct Case {
    uint32_t address, word;
    const char *says;
  };
  for (const Case &wrong :
       {Case{computeAt, 2, "discriminant 2"},
        {computeAt + 8, ~0u, "result.ok: 4294967295 elements"},
        {computeAt + 8, 1 << 20, "leave the guest's memory"},
        {640, 65536, "result.ok[0].dtype"},
        {652, 0x3FFFFFF, "result.ok[0].dims"},
        {648, 609, "not a multiple of 4"},
        {660, 1 << 30, "result.ok[0].data"},
        {660, 3, "u8[2] needs 2 bytes, got 3"},
        {608, ~0u, "u8[4294967295] needs 4294967295 bytes, got 2"},
        {644, 1, "unknown element type `u`"}}) {
    auto tensors = computeAfter(
        [&](FakeGuest &guest) { guest.put(wrong.address, {wrong.word}); });
    ASSERT_FALSE(tensors) << wrong.says;
    EXPECT_EQ(tensors.error().code, "runtime.bad-guest-value");
    EXPECT_THAT(tensors.error().message, HasSubstr(wrong.says));
  }
}

TEST(BlockInstance, RefusesTextThatIsNotUtf8) {
  auto tensors =
      computeAfter([](FakeGuest &guest) { guest.put(600, "\xC0\x80"); });
  EXPECT_THAT(
      tensors.error().message,
      HasSubstr("result.ok[0].dtype: a string of 2 bytes is not UTF-8"));
}

TEST(BlockInstance, BoundsHugeListsByTheBudget) {
  auto guest = std::make_unique<FakeGuest>(8 << 20);
  defineBlock(*guest, metadataAt, createAt, graphAt, computeAt);
  guest->put(computeAt, {0, 1024, 300000}); // 300,000 empty tensors
  auto block =
      BlockInstance::bind(std::move(guest), {"s", "b"}, {{}, 1 << 20}, {});
  auto tensors = block->compute({}, {});
  ASSERT_FALSE(tensors);
  EXPECT_EQ(tensors.error().code, "runtime.memory-limit");
}

TEST(BlockInstance, TellsTrapsApart) {
  for (auto [kind, code] : {std::pair{TrapKind::Unreachable, "runtime.trap"},
                            {TrapKind::DeadlineExceeded, "runtime.deadline"},
                            {TrapKind::MemoryLimit, "runtime.memory-limit"},
                            {TrapKind::CallStackExhausted, "runtime.trap"}}) {
    auto tensors = computeAfter([kind = kind](FakeGuest &guest) {
      guest.define(std::string(blockPrefix) + "compute", 2, 1, trapping(kind));
    });
    ASSERT_FALSE(tensors);
    EXPECT_EQ(tensors.error().code, code);
    EXPECT_THAT(tensors.error().message,
                HasSubstr("stage `stage1`, block `block1`: `compute` was "
                          "stopped: "));
  }
}

TEST(BlockInstance, IsSpentAfterAFailure) {
  auto guest = honestGuest();
  FakeGuest *inside = guest.get();
  guest->define(std::string(blockPrefix) + "graph", 2, 1,
                trapping(TrapKind::Unreachable));
  auto block = bound(std::move(guest));
  EXPECT_FALSE(block->graph({}, {}));
  uint64_t calls = inside->calls();
  auto again = block->compute({}, {});
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, "runtime.trap");
  EXPECT_EQ(inside->calls(), calls);
}

TEST(BlockInstance, ReportsWhatABlockRefuses) {
  auto guest = honestGuest();
  guest->put(800, "invalid-inputindex 7 of 3\x1B[2J");
  guest->put(computeAt, {1, 800, 13, 813, 15, 1, 813, 5});
  auto block = bound(std::move(guest));
  auto tensors = block->compute({}, {});
  ASSERT_FALSE(tensors);
  EXPECT_EQ(tensors.error().code, "runtime.block-refused");
  EXPECT_EQ(tensors.error().message,
            "stage `stage1`, block `block1`: `index`: index 7 of 3 [2 "
            "(invalid-input)");
  // A refusal is an answer: the block can be asked again.
  EXPECT_EQ(block->compute({}, {}).error().code, "runtime.block-refused");
  EXPECT_TRUE(block->graph({}, {}));
}

TEST(BlockInstance, RefusesSizesThatTheInterfaceCannotSay) {
  auto block = bound(honestGuest());
  std::vector<int64_t> sizes = {int64_t{1} << 32, 0};
  std::vector<TensorView> inputs = {{DType::U8, sizes, {}}};
  EXPECT_EQ(block->compute(inputs, {}).error().code, "runtime.value-too-big");
  TensorType big{DType::U8, {Dim(int64_t{1} << 32)}};
  EXPECT_EQ(block->graph({&big, 1}, {}).error().code, "runtime.value-too-big");
}

TEST(BlockInstance, TranslatesTypesBothWays) {
  TensorType type = *parseTensorType("f32[batch, ?, 3]");
  EXPECT_EQ(*fromBlock(*toBlock(type)), type);
  EXPECT_EQ(fromBlock({"f99", {}}).error().code, "runtime.bad-guest-value");
}

} // namespace
} // namespace rune::runtime
