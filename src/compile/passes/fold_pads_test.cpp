// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compile/passes/testing.h"

namespace rune::compile {
namespace {

using test::count;
using test::Graph;
using test::List;
using test::Op;
using test::passed;
using test::Sketch;
using test::ValueId;

size_t padsLeft(Sketch &sketch, ValueId y) {
  return count(passed("fold-pads", sketch.finish({y})), Op::Pad);
}

TEST(FoldPads, ZerosGoIntoTheConvolution) {
  Sketch sketch;
  ValueId x = sketch.input("f32[1, 3, 6, 5]");
  ValueId a =
      sketch.one(Op::Pad, {x, sketch.numbers("i64[8]", "0 0 1 0 0 0 2 3")});
  ValueId y =
      sketch.one(Op::Conv, {a, sketch.weights("f32[2, 3, 3, 3]")},
                 {{"pads", List{0, 1, -1, 0}}, {"strides", List{2, 2}}});
  EXPECT_EQ(padsLeft(sketch, y), 0u);
}

TEST(FoldPads, NamedAxesAndChannelsLast) {
  Sketch sketch;
  ValueId x = sketch.input("f32[1, 6, 5, 3]");
  ValueId a = sketch.one(Op::Pad, {x, sketch.numbers("i64[4]", "1 2 0 1"),
                                   sketch.numbers("f32[]", "0"),
                                   sketch.numbers("i64[2]", "-2 1")});
  ValueId y = sketch.one(Op::Conv, {a, sketch.weights("f32[2, 3, 3, 3]")},
                         {{"layout", "NXC"}});
  EXPECT_EQ(padsLeft(sketch, y), 0u);
}

TEST(FoldPads, ZeroPointsOfIntegers) {
  for (const char *value : {"7", "8"}) {
    Sketch sketch;
    ValueId x = sketch.input("u8[1, 3, 6, 5]");
    ValueId a =
        sketch.one(Op::Pad, {x, sketch.numbers("i64[8]", "0 0 1 1 0 0 1 1"),
                             sketch.numbers("u8[]", value)});
    ValueId y = sketch.one(Op::ConvInteger,
                           {a, sketch.weights("i8[2, 3, 3, 3]"), graph::noValue,
                            sketch.numbers("u8[]", "7")});
    EXPECT_EQ(padsLeft(sketch, y), value[0] == '7' ? 0u : 1u);
  }
}

TEST(FoldPads, OthersStay) {
  struct Other {
    const char *pads;
    const char *value;
    const char *mode;
  };
  for (const Other &other : {Other{"0 1 0 0 0 0 0 0", "0", "constant"},
                             Other{"0 0 -1 0 0 0 0 0", "0", "constant"},
                             Other{"0 0 1 0 0 0 0 0", "1", "constant"},
                             Other{"0 0 1 0 0 0 0 0", "0", "edge"}}) {
    Sketch sketch;
    ValueId x = sketch.input("f32[1, 3, 6, 5]");
    ValueId a = sketch.one(Op::Pad,
                           {x, sketch.numbers("i64[8]", other.pads),
                            sketch.numbers("f32[]", other.value)},
                           {{"mode", other.mode}});
    bool grows = other.pads[2] == '1';
    ValueId y = sketch.one(
        Op::Conv,
        {a, sketch.weights(grows ? "f32[2, 4, 3, 3]" : "f32[2, 3, 3, 3]")});
    EXPECT_EQ(padsLeft(sketch, y), 1u) << other.pads;
  }
}

} // namespace
} // namespace rune::compile
