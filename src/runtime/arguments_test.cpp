// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "runtime/arguments.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace rune::runtime {
namespace {

using block::ValueKind;
using container::ArgumentValue;
using testing::HasSubstr;

block::Metadata labelBlock() {
  block::Metadata metadata;
  metadata.name = "label";
  metadata.arguments = {
      {"word-list", "", ValueKind::Text, {}},
      {"count", "", ValueKind::Integer, block::Value{int64_t{1}}}};
  return metadata;
}

Result<std::vector<block::Argument>>
bind(std::vector<container::Argument> given) {
  return bindArguments("names", labelBlock(), given, {"resource text"});
}

TEST(BindArguments, GivesEachTheKindThatTheBlockDeclares) {
  auto bound = bind({{"word_list", "a\nb"}, {"count", "3"}});
  ASSERT_TRUE(bound);
  EXPECT_EQ(bound->at(0).name, "word-list");
  EXPECT_EQ(std::get<std::string>(bound->at(0).value.value), "a\nb");
  EXPECT_EQ(std::get<int64_t>(bound->at(1).value.value), 3);
}

TEST(BindArguments, LeavesOutWhatHasADefault) {
  EXPECT_EQ(bind({{"word-list", "a"}})->size(), 1u);
}

TEST(BindArguments, PutsTheTextOfAResourceInItsPlace) {
  auto bound = bind({{"word-list", container::ResourceReference{0}}});
  EXPECT_EQ(std::get<std::string>(bound->at(0).value.value), "resource text");
}

TEST(BindArguments, RefusesWhatTheBlockDoesNotTake) {
  auto unknown = bind({{"wordlst", "a"}});
  EXPECT_EQ(unknown.error().code, "runtime.unknown-argument");
  EXPECT_EQ(unknown.error().help, "did you mean `word-list`?");
  auto missing = bind({});
  EXPECT_EQ(missing.error().code, "runtime.missing-argument");
  EXPECT_EQ(missing.error().message,
            "stage `names`: block `label` needs the argument `word-list`, a "
            "text");
  auto wrong = bind({{"word-list", "a"}, {"count", "three"}});
  EXPECT_EQ(wrong.error().code, "runtime.bad-argument");
  EXPECT_THAT(wrong.error().message, HasSubstr("`count` must be an integer"));
  auto twice = bind({{"word-list", "a"}, {"word_list", "b"}});
  EXPECT_THAT(twice.error().message, HasSubstr("given twice"));
}

template <class T> std::optional<T> as(ArgumentValue value, ValueKind kind) {
  auto converted = convertArgument(value, kind);
  if (!converted)
    return {};
  return std::get<T>(converted->value);
}

TEST(ConvertArgument, ParsesTextAndWidensNumbers) {
  EXPECT_EQ(as<bool>("true", ValueKind::Boolean), true);
  EXPECT_EQ(as<bool>(false, ValueKind::Boolean), false);
  EXPECT_EQ(as<int64_t>(" -12 ", ValueKind::Integer), -12);
  EXPECT_EQ(as<int64_t>(4.0, ValueKind::Integer), 4);
  EXPECT_EQ(as<double>(int64_t{2}, ValueKind::Number), 2.0);
  EXPECT_EQ(as<double>("0.5", ValueKind::Number), 0.5);
  EXPECT_EQ(as<std::string>(int64_t{28}, ValueKind::Text), "28");
  EXPECT_EQ(as<std::string>(true, ValueKind::Text), "true");
}

TEST(ConvertArgument, MakesLists) {
  using Integers = std::vector<int64_t>;
  using Numbers = std::vector<double>;
  using Texts = std::vector<std::string>;
  EXPECT_EQ(as<Integers>("1, 2,3", ValueKind::Integers), (Integers{1, 2, 3}));
  EXPECT_EQ(as<Integers>(int64_t{4}, ValueKind::Integers), Integers{4});
  EXPECT_EQ(as<Numbers>(Integers{1, 2}, ValueKind::Numbers),
            (Numbers{1.0, 2.0}));
  EXPECT_EQ(as<Texts>("a\nb\n", ValueKind::Texts), (Texts{"a", "b"}));
  EXPECT_EQ(as<Texts>(Texts{"x"}, ValueKind::Texts), Texts{"x"});
}

TEST(ConvertArgument, RefusesWhatCannotBeMeant) {
  EXPECT_FALSE(convertArgument("1.5", ValueKind::Integer));
  EXPECT_FALSE(convertArgument(1.5, ValueKind::Integer));
  EXPECT_FALSE(convertArgument(1e300, ValueKind::Integer));
  EXPECT_FALSE(convertArgument("yes", ValueKind::Boolean));
  EXPECT_FALSE(convertArgument(int64_t{1}, ValueKind::Boolean));
  EXPECT_FALSE(convertArgument("", ValueKind::Number));
  EXPECT_FALSE(convertArgument("12x", ValueKind::Number));
  EXPECT_FALSE(convertArgument(std::vector<int64_t>{1}, ValueKind::Integer));
  EXPECT_FALSE(convertArgument("1,x", ValueKind::Integers));
  EXPECT_FALSE(convertArgument("99999999999999999999", ValueKind::Integer));
}

} // namespace
} // namespace rune::runtime
