// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Modules that are well formed but break a typing rule (core 2.0, section 3);
// expected words are those of the specification's test suite.
#include "wasm/validate.h"

#include "wasm/decode.h"
#include "wasm/test_module_builder.h"

#include <gtest/gtest.h>

namespace rune::wasm {
namespace {

using namespace test;
using enum ValueType;

/// A module with one of everything, so that a body can be wrong in one way:
/// types 0 ()→(), 1 (i32)→(i32), 2 (f32 f64)→(), 3 ()→(i32 i64); functions 0
/// (type 1), 1 (type 0, undeclared), 2 (under test); tables 0 of funcref, 1 of
/// externref; globals 0 mutable i32, 1 immutable i64; one memory; a passive
/// data and element segment each, the latter of externref.
struct World {
  ModuleBuilder module;

  explicit World(std::initializer_list<ValueType> results = {}) {
    module.type({}, {});
    module.type({I32}, {I32});
    module.type({F32, F64}, {});
    module.type({}, {I32, I64});
    tested = module.type({I32, I64, F32, F64, FuncRef, ExternRef}, results);
    module.function(1, Code().get(0).end());
    module.function(0, Code().end());
    module.table(FuncRef, 1);
    module.table(ExternRef, 1);
    module.global(I32, true, Code().i32(0).end());
    module.global(I64, false, Code().i64(0).end());
    module.memory(1);
    module.passiveData("data").countData();
    module.element(cat({leb(5), byte(ExternRef), vec({})}));
    module.exported("f", 0);
  }
  Result<std::shared_ptr<const Module>> loadWith(const Code &code) {
    module.function(tested, code);
    bytes = module.bytes();
    return load(bytes, Source::binary("world.wasm"));
  }

  uint32_t tested;
  Bytes bytes;
};

struct BodyCase {
  std::string what;
  Code code;
  std::string message;
};

void expectInvalid(const std::vector<BodyCase> &cases,
                   std::initializer_list<ValueType> results = {}) {
  for (const BodyCase &each : cases) {
    World world(results);
    auto result = world.loadWith(Code(each.code).end());
    ASSERT_FALSE(result.ok()) << each.what << " was accepted";
    const Diagnostic &why = result.error();
    EXPECT_TRUE(why.message.starts_with(each.message + " in function 2") ||
                why.message.starts_with(each.message))
        << each.what << ": needed `" << each.message << "`, got `"
        << why.message << "`";
    EXPECT_NE(why.message.find("in function 2"), std::string::npos)
        << why.message;
    EXPECT_EQ(why.code, "wasm.invalid") << each.what;
    EXPECT_GT(why.where.span.begin, 8u) << each.what;
  }
}

void expectValid(const std::vector<std::pair<std::string, Code>> &cases,
                 std::initializer_list<ValueType> results = {}) {
  for (const auto &[what, code] : cases) {
    World world(results);
    auto result = world.loadWith(Code(code).end());
    EXPECT_TRUE(result.ok())
        << what << ": " << (result.ok() ? "" : result.error().message);
  }
}

TEST(Validate, OperandsMustHaveTheirType) {
  expectInvalid({
      {"nothing to add", Code().op(Opcode::I32Add), "type mismatch"},
      {"one to add", Code().get(0).op(Opcode::I32Add), "type mismatch"},
      {"i32 + i64", Code().get(0).get(1).op(Opcode::I32Add).op(Opcode::Drop),
       "type mismatch"},
      {"clz of f32", Code().get(2).op(Opcode::I32Clz).op(Opcode::Drop),
       "type mismatch"},
      {"sqrt of f32 as f64", Code().get(2).op(Opcode::F64Sqrt).op(Opcode::Drop),
       "type mismatch"},
      {"eqz of i64", Code().get(1).op(Opcode::I32Eqz).op(Opcode::Drop),
       "type mismatch"},
      {"wrap of i32", Code().get(0).op(Opcode::I32WrapI64).op(Opcode::Drop),
       "type mismatch"},
      {"trunc_sat of f64",
       Code().get(3).op(Opcode::I32TruncSatF32S).op(Opcode::Drop),
       "type mismatch"},
      {"drop of nothing", Code().op(Opcode::Drop), "type mismatch"},
      {"result left", Code().get(0), "type mismatch"},
      {"two left", Code().get(0).get(1), "type mismatch"},
      {"f32 into i32 local", Code().get(2).set(0), "type mismatch"},
      {"tee of f64", Code().get(3).op(Opcode::LocalTee, 0).op(Opcode::Drop),
       "type mismatch"},
      {"i64 into i32 global", Code().get(1).op(Opcode::GlobalSet, 0),
       "type mismatch"},
      {"is_null of i32", Code().get(0).op(Opcode::RefIsNull).op(Opcode::Drop),
       "type mismatch"},
      {"eq of funcref", Code().get(4).get(4).op(Opcode::I32Eq).op(Opcode::Drop),
       "type mismatch"},
  });
}

TEST(Validate, MemoryAccessesAreTyped) {
  auto load = [](Opcode opcode, uint32_t alignment) {
    return Code().get(0).op(opcode, alignment, 0u).op(Opcode::Drop);
  };
  std::string alignment = "alignment must not be larger than natural";
  expectInvalid({
      {"i32.load at 8", load(Opcode::I32Load, 3), alignment},
      {"i64.load at 16", load(Opcode::I64Load, 4), alignment},
      {"f32.load at 8", load(Opcode::F32Load, 3), alignment},
      {"f64.load at 16", load(Opcode::F64Load, 4), alignment},
      {"load8_s at 2", load(Opcode::I32Load8S, 1), alignment},
      {"load8_u at 2", load(Opcode::I64Load8U, 1), alignment},
      {"load16_s at 4", load(Opcode::I32Load16S, 2), alignment},
      {"load32_u at 8", load(Opcode::I64Load32U, 3), alignment},
      {"load at 2^31", load(Opcode::I32Load, 31), alignment},
      {"i32.store at 8", Code().get(0).get(0).op(Opcode::I32Store, 3, 0),
       alignment},
      {"i64.store8 at 2", Code().get(0).get(1).op(Opcode::I64Store8, 1, 0),
       alignment},
      {"address i64", Code().get(1).op(Opcode::I32Load, 2, 0).op(Opcode::Drop),
       "type mismatch"},
      {"store of f32 as i32", Code().get(0).get(2).op(Opcode::I32Store, 2, 0),
       "type mismatch"},
      {"store without value", Code().get(0).op(Opcode::I32Store, 2, 0),
       "type mismatch"},
      {"grow by i64", Code().get(1).op(Opcode::MemoryGrow, 0).op(Opcode::Drop),
       "type mismatch"},
      {"size left", Code().op(Opcode::MemorySize, 0), "type mismatch"},
      {"fill by two", Code().get(0).get(0).op(Opcode::MemoryFill, 0),
       "type mismatch"},
      {"copy of i64", Code().get(0).get(0).get(1).op(Opcode::MemoryCopy, 0, 0),
       "type mismatch"},
      {"init of no segment",
       Code().get(0).get(0).get(0).op(Opcode::MemoryInit, 1, 0),
       "unknown data segment 1"},
      {"drop of no segment", Code().op(Opcode::DataDrop, 4),
       "unknown data segment 4"},
  });
}

TEST(Validate, IndicesMustExist) {
  expectInvalid({
      {"local", Code().get(6).op(Opcode::Drop), "unknown local 6"},
      {"local huge", Code().get(UINT32_MAX).op(Opcode::Drop),
       "unknown local 4294967295"},
      {"local.set", Code().get(0).set(6), "unknown local 6"},
      {"local.tee", Code().get(0).op(Opcode::LocalTee, 9), "unknown local 9"},
      {"global.get", Code().op(Opcode::GlobalGet, 2), "unknown global 2"},
      {"global.set", Code().get(0).op(Opcode::GlobalSet, 7),
       "unknown global 7"},
      {"global immutable", Code().get(1).op(Opcode::GlobalSet, 1),
       "global is immutable"},
      {"call", Code().op(Opcode::Call, 3), "unknown function 3"},
      {"call_indirect type", Code().get(0).op(Opcode::CallIndirect, 9, 0),
       "unknown type 9"},
      {"call_indirect table", Code().get(0).op(Opcode::CallIndirect, 0, 2),
       "unknown table 2"},
      {"ref.func", Code().op(Opcode::RefFunc, 9).op(Opcode::Drop),
       "unknown function 9"},
      {"ref.func undeclared", Code().op(Opcode::RefFunc, 1).op(Opcode::Drop),
       "undeclared function reference"},
      {"br", Code().op(Opcode::Br, 1), "unknown label 1"},
      {"br_if", Code().get(0).op(Opcode::BrIf, 7), "unknown label 7"},
      {"br_table", Code().get(0).brTable({0, 5}, 0), "unknown label 5"},
      {"br_table default", Code().get(0).brTable({0}, 0x10000000),
       "unknown label 268435456"},
      {"block type", Code().block(Opcode::Block, 44u).end(), "unknown type 44"},
      {"table.get", Code().get(0).op(Opcode::TableGet, 2).op(Opcode::Drop),
       "unknown table 2"},
      {"table.size", Code().op(Opcode::TableSize, 3).op(Opcode::Drop),
       "unknown table 3"},
      {"table.init segment",
       Code().get(0).get(0).get(0).op(Opcode::TableInit, 1, 1),
       "unknown elem segment 1"},
      {"elem.drop", Code().op(Opcode::ElemDrop, 8), "unknown elem segment 8"},
  });
}

TEST(Validate, BlocksLeaveWhatTheySay) {
  expectInvalid({
      {"block without its result", Code().block(Opcode::Block, I32).end(),
       "type mismatch"},
      {"block of another result",
       Code().block(Opcode::Block, I32).get(1).end().op(Opcode::Drop),
       "type mismatch"},
      {"block with more", Code().block(Opcode::Block).get(0).end(),
       "type mismatch"},
      {"block takes from outside",
       Code().get(0).block(Opcode::Block).op(Opcode::Drop).end(),
       "type mismatch"},
      {"block of type without operand",
       Code().block(Opcode::Block, 1u).end().op(Opcode::Drop), "type mismatch"},
      {"if without condition", Code().block(Opcode::If).end(), "type mismatch"},
      {"if of f32", Code().get(2).block(Opcode::If).end(), "type mismatch"},
      {"if with result without else",
       Code().get(0).block(Opcode::If, I32).get(0).end().op(Opcode::Drop),
       "type mismatch"},
      {"else of another type",
       Code()
           .get(0)
           .block(Opcode::If, I32)
           .get(0)
           .op(Opcode::Else)
           .get(1)
           .end()
           .op(Opcode::Drop),
       "type mismatch"},
      {"then without result",
       Code()
           .get(0)
           .block(Opcode::If, I32)
           .op(Opcode::Else)
           .get(0)
           .end()
           .op(Opcode::Drop),
       "type mismatch"},
      {"loop without its result", Code().block(Opcode::Loop, I64).end(),
       "type mismatch"},
      {"two results, one given",
       Code()
           .block(Opcode::Block, 3u)
           .get(0)
           .end()
           .op(Opcode::Drop)
           .op(Opcode::Drop),
       "type mismatch"},
  });
}

TEST(Validate, BranchesCarryTheLabelsTypes) {
  expectInvalid({
      {"br without value",
       Code()
           .block(Opcode::Block, I32)
           .op(Opcode::Br, 0)
           .end()
           .op(Opcode::Drop),
       "type mismatch"},
      {"br of another type",
       Code()
           .block(Opcode::Block, I32)
           .get(2)
           .op(Opcode::Br, 0)
           .end()
           .op(Opcode::Drop),
       "type mismatch"},
      {"br_if without condition",
       Code().block(Opcode::Block).op(Opcode::BrIf, 0).end(), "type mismatch"},
      {"br_if of i64",
       Code().block(Opcode::Block).get(1).op(Opcode::BrIf, 0).end(),
       "type mismatch"},
      {"br_table of other arity",
       Code()
           .block(Opcode::Block, I32)
           .block(Opcode::Block)
           .get(0)
           .get(0)
           .brTable({0}, 1)
           .end()
           .get(0)
           .end()
           .op(Opcode::Drop),
       "type mismatch"},
      {"br_table of other type",
       Code()
           .block(Opcode::Block, I32)
           .block(Opcode::Block, I64)
           .get(1)
           .get(0)
           .brTable({0}, 1)
           .end()
           .op(Opcode::Drop)
           .get(0)
           .end()
           .op(Opcode::Drop),
       "type mismatch"},
      {"br to loop needs no result but leaves operand types",
       Code()
           .block(Opcode::Loop, 1u)
           .op(Opcode::Drop)
           .op(Opcode::Br, 0)
           .end()
           .op(Opcode::Drop),
       "type mismatch"},
      {"code behind br is typed",
       Code()
           .block(Opcode::Block)
           .op(Opcode::Br, 0)
           .get(2)
           .op(Opcode::I32Eqz)
           .op(Opcode::Drop)
           .end(),
       "type mismatch"},
      {"unreachable leaves too much", Code().op(Opcode::Unreachable).get(0),
       "type mismatch"},
  });
}

TEST(Validate, CallsAndReturnsAreTyped) {
  expectInvalid({
      {"call without argument", Code().op(Opcode::Call, 0).op(Opcode::Drop),
       "type mismatch"},
      {"call with f32", Code().get(2).op(Opcode::Call, 0).op(Opcode::Drop),
       "type mismatch"},
      {"call leaves result", Code().get(0).op(Opcode::Call, 0),
       "type mismatch"},
      {"call_indirect without index", Code().op(Opcode::CallIndirect, 0, 0),
       "type mismatch"},
      {"call_indirect by i64", Code().get(1).op(Opcode::CallIndirect, 0, 0),
       "type mismatch"},
      {"call_indirect of externref",
       Code().get(0).op(Opcode::CallIndirect, 0, 1), "type mismatch"},
      {"arguments swapped",
       Code().get(3).get(2).get(0).op(Opcode::CallIndirect, 2, 0),
       "type mismatch"},
  });
  expectInvalid(
      {{"return without value", Code().op(Opcode::Return), "type mismatch"},
       {"return of i64", Code().get(1).op(Opcode::Return), "type mismatch"},
       {"end without value", Code(), "type mismatch"},
       {"end with f64", Code().get(3), "type mismatch"}},
      {I32});
}

TEST(Validate, SelectsAreTyped) {
  expectInvalid({
      {"select of two types",
       Code().get(0).get(1).get(0).op(Opcode::Select).op(Opcode::Drop),
       "type mismatch"},
      {"select by f32",
       Code().get(0).get(0).get(2).op(Opcode::Select).op(Opcode::Drop),
       "type mismatch"},
      {"select of references",
       Code().get(4).get(4).get(0).op(Opcode::Select).op(Opcode::Drop),
       "type mismatch"},
      {"select of no type",
       Code().get(0).get(0).get(0).select({}).op(Opcode::Drop),
       "invalid result arity"},
      {"select of two",
       Code().get(0).get(0).get(0).select({I32, I32}).op(Opcode::Drop),
       "invalid result arity"},
      {"typed select of another",
       Code().get(0).get(0).get(0).select({I64}).op(Opcode::Drop),
       "type mismatch"},
      {"typed select of externref for funcref",
       Code().get(5).get(5).get(0).select({FuncRef}).op(Opcode::Drop),
       "type mismatch"},
  });
}

TEST(Validate, TablesAreTyped) {
  expectInvalid({
      {"set externref into funcref",
       Code().get(0).get(5).op(Opcode::TableSet, 0), "type mismatch"},
      {"set i32", Code().get(0).get(0).op(Opcode::TableSet, 0),
       "type mismatch"},
      {"get by i64", Code().get(1).op(Opcode::TableGet, 0).op(Opcode::Drop),
       "type mismatch"},
      {"grow by externref",
       Code().get(5).get(0).op(Opcode::TableGrow, 0).op(Opcode::Drop),
       "type mismatch"},
      {"fill by funcref", Code().get(0).get(4).get(0).op(Opcode::TableFill, 1),
       "type mismatch"},
      {"copy between types",
       Code().get(0).get(0).get(0).op(Opcode::TableCopy, 0, 1),
       "type mismatch"},
      {"init of another type",
       Code().get(0).get(0).get(0).op(Opcode::TableInit, 0, 0),
       "type mismatch"},
      {"init by two", Code().get(0).get(0).op(Opcode::TableInit, 0, 1),
       "type mismatch"},
  });
}

TEST(Validate, AcceptsWhatUnreachableCodeMakesUp) {
  expectValid({
      {"add of nothing",
       Code().op(Opcode::Unreachable).op(Opcode::I32Add).op(Opcode::Drop)},
      {"select of nothing",
       Code().op(Opcode::Unreachable).op(Opcode::Select).op(Opcode::Drop)},
      {"select of one", Code()
                            .op(Opcode::Unreachable)
                            .get(2)
                            .get(0)
                            .op(Opcode::Select)
                            .op(Opcode::F32Neg)
                            .op(Opcode::Drop)},
      {"is_null of nothing",
       Code().op(Opcode::Unreachable).op(Opcode::RefIsNull).op(Opcode::Drop)},
      {"br_table of labels of other types", Code()
                                                .block(Opcode::Block, I32)
                                                .block(Opcode::Block, I64)
                                                .op(Opcode::Unreachable)
                                                .brTable({0}, 1)
                                                .end()
                                                .op(Opcode::Drop)
                                                .get(0)
                                                .end()
                                                .op(Opcode::Drop)},
      {"blocks behind return", Code()
                                   .op(Opcode::Return)
                                   .block(Opcode::Block, I32)
                                   .get(0)
                                   .end()
                                   .op(Opcode::Drop)},
  });
}

TEST(Validate, AcceptsReferenceTypesAndMultiValue) {
  expectValid({
      {"block of two results", Code()
                                   .block(Opcode::Block, 3u)
                                   .get(0)
                                   .get(1)
                                   .end()
                                   .op(Opcode::Drop)
                                   .op(Opcode::Drop)},
      {"loop with parameter",
       Code().get(0).block(Opcode::Loop, 1u).end().op(Opcode::Drop)},
      {"if with parameter and no else",
       Code().get(0).get(0).block(Opcode::If, 1u).end().op(Opcode::Drop)},
      {"table.init", Code().get(0).get(0).get(0).op(Opcode::TableInit, 0, 1)},
      {"ref.func of export", Code().op(Opcode::RefFunc, 0).op(Opcode::Drop)},
      {"typed select",
       Code().get(4).get(4).get(0).select({FuncRef}).op(Opcode::Drop)},
      {"overlong table index", Code()
                                   .get(0)
                                   .op(Opcode::CallIndirect, 0)
                                   .add({0x80, 0x80, 0x80, 0x80, 0x00})},
  });
}

/// The message that refuses a module, or "accepted".
std::string judge(const ModuleBuilder &module, const Features &features = {}) {
  Bytes bytes = module.bytes();
  auto result = load(bytes, Source::binary("module.wasm"), nullptr, features);
  return result.ok() ? "accepted" : result.error().message;
}

void expectWords(const ModuleBuilder &module, std::string_view words,
                 const Features &features = {}) {
  std::string said = judge(module, features);
  EXPECT_TRUE(said.starts_with(words))
      << "needed " << words << ", got " << said;
}

TEST(Validate, ModuleIndicesMustExist) {
  ModuleBuilder unknownType;
  unknownType.function(3, Code().end());
  expectWords(unknownType, "unknown type 3 of function 0");
  ModuleBuilder unknownImportType;
  unknownImportType.importFunction("m", "f", 0);
  expectWords(unknownImportType, "unknown type 0");
  for (ExternKind kind : {ExternKind::Function, ExternKind::Table,
                          ExternKind::Memory, ExternKind::Global})
    expectWords(ModuleBuilder().exported("e", 0, kind),
                fmt::format("unknown {} 0", externKindName(kind)));
  expectWords(ModuleBuilder().start(1), "unknown function 1");
  expectWords(ModuleBuilder().activeElements(0, {}), "unknown table 0");
  expectWords(ModuleBuilder().activeData(0, ""), "unknown memory 0");
  ModuleBuilder elements;
  elements.table(FuncRef, 1);
  expectWords(elements.activeElements(0, {4}), "unknown function 4");
  ModuleBuilder noMemory;
  noMemory.function(noMemory.type({}, {}),
                    Code().op(Opcode::MemorySize, 0).op(Opcode::Drop).end());
  expectWords(noMemory, "unknown memory 0 in function 0");
}

TEST(Validate, ExportNamesAreUnique) {
  ModuleBuilder module;
  module.memory(1);
  uint32_t function = module.function(module.type({}, {}), Code().end());
  module.exported("a", function).exported("b", function);
  EXPECT_EQ(judge(module), "accepted");
  expectWords(module.exported("a", 0, ExternKind::Memory),
              "duplicate export name `a`");
}

TEST(Validate, StartTakesAndGivesNothing) {
  ModuleBuilder takes;
  takes.start(takes.function(takes.type({I32}, {}), Code().end()));
  expectWords(takes, "start function");
  ModuleBuilder gives;
  gives.start(gives.function(gives.type({}, {I32}), Code().i32(1).end()));
  expectWords(gives, "start function");
}

TEST(Validate, SizesAreInOrder) {
  expectWords(ModuleBuilder().memory(2, 1),
              "size minimum must not be greater than maximum");
  expectWords(ModuleBuilder().memory(65537),
              "memory size must be at most 65536 pages (4GiB)");
  expectWords(ModuleBuilder().memory(0, 65537),
              "memory size must be at most 65536 pages (4GiB)");
  expectWords(ModuleBuilder().memory(65536, 65536), "accepted");
  expectWords(ModuleBuilder().memory(1).memory(1), "multiple memories",
              Features::core2());
  expectWords(ModuleBuilder().memory(1).memory(1), "accepted");
  ModuleBuilder table;
  table.table(FuncRef, 2, 1);
  expectWords(table, "size minimum must not be greater than maximum");
}

TEST(Validate, ConstantExpressionsAreConstant) {
  auto global = [](ValueType type, const Code &value) {
    ModuleBuilder module;
    module.import(cat({text("m"), text("c"), byte(3), byte(I32), byte(0)}));
    module.import(cat({text("m"), text("v"), byte(3), byte(I32), byte(1)}));
    module.type({}, {});
    module.function(0, Code().end());
    module.global(type, false, value);
    return module;
  };
  expectWords(global(I32, Code().i32(7).end()), "accepted");
  expectWords(
      global(I32,
             Code().op(Opcode::GlobalGet, 0).i32(4).op(Opcode::I32Add).end()),
      "accepted");
  expectWords(global(I64, Code()
                              .i64(3)
                              .i64(4)
                              .op(Opcode::I64Mul)
                              .i64(5)
                              .op(Opcode::I64Sub)
                              .end()),
              "accepted");
  expectWords(global(FuncRef, Code().op(Opcode::RefFunc, 0).end()), "accepted");
  expectWords(global(ExternRef, Code().refNull(ExternRef).end()), "accepted");

  expectWords(global(I32, Code().end()), "type mismatch");
  expectWords(global(I32, Code().i64(7).end()), "type mismatch");
  expectWords(global(I32, Code().i32(7).i32(8).end()), "type mismatch");
  expectWords(global(FuncRef, Code().refNull(ExternRef).end()),
              "type mismatch");
  expectWords(global(I32, Code().op(Opcode::GlobalGet, 1).end()),
              "constant expression required");
  expectWords(global(I32, Code().op(Opcode::GlobalGet, 2).end()),
              "unknown global 2");
  expectWords(global(I32, Code().i32(1).op(Opcode::I32Clz).end()),
              "constant expression required");
  expectWords(global(I32, Code().i32(1).i32(1).op(Opcode::I32DivS).end()),
              "constant expression required");
  expectWords(global(I32, Code().op(Opcode::Nop).i32(1).end()),
              "constant expression required");
  expectWords(global(I32, Code().block(Opcode::Block, I32).i32(1).end().end()),
              "constant expression required");
  expectWords(global(FuncRef, Code().op(Opcode::RefFunc, 8).end()),
              "unknown function 8");
}

TEST(Validate, SegmentOffsetsAndTypesMatch) {
  ModuleBuilder data;
  data.memory(1).data(cat({leb(0), Code().i64(0).end().bytes(), text("x")}));
  expectWords(data, "type mismatch");
  ModuleBuilder elements;
  elements.table(ExternRef, 1);
  expectWords(elements.activeElements(0, {}), "type mismatch");
  ModuleBuilder expressions;
  expressions.element(cat(
      {leb(5), byte(FuncRef), vec({Code().refNull(ExternRef).end().bytes()})}));
  expectWords(expressions, "type mismatch");
}

ModuleBuilder oneFunction(const Code &code,
                          std::initializer_list<ValueType> parameters = {},
                          std::initializer_list<ValueType> results = {}) {
  ModuleBuilder module;
  module.function(module.type(parameters, results), code);
  return module;
}

TEST(Validate, VectorsHaveLanes) {
  auto extract = [](Opcode opcode, uint8_t lane, ValueType result) {
    return oneFunction(Code().get(0).op(opcode).add(byte(lane)).end(), {V128},
                       {result});
  };
  expectWords(extract(Opcode::I8x16ExtractLaneS, 15, I32), "accepted");
  expectWords(extract(Opcode::I8x16ExtractLaneS, 16, I32),
              "invalid lane index");
  expectWords(extract(Opcode::I16x8ExtractLaneU, 7, I32), "accepted");
  expectWords(extract(Opcode::I16x8ExtractLaneU, 8, I32), "invalid lane index");
  expectWords(extract(Opcode::F32x4ExtractLane, 4, F32), "invalid lane index");
  expectWords(extract(Opcode::F64x2ExtractLane, 1, F64), "accepted");
  expectWords(extract(Opcode::F64x2ExtractLane, 2, F64), "invalid lane index");
  expectWords(extract(Opcode::I64x2ExtractLane, 0, I32), "type mismatch");
  auto shuffle = [](uint8_t lane) {
    Bytes lanes(16, 31);
    lanes[15] = lane;
    return oneFunction(
        Code().get(0).get(0).op(Opcode::I8x16Shuffle).add(lanes).end(), {V128},
        {V128});
  };
  expectWords(shuffle(31), "accepted");
  expectWords(shuffle(32), "invalid lane index");
  auto loadLane = [](Opcode opcode, uint32_t alignment, uint8_t lane) {
    Code code = Code().get(0).get(1).op(opcode, alignment, 0u);
    return oneFunction(code.add(byte(lane)).end(), {I32, V128}, {V128})
        .memory(1);
  };
  expectWords(loadLane(Opcode::V128Load8Lane, 0, 15), "accepted");
  expectWords(loadLane(Opcode::V128Load8Lane, 1, 15),
              "alignment must not be larger than natural");
  expectWords(loadLane(Opcode::V128Load32Lane, 2, 4), "invalid lane index");
  expectWords(loadLane(Opcode::V128Load64Lane, 3, 2), "invalid lane index");
}

TEST(Validate, TailCallsGiveTheFunctionsResults) {
  expectWords(oneFunction(Code().op(Opcode::ReturnCall, 0u).end(), {}, {I32}),
              "accepted");
  ModuleBuilder other;
  other.function(other.type({}, {I32}), Code().i32(1).end());
  other.function(other.type({}, {I64}),
                 Code().op(Opcode::ReturnCall, 0u).end());
  expectWords(other, "type mismatch");
  auto indirect = [](ValueType result) {
    ModuleBuilder module;
    uint32_t own = module.type({}, {I32}),
             called = module.type({I64}, {result});
    module.table(FuncRef, 1);
    module.function(
        own,
        Code().i64(1).i32(0).op(Opcode::ReturnCallIndirect, called, 0u).end());
    return module;
  };
  expectWords(indirect(I32), "accepted");
  expectWords(indirect(F32), "type mismatch");
}

TEST(Validate, AddressesHaveTheMemorysType) {
  Bytes wide = cat({byte(4), leb(1)});
  auto load = [&](const Code &address, uint64_t offset) {
    ModuleBuilder module;
    module.memory(1).rawMemory(wide);
    Code code;
    code.add(address.bytes());
    code.op(Opcode::I32Load).add(byte(0x42)).add(leb(1)).add(leb(offset));
    module.function(module.type({}, {I32}), code.end());
    return module;
  };
  expectWords(load(Code().i64(0), uint64_t{1} << 40), "accepted");
  expectWords(load(Code().i32(0), 0), "type mismatch");
  expectWords(
      oneFunction(
          Code().i32(0).op(Opcode::I32Load, 2u, uint64_t{1} << 32).end(), {},
          {I32})
          .memory(1),
      "offset out of range");
  auto copy = [&](const Code &count) {
    ModuleBuilder module;
    module.memory(1).rawMemory(wide);
    module.function(module.type({}, {}), Code()
                                             .i64(0)
                                             .i32(0)
                                             .add(count.bytes())
                                             .op(Opcode::MemoryCopy, 1u, 0u)
                                             .end());
    return module;
  };
  expectWords(copy(Code().i32(0)), "accepted");
  expectWords(copy(Code().i64(0)), "type mismatch");
  ModuleBuilder table;
  table.rawTable(cat({byte(FuncRef), byte(4), leb(1)}));
  table.function(table.type({}, {FuncRef}),
                 Code().i64(0).op(Opcode::TableGet, 0u).end());
  expectWords(table, "accepted");
  expectWords(ModuleBuilder().rawMemory(cat({byte(4), leb(1ULL << 48)})),
              "accepted");
  expectWords(ModuleBuilder().rawMemory(cat({byte(4), leb((1ULL << 48) + 1)})),
              "memory size must be at most");
  expectWords(ModuleBuilder().rawMemory({8, 7, 0}), "accepted");
}

/// 3.0 shows constants the globals before them; core 2.0 only imported ones.
TEST(Validate, ConstantsSeeEarlierGlobals) {
  ModuleBuilder earlier;
  earlier.global(I32, false, Code().i32(1).end());
  earlier.global(I32, false, Code().op(Opcode::GlobalGet, 0u).end());
  expectWords(earlier, "accepted");
  expectWords(earlier, "unknown global 0", Features::core2());
  ModuleBuilder itself;
  itself.global(I32, false, Code().op(Opcode::GlobalGet, 0u).end());
  expectWords(itself, "unknown global 0");
  ModuleBuilder changing;
  changing.global(I32, true, Code().i32(1).end());
  changing.global(I32, false, Code().op(Opcode::GlobalGet, 0u).end());
  expectWords(changing, "constant expression required");
  ModuleBuilder sum;
  sum.global(I32, false, Code().i32(1).i32(2).op(Opcode::I32Add).end());
  expectWords(sum, "accepted");
  expectWords(sum, "constant expression required", Features::core2());
}

TEST(Validate, TablesMayStartWithAValue) {
  auto of = [](const Code &value) {
    ModuleBuilder module;
    module.function(module.type({}, {}),
                    Code().op(Opcode::RefFunc, 0u).op(Opcode::Drop).end());
    return module.rawTable(cat({{0x40, 0, 0x70, 0}, leb(3), value.bytes()}));
  };
  expectWords(of(Code().op(Opcode::RefFunc, 0u).end()), "accepted");
  expectWords(of(Code().refNull(ExternRef).end()), "type mismatch");
}

} // namespace
} // namespace rune::wasm
