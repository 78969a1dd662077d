// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "wasm/text/text.h"

#include "wasm/test_module_builder.h"
#include "wasm/text/number.h"

#include <gtest/gtest.h>

#include <bit>

namespace rune::wasm::text {
namespace {

Result<Bytes> assembled(std::string text) {
  return assemble(Source::text("test.wat", std::move(text)));
}

/// The message of the refusal, or what was wrong about it.
std::string refusal(std::string text) {
  auto result = assembled(std::move(text));
  if (result.ok())
    return "was accepted";
  const Diagnostic &why = result.error();
  if (!why.where)
    return "has no place: " + why.message;
  return why.code == "wasm.malformed" ? why.message
                                      : why.code + ": " + why.message;
}

TEST(Number, IntegersWrapInTheirWidthAndNoFurther) {
  EXPECT_EQ(parseInteger("-1", 32).bits, 0xFFFFFFFFu);
  EXPECT_EQ(parseInteger("4_294_967_295", 32).bits, 0xFFFFFFFFu);
  EXPECT_EQ(parseInteger("-0x8000_0000", 32).bits, 0x80000000u);
  EXPECT_EQ(parseInteger("+0xff", 8).bits, 0xFFu);
  EXPECT_EQ(parseInteger("-129", 8).fault, NumberFault::OutOfRange);
  EXPECT_EQ(parseInteger("0x1_0000_0000", 32).fault, NumberFault::OutOfRange);
  EXPECT_EQ(parseInteger("18446744073709551616", 64).fault,
            NumberFault::OutOfRange);
  for (std::string_view bad :
       {"", "+", "0x", "_1", "1_", "1__0", "0x_1", "1a", "- 1", "--1", "0X1"})
    EXPECT_EQ(parseInteger(bad, 32).fault, NumberFault::NotANumber) << bad;
}

TEST(Number, FloatsRoundToNearestTiesToEven) {
  auto f32 = [](std::string_view text) { return parseFloat(text, 32).bits; };
  EXPECT_EQ(f32("0.1"), 0x3DCCCCCDu);
  EXPECT_EQ(f32("-0"), 0x80000000u);
  EXPECT_EQ(f32("1e-45"), 1u);
  EXPECT_EQ(f32("0x1.000001p0"), 0x3F800000u);  // half a step: to even
  EXPECT_EQ(f32("0x1.000003p0"), 0x3F800002u);  // half a step: to even
  EXPECT_EQ(f32("0x1.0000011p0"), 0x3F800001u); // beyond half
  EXPECT_EQ(f32("16777217"), std::bit_cast<uint32_t>(16777216.0f));
  EXPECT_EQ(parseFloat("1_0.5_0e+0_2", 64).bits,
            std::bit_cast<uint64_t>(1050.0));
  EXPECT_EQ(parseFloat("0x.8p0", 64).fault, NumberFault::NotANumber);
  EXPECT_EQ(parseFloat("1.", 64).bits, std::bit_cast<uint64_t>(1.0));
  EXPECT_EQ(f32("-inf"), 0xFF800000u);
}

TEST(Number, NansKeepTheirPayload) {
  EXPECT_EQ(parseFloat("nan", 32).bits, 0x7FC00000u);
  EXPECT_EQ(parseFloat("-nan:0x1", 32).bits, 0xFF800001u);
  EXPECT_EQ(parseFloat("nan:0xf_ffff_ffff_ffff", 64).bits, 0x7FFFFFFFFFFFFFFFu);
  EXPECT_EQ(parseFloat("nan:0x80_0000", 32).fault, NumberFault::OutOfRange);
  EXPECT_EQ(parseFloat("nan:0x0", 32).fault, NumberFault::OutOfRange);
  EXPECT_EQ(parseFloat("nan:1", 32).fault, NumberFault::NotANumber);
  EXPECT_EQ(parseFloat("1e39", 32).fault, NumberFault::OutOfRange);
}

TEST(Text, AnEmptyModuleIsItsHeader) {
  Bytes header = {0, 'a', 's', 'm', 1, 0, 0, 0};
  EXPECT_EQ(assembled("").value(), header);
  EXPECT_EQ(assembled("(module)").value(), header);
  EXPECT_EQ(assembled(";; nothing\n(module $name (; (; nested ;) ;) )").value(),
            header);
}

TEST(Text, FoldedAndPlainSpellTheSameFunction) {
  std::string plain = R"((module (func $f (param $x i32) (result i32)
      (local $y i64 )
      block $done (result i32)
        local.get $x
        if (result i32)
          i32.const 1
        else
          local.get 0
          br $done
        end
      end)))";
  std::string folded = R"((func $f (param $x i32) (result i32) (local $y i64)
      (block $done (result i32)
        (if (result i32) (local.get $x)
          (then (i32.const 1))
          (else (br $done (local.get $x)))))))";
  EXPECT_EQ(assembled(plain).value(), assembled(folded).value());
  EXPECT_TRUE(loadText(Source::text("f.wat", plain)).ok());
}

TEST(Text, NamesMayBeUsedBeforeTheyAreDeclared) {
  auto module = loadText(Source::text("forward.wat", R"((module
    (export "go" (func $go))
    (elem (i32.const 0) $later)
    (table $t 1 funcref)
    (func $go (result i32) (call_indirect $t (type $answer) (i32.const 0)))
    (func $later (type $answer) (global.get $forty-two))
    (global $forty-two i32 (i32.const 42))
    (type $answer (func (result i32)))))"));
  ASSERT_TRUE(module.ok()) << module.error().message;
  EXPECT_EQ((*module)->types.size(), 1u);
}

TEST(Text, AbbreviationsOfTablesAndMemoriesMakeSegments) {
  auto module = loadText(Source::text("short.wat", R"(
    (table $t (export "t") funcref (elem $f $f))
    (memory (export "m") (data "ab" "\63\u{64}"))
    (func $f))"));
  ASSERT_TRUE(module.ok()) << module.error().message;
  EXPECT_EQ((*module)->elements[0].functions, (std::vector<uint32_t>{0, 0}));
  EXPECT_EQ(asText((*module)->data[0].bytes), "abcd");
}

TEST(Text, EachFaultIsSaidInTheWordsOfTheSpecificationsSuite) {
  struct Case {
    std::string text;
    std::string message;
  };
  const Case cases[] = {
      {"(func (i32.cosnt 0))", "unknown operator `i32.cosnt`"},
      {"(func (param i32) (type 0))", "unknown operator `type`"},
      {"(func $f) (func $f)", "duplicate func $f"},
      {"(func (param $x i32) (local $x i32))", "duplicate local $x"},
      {"(func (call $g))", "unknown func $g"},
      {"(func (br $l))", "unknown label $l"},
      {"(func block $a end $b)", "mismatching label $b"},
      {"(func (i32.const 0x1_0000_0000) drop)", "i32 constant out of range"},
      {"(func (f32.const 1e40) drop)", "f32 constant out of range"},
      {"(memory 1) (func (drop (i32.load align=3 (i32.const 0))))",
       "alignment must be a power of two"},
      {"(func) (import \"m\" \"n\" (func))", "import after function"},
      {"(start 0) (start 0) (func)", "multiple start sections"},
      {"(type $t (func)) (func (type $t) (param i32))",
       "inline function type: differs from the named type"},
      {"(func (type 4) (param i32))", "unknown type 4"},
      {"(module", "unexpected token: this list is never closed"},
      {"(; ", "unclosed comment"},
      {"(data \"a", "unclosed string"},
      {"(data \"\\z\")", "illegal escape"},
      {"(func $ )", "empty identifier"},
      {"(data \"a\"b)", "unexpected token `\"a\"b`: needed a string"},
      {"(import \"\\ff\" \"n\" (func))", "malformed UTF-8 encoding"},
      {"(func end)", "unexpected token"},
      {"(func block)", "unexpected token: a block has no `end`"},
      {"(func (nop) (result i32))", "unknown operator `result`"},
      {"(memory 0x1_0000_0000_0000_0000)", "i64 constant out of range"},
      {"(@)", "malformed annotation id"},
      {"(@ x)", "malformed annotation id"},
      {"(@\"\" x)", "malformed annotation id"},
      {"(@a (@b)", "unclosed annotation"},
      {"(@a \")", "unclosed string"},
      {"(@a))", "unexpected token: `)` closes nothing"},
      {"(func (drop (ref.null any)))",
       "wasm.unsupported: garbage collection is not supported"},
      {"(type (struct))",
       "wasm.unsupported: garbage collection is not supported"},
      {"(tag (param i32))",
       "wasm.unsupported: exception handling is not supported"},
      {"(func (i32.atomic.load (i32.const 0)) drop)",
       "wasm.unsupported: threads is not supported"},
  };
  for (const Case &each : cases)
    EXPECT_TRUE(refusal(each.text).starts_with(each.message))
        << each.text << "\n  needed: " << each.message
        << "\n  got:    " << refusal(each.text);
}

TEST(Text, AnnotationsHoldAnyTokens) {
  Bytes plain = assembled("(func (nop))").value();
  for (std::string_view annotation :
       {"(@a)", "(@a (@) (@ x) (@(@(@))))", "(@\"two words\" , ;] {{} x\")\"y)",
        "(@a (;)(;);) ;) ;; )\n (() \"(\"))"}) {
    std::string text = fmt::format("({0} func {0} ({0} nop))", annotation);
    EXPECT_EQ(assembled(text).value(), plain) << text;
  }
}

/// The form has 64 bits for every size and alignment; what is too large for the
/// type is well-formed.
TEST(Text, WhatIsTooLargeIsForValidationToRefuse) {
  auto refused = [](std::string text) {
    auto module = loadText(Source::text("large.wat", std::move(text)));
    return module.ok() ? "was accepted" : module.error().code;
  };
  EXPECT_EQ(refused("(memory 0x1_0000_0000)"), "wasm.invalid");
  EXPECT_EQ(refused("(memory 0 0x1_0000_0000 (pagesize 1))"), "wasm.invalid");
  EXPECT_EQ(refused("(table 0x1_0000_0000 funcref)"), "wasm.invalid");
  EXPECT_EQ(refused("(memory 1) (func (drop (i32.load "
                    "align=0x8000_0000_0000_0000 (i32.const 0))))"),
            "wasm.invalid");
}

/// Each instruction in parentheses once had a copy of all names.
TEST(Text, NamesCostNothingPerInstruction) {
  std::string text = "(func";
  for (int i = 0; i < 20'000; ++i)
    text += fmt::format(" (local $x{} i32)", i);
  for (int i = 0; i < 20'000; ++i)
    text += fmt::format(" (local.set $x{} (i32.const 1))", i);
  EXPECT_TRUE(loadText(Source::text("names.wat", text + ")")).ok());
}

TEST(Text, ListsMayNotNestWithoutEnd) {
  std::string deep;
  for (int i = 0; i < 2000; ++i)
    deep += "(block ";
  EXPECT_TRUE(refusal("(func " + deep).starts_with("wasm.limit"));
}

} // namespace
} // namespace rune::wasm::text
