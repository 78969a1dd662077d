// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "wasm/decode.h"
#include "wasm/function_names.h"
#include "wasm/test_module_builder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace rune::wasm {
namespace {

using namespace test;
using testing::ElementsAre;

/// One import, then three functions of which the second is exported; with this
/// payload as section `name`.
std::vector<std::string> namesWith(const Bytes &payload) {
  ModuleBuilder builder;
  uint32_t type = builder.type({}, {});
  builder.importFunction("env", "tick", type);
  builder.function(type, Code().end());
  builder.exported("go", builder.function(type, Code().end()));
  builder.function(type, Code().end());
  Bytes bytes = builder.bytes();
  Bytes section = cat({text("name"), payload});
  bytes.push_back(0);
  bytes = cat({bytes, sized(section)});
  auto module = load(bytes, Source::binary("m.wasm"));
  EXPECT_TRUE(module.ok());
  return module ? functionNames(**module) : std::vector<std::string>();
}

Bytes subsection(uint8_t id, const Bytes &content) {
  return cat({byte(id), sized(content)});
}
Bytes named(uint32_t index, std::string_view name) {
  return cat({leb(index), text(name)});
}

TEST(FunctionNames, ComeFromTheNameSection) {
  EXPECT_THAT(
      namesWith(cat({subsection(0, text("the module")),
                     subsection(1, vec({named(1, "first"), named(3, "a\nb"),
                                        named(99, "nobody")}))})),
      ElementsAre("env.tick", "first", "go", "a?b"));
}

TEST(FunctionNames, ComeFromImportsAndExportsWithoutOne) {
  EXPECT_THAT(namesWith({}),
              ElementsAre("env.tick", "wasm[1]", "go", "wasm[3]"));
}

TEST(FunctionNames, AMalformedSectionCountsAsFarAsItGoes) {
  Bytes whole = subsection(1, vec({named(1, "first"), named(3, "third")}));
  Bytes torn(whole.begin(), whole.end() - 4);
  EXPECT_THAT(namesWith(torn),
              ElementsAre("env.tick", "wasm[1]", "go", "wasm[3]"));
  torn =
      cat({byte(1), sized(cat({leb(2), named(1, "first"), leb(3), leb(90)}))});
  EXPECT_THAT(namesWith(torn),
              ElementsAre("env.tick", "first", "go", "wasm[3]"));
}

TEST(FunctionNames, AreNeverLong) {
  auto names =
      namesWith(subsection(1, vec({named(1, std::string(5000, 'x'))})));
  EXPECT_EQ(names[1], std::string(200, 'x'));
}

} // namespace
} // namespace rune::wasm
