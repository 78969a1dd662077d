// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Files that are no module: each with the words that the specification's test
// suite (binary.wast, binary-leb128.wast, utf8-*.wast, custom.wast) has for it.
#include "wasm/decode.h"
#include "wasm/limits.h"
#include "wasm/test_module_builder.h"

#include <gtest/gtest.h>

namespace rune::wasm {
namespace {

using namespace test;
using enum ValueType;

struct Case {
  std::string what;
  Bytes bytes;
  std::string message;
  std::string code = "wasm.malformed";
};

Diagnostic refusal(const Case &each, const Features &features) {
  auto result =
      load(each.bytes, Source::binary("case.wasm"), nullptr, features);
  return result.ok() ? error("none", "was accepted") : result.error();
}

void expectRefused(const std::vector<Case> &cases,
                   const Features &features = {}) {
  for (const Case &each : cases) {
    Diagnostic why = refusal(each, features);
    EXPECT_TRUE(why.message.starts_with(each.message))
        << each.what << ": needed `" << each.message << "`, got `"
        << why.message << "`";
    EXPECT_EQ(why.code, each.code) << each.what;
    EXPECT_TRUE(why.where) << each.what << " has no place";
  }
}

const Bytes tooLongZero = {0x80, 0x80, 0x80, 0x80, 0x80, 0x00};
const Bytes tooLarge = {0x80, 0x80, 0x80, 0x80, 0x70};

Bytes oneType() { return section(Id::Type, vec({functionType({}, {})})); }
Bytes oneFunction() { return section(Id::Function, vec({leb(0)})); }
Bytes codeOf(const Bytes &body) { return section(Id::Code, vec({body})); }

/// A module of one function with this body.
Bytes withBody(const Bytes &body) {
  return file({oneType(), oneFunction(), codeOf(body)});
}
Bytes withCode(const Code &code) { return withBody(body({}, code)); }
Bytes constant() { return Code().i32(0).end().bytes(); }

TEST(Malformed, Headers) {
  expectRefused({
      {"empty", {}, "unexpected end"},
      {"one byte", {1}, "unexpected end"},
      {"three bytes", {0, 'a', 's'}, "unexpected end"},
      {"magic only", {0, 'a', 's', 'm'}, "unexpected end"},
      {"half a version", {0, 'a', 's', 'm', 1}, "unexpected end"},
      {"text", {'a', 's', 'm', 0, 1, 0, 0, 0}, "magic header not detected"},
      {"upper case",
       {0, 'A', 'S', 'M', 1, 0, 0, 0},
       "magic header not detected"},
      {"byte order mark",
       {0xEF, 0xBB, 0xBF, 0, 'a', 's', 'm', 1},
       "magic header not detected"},
      {"version 0", {0, 'a', 's', 'm', 0, 0, 0, 0}, "unknown binary version"},
      {"version 13", {0, 'a', 's', 'm', 13, 0, 0, 0}, "unknown binary version"},
      {"big-endian version",
       {0, 'a', 's', 'm', 0, 0, 0, 1},
       "unknown binary version"},
      {"component",
       {0, 'a', 's', 'm', 13, 0, 1, 0},
       "unknown binary version: this is a component"},
  });
}

TEST(Malformed, SectionFrames) {
  expectRefused({
      {"unknown id", file({{14, 0}}), "malformed section id"},
      {"high id", file({{0x7F, 1, 0}}), "malformed section id"},
      {"id without size", file({{1}}), "unexpected end"},
      {"size beyond file", file({{1, 7, 0}}), "length out of bounds"},
      {"size too long", file({{1}, tooLongZero}),
       "integer representation too long"},
      {"size too large", file({{1}, tooLarge}), "integer too large"},
      {"bytes after types", file({section(Id::Type, {0, 0})}),
       "section size mismatch"},
      {"bytes after start", file({section(Id::Start, {0, 0})}),
       "section size mismatch"},
      {"types twice", file({oneType(), oneType()}),
       "unexpected content after last section"},
      {"imports before types", file({section(Id::Import, vec({})), oneType()}),
       "unexpected content after last section"},
      {"memory before table",
       file({section(Id::Memory, vec({})), section(Id::Table, vec({}))}),
       "unexpected content after last section"},
      {"data count after code",
       file({section(Id::Code, vec({})), section(Id::DataCount, leb(0))}),
       "unexpected content after last section"},
      {"start twice",
       file({section(Id::Start, leb(0)), section(Id::Start, leb(0))}),
       "unexpected content after last section"},
      {"custom without name", file({section(Id::Custom, {})}),
       "unexpected end"},
      {"custom name beyond section", file({section(Id::Custom, {5, 'a'})}),
       "length out of bounds"},
      {"custom name not UTF-8", file({section(Id::Custom, {1, 0x80})}),
       "malformed UTF-8 encoding"},
      {"exceptions", file({{13, 1, 0}}), "exception handling is not supported",
       "wasm.unsupported"},
  });
}

TEST(Malformed, Types) {
  expectRefused({
      {"no count", file({section(Id::Type, {})}), "unexpected end"},
      {"count beyond section", file({section(Id::Type, {2, 0x60})}),
       "length out of bounds"},
      {"count too long", file({section(Id::Type, tooLongZero)}),
       "integer representation too long"},
      {"half a type", file({section(Id::Type, {1, 0x60})}), "unexpected end"},
      {"form", file({section(Id::Type, {1, 0x40, 0, 0})}),
       "malformed function type"},
      {"form 0", file({section(Id::Type, {1, 0x00, 0, 0})}),
       "malformed function type"},
      {"parameter type", file({section(Id::Type, {1, 0x60, 1, 0x7A, 0})}),
       "malformed value type"},
      {"result type", file({section(Id::Type, {1, 0x60, 0, 1, 0x40})}),
       "malformed value type"},
      {"missing results", file({section(Id::Type, {1, 0x60, 1, 0x7F})}),
       "unexpected end"},
      {"struct type", file({section(Id::Type, {1, 0x5F, 0})}),
       "garbage collection is not supported", "wasm.unsupported"},
      {"recursion group", file({section(Id::Type, {1, 0x4E, 0})}),
       "garbage collection is not supported", "wasm.unsupported"},
      {"typed reference", file({section(Id::Type, {1, 0x60, 1, 0x64, 0})}),
       "typed function references are not supported", "wasm.unsupported"},
      {"exception reference", file({section(Id::Type, {1, 0x60, 1, 0x69, 0})}),
       "exception handling is not supported", "wasm.unsupported"},
  });
}

Bytes importOf(const Bytes &description) {
  return file(
      {oneType(),
       section(Id::Import, vec({cat({text("m"), text("f"), description})}))});
}

TEST(Malformed, ImportsAndExports) {
  expectRefused({
      {"kind 5", importOf({5, 0}), "malformed import kind"},
      {"kind 128", importOf({0x80, 0}), "malformed import kind"},
      {"tag", importOf({4, 0, 0}), "exception handling is not supported",
       "wasm.unsupported"},
      {"no kind", importOf({}), "unexpected end"},
      {"no type", importOf({0}), "unexpected end"},
      {"module name", file({section(Id::Import, {1, 1, 0xC0, 0, 0, 0})}),
       "malformed UTF-8 encoding"},
      {"name beyond", file({section(Id::Import, {1, 1, 'm', 9, 'f', 0, 0})}),
       "length out of bounds"},
      {"count short", file({section(Id::Import, {2, 0, 0, 0, 0})}),
       "unexpected end"},
      {"table type", importOf({1, 0x7F, 0, 0}), "malformed reference type"},
      {"global mutability", importOf({3, 0x7F, 2}), "malformed mutability"},
      {"global type", importOf({3, 0x01, 0}), "malformed value type"},
      {"export kind", file({section(Id::Export, {1, 1, 'e', 9, 0})}),
       "malformed export kind"},
      {"export name", file({section(Id::Export, {1, 1, 0xF8, 0, 0})}),
       "malformed UTF-8 encoding"},
      {"export index missing", file({section(Id::Export, {1, 1, 'e', 0})}),
       "unexpected end"},
      {"export index too long",
       file({section(Id::Export, cat({{1, 1, 'e', 0}, tooLongZero}))}),
       "integer representation too long"},
  });
}

Bytes memoryOf(const Bytes &limits) {
  return file({section(Id::Memory, vec({limits}))});
}
Bytes tableOf(const Bytes &type) {
  return file({section(Id::Table, vec({type}))});
}

TEST(Malformed, TablesAndMemories) {
  expectRefused({
      {"memory flags", memoryOf({0x10, 0}), "malformed limits flags"},
      {"memory flags high", memoryOf({0x81, 0, 0}), "malformed limits flags"},
      {"shared memory", memoryOf({3, 1, 1}), "threads are not supported",
       "wasm.unsupported"},
      {"shared 64-bit memory", memoryOf({7, 1, 1}), "threads are not supported",
       "wasm.unsupported"},
      {"shared without maximum", memoryOf({2, 1}), "malformed limits flags"},
      {"page of 3", memoryOf({8, 1, 3}), "invalid custom page size",
       "wasm.invalid"},
      {"page of 2^65", memoryOf({8, 1, 65}), "invalid custom page size",
       "wasm.invalid"},
      {"no page size", memoryOf({8, 1}), "unexpected end"},
      {"table with page size", tableOf({0x70, 8, 1, 0}),
       "malformed limits flags"},
      {"no minimum", memoryOf({0}), "unexpected end"},
      {"no maximum", memoryOf({1, 0}), "unexpected end"},
      {"minimum too long", memoryOf(cat({{0}, Bytes(10, 0x80), {0}})),
       "integer representation too long"},
      {"maximum too large", memoryOf(cat({{1, 0}, Bytes(9, 0x80), {2}})),
       "integer too large"},
      {"table of numbers", tableOf({0x7F, 0, 0}), "malformed reference type"},
      {"table flags", tableOf({0x70, 0x20, 0}), "malformed limits flags"},
      {"table with form 1", tableOf({0x40, 1, 0x70, 0, 0}),
       "zero byte expected"},
      {"table without value", tableOf({0x40, 0, 0x70, 0, 0}), "unexpected end"},
      {"table of typed references", tableOf({0x63, 0, 0, 0}),
       "typed function references are not supported", "wasm.unsupported"},
  });
}

TEST(Malformed, Globals) {
  auto of = [](const Bytes &global) {
    return file({section(Id::Global, vec({global}))});
  };
  expectRefused({
      {"mutability 2", of(cat({{0x7F, 2}, constant()})),
       "malformed mutability"},
      {"mutability 255", of(cat({{0x7F, 0xFF}, constant()})),
       "malformed mutability"},
      {"no value", of({0x7F, 0}), "unexpected end"},
      {"no end", of({0x7F, 0, 0x41, 0}), "unexpected end"},
      {"type", of(cat({{0x20, 0}, constant()})), "malformed value type"},
      {"opcode in value", of({0x7F, 0, 0xFF, 0x0B}), "illegal opcode ff"},
  });
}

TEST(Malformed, FunctionsAndCode) {
  expectRefused({
      {"function without code", file({oneType(), oneFunction()}),
       "function and code section have inconsistent lengths"},
      {"code without function", file({codeOf(body({}, Code().end()))}),
       "function and code section have inconsistent lengths"},
      {"two functions, one body",
       file({oneType(), section(Id::Function, vec({leb(0), leb(0)})),
             codeOf(body({}, Code().end()))}),
       "function and code section have inconsistent lengths"},
      {"body beyond section",
       file({oneType(), oneFunction(), section(Id::Code, {1, 9, 0, 0x0B})}),
       "length out of bounds"},
      {"empty body", withBody(sized({})), "unexpected end"},
      {"no end", withBody(sized({0})), "unexpected end"},
      {"no end after code", withBody(sized({0, 0x01})),
       "unexpected end of section or function in function 0"},
      {"bytes after end", withBody(sized({0, 0x0B, 0x0B})),
       "section size mismatch"},
      {"open block", withCode(Code().block(Opcode::Block).end()),
       "unexpected end"},
      {"2^32 locals",
       withBody(body({{UINT32_MAX, I32}, {1, I32}}, Code().end())),
       "too many locals"},
      {"2^32 - 1 locals", withBody(body({{UINT32_MAX, I32}}, Code().end())),
       "too many locals: 4294967295, at most 50000", "wasm.limit"},
      {"too many locals of two types",
       withBody(body({{40000, I32}, {10001, F64}}, Code().end())),
       "too many locals", "wasm.limit"},
      {"local type", withBody(sized({1, 1, 0x40, 0x0B})),
       "malformed value type"},
      {"runs beyond body", withBody(sized({9, 1, 0x7F, 0x0B})),
       "length out of bounds"},
  });
}

TEST(Malformed, Opcodes) {
  auto of = [](const Bytes &code) { return withCode(Code().add(code).end()); };
  expectRefused({
      {"ff", of({0xFF}), "illegal opcode ff"},
      {"16", of({0x16}), "illegal opcode 16"},
      {"1d", of({0x1D}), "illegal opcode 1d"},
      {"27", of({0x27}), "illegal opcode 27"},
      {"c5", of({0xC5}), "illegal opcode c5"},
      {"fc 12", of({0xFC, 0x12}), "illegal opcode fc 12"},
      {"fc 20", of({0xFC, 0x20}), "illegal opcode fc 20"},
      {"fc beyond a byte", of({0xFC, 0x80, 0x02}), "illegal opcode fc 80 02"},
      {"fc without number", withBody(sized({0, 0xFC})), "unexpected end"},
      {"else alone", of({0x05}), "illegal opcode 05"},
      {"else twice",
       of(Code()
              .i32(1)
              .block(Opcode::If)
              .op(Opcode::Else)
              .op(Opcode::Else)
              .end()
              .bytes()),
       "illegal opcode 05"},
      {"fd 9a", of({0xFD, 0x9A, 0x01}), "illegal opcode fd 9a 01"},
      {"fd a2", of({0xFD, 0xA2, 0x01}), "illegal opcode fd a2 01"},
      {"fd 114", of({0xFD, 0x94, 0x02}), "illegal opcode fd 94 02"},
      {"fd huge", of({0xFD, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F}), "illegal opcode"},
      {"fd too long", of({0xFD, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00}),
       "integer representation too long"},
      {"v128.const cut", withBody(sized({0, 0xFD, 0x0C, 0, 0})),
       "unexpected end"},
      {"atomics", of({0xFE, 0x03, 0}), "threads are not supported",
       "wasm.unsupported"},
      {"garbage collection", of({0xFB, 0x00}),
       "garbage collection is not supported", "wasm.unsupported"},
      {"call_ref", of({0x14, 0}), "typed function references are not supported",
       "wasm.unsupported"},
      {"try", of({0x06, 0x40}), "exception handling is not supported",
       "wasm.unsupported"},
      {"try_table", of({0x1F, 0x40}), "exception handling is not supported",
       "wasm.unsupported"},
      {"ref.as_non_null", of({0xD4}),
       "typed function references are not supported", "wasm.unsupported"},
  });
}

TEST(Malformed, Immediates) {
  auto of = [](const Bytes &code) { return withBody(sized(cat({{0}, code}))); };
  expectRefused({
      {"i32.const too long", of({0x41, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00}),
       "integer representation too long"},
      {"i32.const too large", of({0x41, 0x80, 0x80, 0x80, 0x80, 0x70, 0x1A}),
       "integer too large"},
      {"i64.const too large",
       of({0x42, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x7E}),
       "integer too large"},
      {"i32.const cut", of({0x41}), "unexpected end"},
      {"f32.const cut", of({0x43, 0, 0, 0}), "unexpected end"},
      {"f64.const cut", of({0x44, 0, 0, 0, 0, 0, 0, 0}), "unexpected end"},
      {"local index too long",
       of({0x20, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00, 0x1A, 0x0B}),
       "integer representation too long"},
      {"block type", of({0x02, 0x41, 0x0B, 0x0B}), "malformed value type"},
      {"block type negative", of({0x02, 0x80, 0x7F, 0x0B, 0x0B}),
       "malformed block type"},
      {"branch table beyond body", of({0x0E, 0x7F, 0}), "length out of bounds"},
      {"branch table cut", of({0x0E, 0x01, 0}), "unexpected end"},
      {"memory flags", of({0x28, 0x80, 0x01, 0}), "malformed memop flags"},
      {"offset too large",
       of({0x28, 2, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 2}),
       "integer too large"},
      {"ref.null of i32", of({0xD0, 0x7F}), "malformed reference type"},
      {"select of bad type", of({0x1C, 1, 0x40}), "malformed value type"},
  });
}

/// What came after core 2.0 reads as core 2.0 has it where it is off.
TEST(Malformed, UnderCore2) {
  auto of = [](const Bytes &code) { return withBody(sized(cat({{0}, code}))); };
  expectRefused(
      {
          {"memory.size of 1", of({0x3F, 0x01, 0x1A, 0x0B}),
           "zero byte expected"},
          {"memory.grow of 128", of({0x41, 0, 0x40, 0x80, 0, 0x1A, 0x0B}),
           "zero byte expected"},
          {"memory.copy to 1", of({0xFC, 0x0A, 1, 0}), "zero byte expected"},
          {"memory.copy from 1", of({0xFC, 0x0A, 0, 1}), "zero byte expected"},
          {"memory.fill of 1", of({0xFC, 0x0B, 1}), "zero byte expected"},
          {"memory.init of 1", of({0xFC, 0x08, 0, 1}), "zero byte expected"},
          {"alignment 2^32", of({0x28, 0x20, 0}), "malformed memop flags"},
          {"memory index", of({0x28, 0x42, 0, 0}), "malformed memop flags"},
          {"offset too large", of({0x28, 2, 0xFF, 0xFF, 0xFF, 0xFF, 0x1F}),
           "integer too large"},
          {"return_call", of({0x12, 0}), "illegal opcode 12"},
          {"relaxed vectors", of({0xFD, 0x80, 0x02}), "illegal opcode fd 80"},
          {"atomics", of({0xFE, 0x03, 0}), "illegal opcode fe"},
          {"call_ref", of({0x14, 0}), "illegal opcode 14"},
          {"tags", file({{13, 1, 0}}), "malformed section id"},
          {"tag import", importOf({4, 0, 0}), "malformed import kind"},
          {"shared memory", memoryOf({3, 1, 1}), "malformed limits flags"},
          {"memory64", memoryOf({4, 1}), "malformed limits flags"},
          {"page size", memoryOf({8, 1, 0}), "malformed limits flags"},
          {"table64", tableOf({0x70, 4, 1}), "malformed limits flags"},
          {"table with value", tableOf({0x40, 0, 0x70, 0, 0}),
           "malformed reference type"},
          {"minimum too long", memoryOf(cat({{0}, tooLongZero})),
           "integer representation too long"},
          {"maximum too large", memoryOf(cat({{1, 0}, tooLarge})),
           "integer too large"},
          {"typed reference", file({section(Id::Type, {1, 0x60, 1, 0x64, 0})}),
           "malformed value type"},
          {"struct type", file({section(Id::Type, {1, 0x5F, 0})}),
           "malformed function type"},
      },
      Features::core2());
}

/// A body that cannot be read outweighs one that is invalid.
TEST(Malformed, BeforeInvalid) {
  Bytes both = vec({body({}, Code().op(Opcode::Drop).end()),
                    body({}, Code().add({0xFF}).end())});
  expectRefused({{"second body",
                  file({oneType(), section(Id::Function, vec({leb(0), leb(0)})),
                        section(Id::Code, both)}),
                  "illegal opcode ff in function 1"}});
}

TEST(Malformed, Segments) {
  auto elements = [](const Bytes &segment) {
    return file({section(Id::Element, vec({segment}))});
  };
  auto data = [](const Bytes &segment) {
    return file({section(Id::Data, vec({segment}))});
  };
  ModuleBuilder initWithoutCount;
  Code init = Code().i32(0).i32(0).i32(0).op(Opcode::MemoryInit, 0, 0).end();
  initWithoutCount.function(initWithoutCount.type({}, {}), init);
  initWithoutCount.memory(1).passiveData("x");
  expectRefused({
      {"element flags 8", elements({8}), "malformed elements segment kind"},
      {"element kind", elements({1, 1, 0}), "malformed element kind"},
      {"element type", elements({5, 0x7F, 0}), "malformed reference type"},
      {"element offset cut", elements({0, 0x41, 0}), "unexpected end"},
      {"elements beyond", elements({1, 0, 9, 0}), "length out of bounds"},
      {"element index cut", elements({1, 0, 1, 0x80}), "unexpected end"},
      {"data flags 3", data({3}), "malformed data segment kind"},
      {"data beyond", data({1, 9, 'a'}), "length out of bounds"},
      {"data size cut", data({1}), "unexpected end"},
      {"data offset cut", data({0, 0x41}), "unexpected end"},
      {"data count without data", file({section(Id::DataCount, leb(1))}),
       "data count and data section have inconsistent lengths"},
      {"data count of less",
       file({section(Id::DataCount, leb(0)), section(Id::Data, vec({{1, 0}}))}),
       "data count and data section have inconsistent lengths"},
      {"memory.init without count", initWithoutCount.bytes(),
       "data count section required in function 0"},
      {"data.drop without count",
       withCode(Code().op(Opcode::DataDrop, 0).end()),
       "data count section required"},
  });
}

TEST(Malformed, LimitsAreNamed) {
  std::string longName(limits::nameBytes + 1, 'n');
  std::initializer_list<ValueType> none;
  Bytes manyParameters = cat({{0x60},
                              leb(limits::parameters + 1),
                              Bytes(limits::parameters + 1, 0x7F),
                              typeList(none)});
  Code deep;
  for (uint32_t i = 0; i <= limits::nesting; ++i)
    deep.block(Opcode::Block);
  Code high;
  for (uint32_t i = 0; i <= limits::operands; ++i)
    high.i32(0);
  Bytes branches(limits::branchTargets + 2, 0);
  Code wide = Code().i32(0).op(Opcode::BrTable, limits::branchTargets + 1);
  wide.add(branches).end();
  expectRefused({
      {"name", file({section(Id::Custom, text(longName))}), "name of 100001",
       "wasm.limit"},
      {"parameters", file({section(Id::Type, vec({manyParameters}))}),
       "1001 parameters", "wasm.limit"},
      {"types",
       file({section(Id::Type, cat({leb(limits::types + 1),
                                    Bytes(limits::types + 1, 0x60)}))}),
       "100001 types", "wasm.limit"},
      {"nesting", withCode(deep), "blocks nested more than", "wasm.limit"},
      {"operands", withCode(high), "more than 65536 operands", "wasm.limit"},
      {"branch targets", withCode(wide), "65521 branch targets", "wasm.limit"},
      {"body", withCode(Code().add(Bytes(limits::bodyBytes, 0x01)).end()),
       "function body of", "wasm.limit"},
  });
}

TEST(Malformed, EveryTruncationIsRefused) {
  ModuleBuilder module;
  uint32_t type = module.type({I32, I32}, {I32});
  module.importFunction("env", "f", type);
  uint32_t add = module.function(
      type, Code().get(0).get(1).op(Opcode::I32Add).end(), {{2, F64}});
  module.table(FuncRef, 2, 4);
  module.memory(1, 2).exported("add", add).activeElements(0, {add});
  module.activeData(8, "hello");
  const Bytes whole = module.bytes();
  ASSERT_TRUE(load(whole, nullptr).ok());
  size_t accepted = 0;
  for (size_t size = 0; size < whole.size(); ++size)
    accepted += load(ByteSpan(whole).first(size), nullptr).ok();
  // A cut behind a section leaves a module where nothing later is needed: the
  // bare header, then behind types and imports, and behind code (no data).
  EXPECT_EQ(accepted, 4u);
}

} // namespace
} // namespace rune::wasm
