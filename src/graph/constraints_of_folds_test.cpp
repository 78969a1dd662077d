// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One refusal for each numbered constraint of the operators that fold, scan or
// contract axes, and of the axes that come in the run.
#include "graph/op.h"
#include "graph/ops.h"
#include "graph/refusals.h"

namespace rune::graph {
namespace {

using test::expectFailure;
using test::expectRefusals;
using test::inferred;
using test::List;

const std::vector<Attribute> none = {{"axes", List{}}};
const std::vector<Attribute> dropped = {{"axes", List{}},
                                        {"keep_dims", int64_t{0}}};
const std::vector<Op> reductions = {Op::ReduceSum, Op::ReduceProd,
                                    Op::ReduceMean, Op::ReduceMax,
                                    Op::ReduceMin};

TEST(Constraints, AxesOfAnInputAreRefusedByNumber) {
  const std::vector<Attribute> both = {{"axes", List{0}}};
  expectRefusals({
      {"reduce_sum.5", Op::ReduceSum, {"f32[2]", "i32[1]"}, none},
      {"reduce_sum.5", Op::ReduceSum, {"f32[2]", "i64[]"}, none},
      {"reduce_sum.5", Op::ReduceSum, {"f32[2]", "i64[1]"}, both},
      {"reduce_sum.5", Op::ReduceSum, {"f32[2]", "i64[n]"}, dropped},
      {"reduce_sum.5", Op::ReduceSum, {"f32[2]", "i64[2]"}, dropped},
      {"reduce_sum.6", Op::ReduceSum, {"f32[2]", "i64[1] = 1"}, none},
      {"reduce_sum.6", Op::ReduceSum, {"f32[2, 2]", "i64[2] = 1 -1"}, none},
      {"reduce_sum.6",
       Op::ReduceSum,
       {"f32[2]", "i64[1] = -9223372036854775808"},
       none},
      {"reduce_prod.5", Op::ReduceProd, {"f32[2]", "f32[1]"}, none},
      {"reduce_prod.6", Op::ReduceProd, {"f32[2]", "i64[1] = -2"}, none},
      {"reduce_max.4", Op::ReduceMax, {"f32[2]", "i64[1, 1]"}, none},
      {"reduce_max.5", Op::ReduceMax, {"f32[2]", "i64[1] = 2"}, none},
      {"reduce_min.4", Op::ReduceMin, {"f32[2]", "i64[1]"}, both},
      {"reduce_min.5", Op::ReduceMin, {"f32[]", "i64[1] = 0"}, none},
      {"reduce_mean.6", Op::ReduceMean, {"f32[2]", "i64[n]"}, dropped},
      {"reduce_mean.7", Op::ReduceMean, {"f32[2]", "i64[2] = 0 0"}, none},
      {"reduce_max.3",
       Op::ReduceMax,
       {"f32[2]", "i64[1]"},
       {{"axes", List{}}, {"empty_is_all", int64_t{2}}}},
  });
}

TEST(Infer, AxesOfAnInputLeaveTheRankKnown) {
  for (Op op : reductions) {
    SCOPED_TRACE(opName(op));
    EXPECT_EQ(inferred(op, {"f32[2, N]", "i64[1]"}, none), "f32[?, ?]");
    EXPECT_EQ(inferred(op, {"f32[2, N]", "i64[k]"}, none), "f32[?, ?]");
    EXPECT_EQ(inferred(op, {"f32[2, N]", "i64[1]"}, dropped), "f32[?]");
    EXPECT_EQ(inferred(op, {"f32[2, N]", "i64[1] = -2"}, dropped), "f32[N]");
    EXPECT_EQ(inferred(op, {"f32[2, N]", "i64[0]"}, dropped), "f32[?, ?]");
    EXPECT_EQ(inferred(op, {"f32[2, N]", "i64[0]"},
                       {{"axes", List{}},
                        {"empty_is_all", int64_t{1}},
                        {"keep_dims", int64_t{0}}}),
              "f32[]");
  }
}

} // namespace
} // namespace rune::graph
