// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "wasm/decode.h"

#include "wasm/test_module_builder.h"

#include <gtest/gtest.h>

namespace rune::wasm {
namespace {

using namespace test;
using enum ValueType;

Module decoded(const Bytes &bytes) {
  auto result = load(bytes, Source::binary("good.wasm"));
  EXPECT_TRUE(result.ok()) << (result.ok() ? "" : result.error().message);
  return result.ok() ? **result : Module{};
}

TEST(Decode, TheEmptyModule) {
  Bytes bytes = header();
  Module module = decoded(bytes);
  EXPECT_TRUE(module.types.empty());
  EXPECT_FALSE(module.start.has_value());
  EXPECT_EQ(module.bytes.data(), bytes.data());
}

TEST(Decode, Types) {
  ModuleBuilder builder;
  builder.type({I32, I64, F32, F64, FuncRef, ExternRef}, {});
  builder.type({}, {I32, F64});
  Bytes bytes = builder.bytes();
  Module module = decoded(bytes);
  ASSERT_EQ(module.types.size(), 2u);
  EXPECT_EQ(module.types[0].str(),
            "(i32, i64, f32, f64, funcref, externref) -> ()");
  EXPECT_EQ(module.types[1].str(), "() -> (i32, f64)");
}

TEST(Decode, ImportsOfEveryKindComeFirstInTheirSpaces) {
  ModuleBuilder builder;
  builder.type({I32}, {});
  builder.importFunction("env", "log", 0);
  builder.import(
      cat({text("env"), text("t"), byte(1), byte(FuncRef), sizeLimits(1, 2)}));
  builder.import(cat({text("env"), text("m"), byte(2), sizeLimits(3)}));
  builder.import(cat({text("env"), text("g"), byte(3), byte(F64), byte(0)}));
  builder.function(0, Code().end());
  builder.table(ExternRef, 5);
  builder.global(I64, true, Code().i64(1).end());
  Bytes bytes = builder.bytes();
  Module module = decoded(bytes);
  ASSERT_EQ(module.imports.size(), 4u);
  EXPECT_EQ(module.imports[0].module, "env");
  EXPECT_EQ(module.imports[0].name, "log");
  EXPECT_EQ(module.imports[3].kind, ExternKind::Global);
  EXPECT_EQ(module.importedFunctions, 1u);
  EXPECT_EQ(module.functions.size(), 2u);
  EXPECT_TRUE(module.isImported(0));
  EXPECT_FALSE(module.isImported(1));
  ASSERT_EQ(module.tables.size(), 2u);
  EXPECT_EQ(module.tables[0].type.elements.maximum, 2u);
  EXPECT_EQ(module.tables[1].type.element, ExternRef);
  EXPECT_FALSE(module.tables[1].type.elements.maximum.has_value());
  EXPECT_EQ(module.memories[0].pages.minimum, 3u);
  ASSERT_EQ(module.globals.size(), 2u);
  EXPECT_EQ(module.globals[0].type, (GlobalType{F64, false}));
  EXPECT_EQ(module.globals[1].type, (GlobalType{I64, true}));
}

TEST(Decode, FunctionsExportsAndStart) {
  ModuleBuilder builder;
  builder.type({}, {});
  uint32_t function = builder.function(0, Code().op(Opcode::Nop).end(),
                                       {{2, I32}, {0, I64}, {3, F32}});
  builder.exported("run", function).start(function);
  Bytes bytes = builder.bytes();
  Module module = decoded(bytes);
  EXPECT_EQ(module.start, function);
  ASSERT_NE(module.findExport(ExternKind::Function, "run"), nullptr);
  EXPECT_EQ(module.findExport(ExternKind::Memory, "run"), nullptr);
  EXPECT_EQ(module.findExport(ExternKind::Function, "walk"), nullptr);
  const FunctionBody &body = module.body(function);
  ASSERT_EQ(body.locals.size(), 2u) << "runs of no locals are left out";
  EXPECT_EQ(body.locals[1].count, 3u);
  EXPECT_EQ(body.code.size(), 2u);
  EXPECT_EQ(body.code.data(), bytes.data() + body.offset);
}

TEST(Decode, ElementSegmentsOfEveryForm) {
  Bytes zero = Code().i32(0).end().bytes();
  Bytes null = Code().refNull(FuncRef).end().bytes();
  Bytes items = vec({leb(0), leb(0)});
  Bytes nulls = vec({null, null, null});
  ModuleBuilder builder;
  builder.type({}, {});
  builder.function(0, Code().end());
  builder.table(FuncRef, 9);
  builder.table(FuncRef, 9);
  builder.element(cat({leb(0), zero, items}))
      .element(cat({leb(1), byte(0), items}))
      .element(cat({leb(2), leb(1), zero, byte(0), items}))
      .element(cat({leb(3), byte(0), items}))
      .element(cat({leb(4), zero, nulls}))
      .element(cat({leb(5), byte(FuncRef), nulls}))
      .element(cat({leb(6), leb(1), zero, byte(FuncRef), nulls}))
      .element(cat({leb(7), byte(ExternRef), vec({})}));
  Bytes bytes = builder.bytes();
  Module module = decoded(bytes);
  ASSERT_EQ(module.elements.size(), 8u);
  using enum SegmentMode;
  const SegmentMode modes[] = {Active, Passive, Active, Declarative,
                               Active, Passive, Active, Declarative};
  const uint32_t tables[] = {0, 0, 1, 0, 0, 0, 1, 0};
  const size_t sizes[] = {2, 2, 2, 2, 3, 3, 3, 0};
  for (size_t i = 0; i < 8; ++i) {
    EXPECT_EQ(module.elements[i].mode, modes[i]) << i;
    EXPECT_EQ(module.elements[i].table, tables[i]) << i;
    EXPECT_EQ(module.elements[i].size(), sizes[i]) << i;
  }
  EXPECT_EQ(module.elements[7].type, ExternRef);
}

TEST(Decode, DataSegmentsOfEveryForm) {
  Bytes zero = Code().i32(0).end().bytes();
  ModuleBuilder builder;
  builder.memory(1)
      .activeData(4, "abc")
      .passiveData("de")
      .data(cat({leb(2), leb(0), zero, text("")}))
      .countData();
  Bytes bytes = builder.bytes();
  Module module = decoded(bytes);
  ASSERT_EQ(module.data.size(), 3u);
  EXPECT_EQ(module.dataCount, 3u);
  EXPECT_EQ(asText(module.data[0].bytes), "abc");
  EXPECT_EQ(module.data[1].mode, SegmentMode::Passive);
  EXPECT_EQ(module.data[2].mode, SegmentMode::Active);
}

TEST(Decode, CustomSectionsAnywhereWithTheirPlace) {
  Bytes first = section(Id::Custom, cat({text("name"), {1, 2, 3}}));
  Bytes second = section(Id::Custom, text(""));
  Bytes bytes = file({first, section(Id::Type, vec({})), second, second});
  Module module = decoded(bytes);
  ASSERT_EQ(module.customSections.size(), 3u);
  const CustomSection *name = module.findCustomSection("name");
  ASSERT_NE(name, nullptr);
  EXPECT_EQ(Bytes(name->payload.begin(), name->payload.end()),
            (Bytes{1, 2, 3}));
  EXPECT_EQ(name->payload.data(), bytes.data() + name->offset);
  EXPECT_EQ(module.findCustomSection("none"), nullptr);
}

TEST(Decode, KeepsItsBytesAlive) {
  auto bytes = std::make_shared<Bytes>(header());
  auto module = load(*bytes, nullptr, bytes).value();
  EXPECT_EQ(bytes.use_count(), 2);
  module.reset();
  EXPECT_EQ(bytes.use_count(), 1);
}

TEST(Decode, EveryOpcodeIsInTheTableOnce) {
  // 5.4.1 to 5.4.7: 172 opcodes of one byte in core 1.0, 5 of sign extension,
  // 3 + 2 + 1 of references, tables and select, 2 tail calls; 18 behind 0xfc;
  // 236 vector and 20 relaxed vector instructions behind 0xfd.
  auto count = [](uint32_t first, uint32_t end) {
    size_t found = 0;
    for (uint32_t code = first; code < end; ++code)
      found += opcodeInfo(code) != nullptr;
    return found;
  };
  EXPECT_EQ(count(0, 256), 172u + 5 + 3 + 2 + 1 + 2);
  EXPECT_EQ(count(0xFC000, 0xFC020), 18u);
  EXPECT_EQ(count(0xFD000, 0xFD100), 236u);
  EXPECT_EQ(count(0xFD100, 0xFD120), 20u);
  EXPECT_EQ(opcodeInfo(0xFD120), nullptr);
  EXPECT_EQ(opcodeInfo(0xFFFFFFFF), nullptr);
}

} // namespace
} // namespace rune::wasm
