// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Sizes and offsets are those of blocks/support/ABI.md, worked out by hand from
// the component model's rules.
#include "runtime/abi/fake_guest_for_test.h"
#include "runtime/block_bindings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace rune::runtime {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

template <class T> std::pair<uint32_t, uint32_t> layout() {
  return {Abi<T>::size, Abi<T>::align};
}
using Layout = std::pair<uint32_t, uint32_t>;

TEST(CanonicalAbi, LaysTypesOutAsTheStandardDoes) {
  EXPECT_EQ(layout<std::string>(), Layout(8, 4));
  EXPECT_EQ(layout<std::vector<uint8_t>>(), Layout(8, 4));
  EXPECT_EQ(layout<block::Tensor>(), Layout(24, 4));
  EXPECT_EQ(layout<block::TensorRef>(), Layout(24, 4));
  EXPECT_EQ(layout<block::Dimension>(), Layout(12, 4));
  EXPECT_EQ(layout<block::TensorType>(), Layout(16, 4));
  EXPECT_EQ(layout<block::Value>(), Layout(16, 8));
  EXPECT_EQ(layout<block::ValueKind>(), Layout(1, 1));
  EXPECT_EQ(layout<block::Argument>(), Layout(24, 8));
  EXPECT_EQ(layout<std::optional<block::Value>>(), Layout(24, 8));
  EXPECT_EQ(layout<block::ArgumentInfo>(), Layout(48, 8));
  EXPECT_EQ(layout<std::optional<std::vector<block::Dimension>>>(),
            Layout(12, 4));
  EXPECT_EQ(layout<block::Port>(), Layout(36, 4));
  EXPECT_EQ(layout<block::Metadata>(), Layout(48, 4));
  EXPECT_EQ(layout<block::Error>(), Layout(28, 4));
  EXPECT_EQ((layout<Outcome<std::monostate, block::Error>>()), Layout(32, 4));
  EXPECT_EQ((layout<Outcome<std::vector<block::Tensor>, block::Error>>()),
            Layout(32, 4));
}

/// Lifts a T that stands at `address`.
template <class T>
Result<T> liftAt(FakeGuest &guest, uint32_t address,
                 uint64_t budget = 1 << 20) {
  GuestCall call(guest, "test", {}, {{}, budget});
  T value{};
  if (!Abi<T>::lift(call, address, value))
    return std::move(call).reason();
  return value;
}

TEST(CanonicalAbi, LiftsEveryCaseOfAValue) {
  FakeGuest guest;
  guest.put(500, "word");
  guest.put(600, {7, 0, 0xFFFFFFFF, 0xFFFFFFFF});
  guest.put(0, {0, 0, 255, 0});
  EXPECT_EQ(std::get<bool>(liftAt<block::Value>(guest, 0)->value), true);
  guest.put(0, {1, 0, 0xFFFFFFFE, 0xFFFFFFFF});
  EXPECT_EQ(std::get<int64_t>(liftAt<block::Value>(guest, 0)->value), -2);
  guest.put(0, {2, 0, 0, 0x3FF80000});
  EXPECT_EQ(std::get<double>(liftAt<block::Value>(guest, 0)->value), 1.5);
  guest.put(0, {3, 0, 500, 4});
  EXPECT_EQ(std::get<std::string>(liftAt<block::Value>(guest, 0)->value),
            "word");
  guest.put(0, {4, 0, 600, 2});
  EXPECT_THAT(
      std::get<std::vector<int64_t>>(liftAt<block::Value>(guest, 0)->value),
      ElementsAre(7, -1));
  guest.put(0, {5, 0, 600, 1});
  EXPECT_EQ(std::get<std::vector<double>>(liftAt<block::Value>(guest, 0)->value)
                .size(),
            1u);
  guest.put(700, {500, 4, 500, 2});
  guest.put(0, {6, 0, 700, 2});
  EXPECT_THAT(
      std::get<std::vector<std::string>>(liftAt<block::Value>(guest, 0)->value),
      ElementsAre("word", "wo"));
}

TEST(CanonicalAbi, RefusesADiscriminantThatHasNoCase) {
  FakeGuest guest;
  guest.put(0, {7});
  auto value = liftAt<block::Value>(guest, 0);
  ASSERT_FALSE(value);
  EXPECT_EQ(value.error().code, "runtime.bad-guest-value");
  EXPECT_THAT(value.error().message,
              HasSubstr("discriminant 7 of a variant with 7 cases"));
  EXPECT_THAT(liftAt<block::ValueKind>(guest, 0).error().message,
              HasSubstr("discriminant 7 of an enum with 7 cases"));
  guest.put(0, {2});
  EXPECT_FALSE(liftAt<std::optional<std::string>>(guest, 0));
}

TEST(CanonicalAbi, NamesThePlaceOfAWrongValue) {
  FakeGuest guest;
  guest.put(500, "\xFF\xFE");
  guest.put(0, {0, 0, 0, 0, 100, 1, 0, 0}); // dtypes: one string at 100
  guest.put(100, {500, 2});
  auto port = liftAt<block::Port>(guest, 0);
  ASSERT_FALSE(port);
  EXPECT_EQ(port.error().message,
            "`test`: dtypes[0]: a string of 2 bytes is not UTF-8");
}

TEST(CanonicalAbi, RefusesPointersThatLeaveMemory) {
  FakeGuest guest;
  for (auto [address, length] :
       {std::pair{65535u, 2u}, {65537u, 0u}, {0u, 65537u}, {~0u, 1u}}) {
    guest.put(0, {address, length});
    auto text = liftAt<std::string>(guest, 0);
    ASSERT_FALSE(text) << address;
    EXPECT_EQ(text.error().code, "runtime.bad-guest-value");
  }
  EXPECT_FALSE(liftAt<std::string>(guest, 65532));
  guest.put(0, {65536, 0});
  EXPECT_EQ(*liftAt<std::string>(guest, 0), "");
}

TEST(CanonicalAbi, RefusesListsLongerThanTheStandardAllows) {
  FakeGuest guest;
  guest.put(0, {0, 0xFFFFFFFF});
  EXPECT_THAT(liftAt<std::string>(guest, 0).error().message,
              HasSubstr("more than the 268435455 bytes"));
  EXPECT_THAT(liftAt<std::vector<block::Tensor>>(guest, 0).error().message,
              HasSubstr("more than the 268435455 bytes"));
}

TEST(CanonicalAbi, RefusesMisalignedLists) {
  FakeGuest guest;
  guest.put(0, {101, 1});
  EXPECT_THAT(liftAt<std::vector<uint32_t>>(guest, 0).error().message,
              HasSubstr("not a multiple of 4"));
  EXPECT_TRUE(liftAt<std::vector<uint8_t>>(guest, 0));
}

TEST(CanonicalAbi, BoundsTheHostMemoryThatAGuestCanClaim) {
  // 4096 strings, all the same 30000 bytes: 120 MB out of 64 KiB.
  FakeGuest guest;
  for (uint32_t i = 0; i < 4096; ++i)
    guest.put(32768 + 8 * i, {0, 30000});
  guest.put(31000, {32768, 4096});
  auto texts = liftAt<std::vector<std::string>>(guest, 31000, 1 << 20);
  ASSERT_FALSE(texts);
  EXPECT_EQ(texts.error().code, "runtime.memory-limit");
}

TEST(CanonicalAbi, LowersArgumentsWhereTheLayoutSays) {
  FakeGuest guest;
  guest.defineRealloc();
  GuestCall call(guest, "test", guest.exportedFunction("cabi_realloc"), {});
  std::vector<block::Argument> arguments = {
      {"count", {int64_t{-3}}}, {"words", {std::vector<std::string>{"ab"}}}};
  std::vector<engine::Value> flat;
  ASSERT_TRUE(lowerParameter(
      call, "arguments", std::span<const block::Argument>(arguments), flat));
  ASSERT_EQ(flat.size(), 2u);
  uint32_t at = flat[0].asI32();
  EXPECT_EQ(flat[1].asI32(), 2u);
  EXPECT_EQ(guest.text(guest.word(at), guest.word(at + 4)), "count");
  EXPECT_EQ(guest.word(at + 8) & 0xFF, 1u);
  EXPECT_EQ(guest.word(at + 16), 0xFFFFFFFDu);
  EXPECT_EQ(guest.word(at + 20), 0xFFFFFFFFu);
  uint32_t second = at + 24;
  EXPECT_EQ(guest.text(guest.word(second), 5), "words");
  EXPECT_EQ(guest.word(second + 8) & 0xFF, 6u);
  EXPECT_EQ(guest.word(second + 20), 1u);
  uint32_t word = guest.word(second + 16);
  EXPECT_EQ(guest.text(guest.word(word), guest.word(word + 4)), "ab");
}

/// An allocator that answers with this address.
Diagnostic lowerWith(FakeGuest::Body allocator) {
  FakeGuest guest;
  guest.define("cabi_realloc", 4, 1, std::move(allocator));
  GuestCall call(guest, "test", guest.exportedFunction("cabi_realloc"), {});
  std::vector<uint32_t> numbers = {1, 2};
  std::vector<engine::Value> flat;
  EXPECT_FALSE(lowerParameter(call, "numbers",
                              std::span<const uint32_t>(numbers), flat));
  return std::move(call).reason();
}

TEST(CanonicalAbi, RefusesAnAllocatorThatLies) {
  EXPECT_THAT(lowerWith(answering(65532)).message, HasSubstr("leave"));
  EXPECT_THAT(lowerWith(answering(~0u)).message, HasSubstr("leave"));
  EXPECT_THAT(lowerWith(answering(2)).message, HasSubstr("not a multiple"));
  EXPECT_EQ(lowerWith(answering(2)).code, "runtime.bad-guest-value");
}

TEST(CanonicalAbi, ReportsAnAllocatorThatTraps) {
  Diagnostic why = lowerWith(trapping(engine::TrapKind::Unreachable));
  EXPECT_EQ(why.code, "runtime.trap");
  EXPECT_THAT(why.help, HasSubstr("too large for this block"));
}

TEST(CanonicalAbi, ReportsAMissingAllocator) {
  FakeGuest guest;
  GuestCall call(guest, "test", {}, {});
  std::vector<engine::Value> flat;
  EXPECT_FALSE(
      lowerParameter(call, "numbers", std::span<const uint32_t>(), flat));
  EXPECT_THAT(std::move(call).reason().message, HasSubstr("no allocator"));
}

} // namespace
} // namespace rune::runtime
