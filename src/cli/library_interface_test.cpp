// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// blocks/NAME/interface.json is what people read in a review; this holds it
// equal to what the module answers in our own engine (tests/blocks asks node).
#include "blocks/library.h"
#include "cli/console.h"
#include "runtime/block_instance.h"

#include <gtest/gtest.h>

namespace rune::cli {
namespace {

namespace block = runtime::block;

Json jsonOf(const block::Value &value) {
  return std::visit([](const auto &each) { return Json(each); }, value.value);
}

Json jsonOf(const block::Dimension &dimension) {
  if (auto *size = std::get_if<0>(&dimension.value))
    return *size;
  if (auto *name = std::get_if<1>(&dimension.value))
    return *name;
  return nullptr;
}

Json jsonOf(const block::ArgumentInfo &argument) {
  constexpr const char *kinds[] = {"boolean",  "integer", "number", "text",
                                   "integers", "numbers", "texts"};
  Json json = {{"name", argument.name},
               {"docs", argument.docs},
               {"kind", kinds[static_cast<size_t>(argument.kind)]}};
  if (argument.defaultValue)
    json["default"] = jsonOf(*argument.defaultValue);
  return json;
}

Json jsonOf(const block::Port &port) {
  Json json = {
      {"name", port.name}, {"docs", port.docs}, {"dtypes", port.dtypes}};
  json["dims"] = nullptr;
  if (port.dims) {
    json["dims"] = Json::array();
    for (const block::Dimension &dimension : *port.dims)
      json["dims"].push_back(jsonOf(dimension));
  }
  return json;
}

template <class T> Json listOf(const std::vector<T> &items) {
  Json list = Json::array();
  for (const T &item : items)
    list.push_back(jsonOf(item));
  return list;
}

class LibraryInterface
    : public testing::TestWithParam<const blocks::LibraryBlock *> {};

TEST_P(LibraryInterface, IsWhatTheModuleAnswers) {
  auto engine = engine::makeInterpreter();
  auto instance = runtime::BlockInstance::load(*engine, GetParam()->wasm,
                                               {"stage", "block"}, {}, {});
  ASSERT_TRUE(instance.ok()) << renderText(instance.error());
  auto metadata = instance->metadata({});
  ASSERT_TRUE(metadata.ok()) << renderText(metadata.error());
  Json answered = {{"name", metadata->name},
                   {"version", metadata->version},
                   {"docs", metadata->docs},
                   {"arguments", listOf(metadata->arguments)},
                   {"inputs", listOf(metadata->inputs)},
                   {"outputs", listOf(metadata->outputs)}};
  // Compared as values: the order of keys is not part of the interface.
  EXPECT_EQ(nlohmann::json::parse(answered.dump()),
            nlohmann::json::parse(GetParam()->interface));
  EXPECT_EQ(GetParam()->hash, sha256(GetParam()->wasm));
}

std::vector<const blocks::LibraryBlock *> everyBlock() {
  std::vector<const blocks::LibraryBlock *> all;
  for (const blocks::LibraryBlock &block : blocks::all())
    all.push_back(&block);
  return all;
}

INSTANTIATE_TEST_SUITE_P(Blocks, LibraryInterface,
                         testing::ValuesIn(everyBlock()), [](const auto &info) {
                           std::string name(info.param->name);
                           std::ranges::replace(name, '-', '_');
                           return name;
                         });

} // namespace
} // namespace rune::cli
