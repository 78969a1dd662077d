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
      {"reduce_mean.6", Op::ReduceMean, {"f32[2]", "i64[2]"}, dropped},
      {"reduce_mean.7", Op::ReduceMean, {"f32[2]", "i64[2] = 0 0"}, none},
      {"reduce_max.3",
       Op::ReduceMax,
       {"f32[2]", "i64[1]"},
       {{"axes", List{}}, {"empty_is_all", int64_t{2}}}},
  });
}

std::vector<Attribute> equation(const std::string &text) {
  return {{"equation", text}};
}

TEST(Constraints, OfScansAndContractionsAreRefusedByNumber) {
  const int64_t two = 2;
  expectRefusals({
      {"cum_sum.1", Op::CumSum, {"bool[2]"}},
      {"cum_sum.2", Op::CumSum, {"f32[2]"}, {{"exclusive", two}}},
      {"cum_sum.2", Op::CumSum, {"f32[2]"}, {{"reverse", int64_t{-1}}}},
      {"cum_sum.3", Op::CumSum, {"f32[2]", "i32[]"}},
      {"cum_sum.3", Op::CumSum, {"f32[2]", "i64[2]"}},
      {"cum_sum.4", Op::CumSum, {"f32[2]"}, {{"axis", int64_t{1}}}},
      {"cum_sum.4", Op::CumSum, {"f32[]"}},
      {"cum_sum.4", Op::CumSum, {"f32[2]", "i64[] = -2"}},
      {"cum_prod.1", Op::CumProd, {"utf8[2]"}},
      {"cum_prod.2", Op::CumProd, {"f32[2]"}, {{"reverse", two}}},
      {"cum_prod.3", Op::CumProd, {"f32[2]", "f32[]"}},
      {"cum_prod.4", Op::CumProd, {"f32[2]"}, {{"axis", int64_t{-2}}}},
      {"einsum.1", Op::Einsum, {"f32[2]", "f64[2]"}, equation("a,a->")},
      {"einsum.1", Op::Einsum, {"bool[2]"}, equation("a->a")},
      {"einsum.2", Op::Einsum, {"f32[2]"}, equation("a")},
      {"einsum.2", Op::Einsum, {"f32[2]"}, equation("a,a->")},
      {"einsum.2", Op::Einsum, {"f32[2]"}, equation("a ->a")},
      {"einsum.2", Op::Einsum, {"f32[2]"}, equation("...->")},
      {"einsum.2", Op::Einsum, {"f32[2]"}, equation("a->a->")},
      {"einsum.2", Op::Einsum, {"f32[2]"}, equation("")},
      {"einsum.3", Op::Einsum, {"f32[2, 2]"}, equation("a->")},
      {"einsum.3", Op::Einsum, {"f32[]"}, equation("a->")},
      {"einsum.4", Op::Einsum, {"f32[2, 3]"}, equation("aa->")},
      {"einsum.4", Op::Einsum, {"f32[2]", "f32[3]"}, equation("a,a->")},
      {"einsum.5", Op::Einsum, {"f32[2]"}, equation("a->b")},
      {"einsum.5", Op::Einsum, {"f32[2]"}, equation("a->aa")},
      {"einsum.6",
       Op::Einsum,
       {"i32[2]"},
       {{"equation", "a->"}, {"accumulator", "i8"}}},
      {"det.1", Op::Det, {"i32[2, 2]"}},
      {"det.2", Op::Det, {"f32[2]"}},
      {"det.2", Op::Det, {"f32[2, 3]"}},
  });
}

TEST(Constraints, OfLossesAndRandomNumbersAreRefusedByNumber) {
  const int64_t two = 2;
  const std::vector<Attribute> f32 = {{"dtype", "f32"}};
  expectRefusals({
      {"nll_loss.1", Op::NllLoss, {"i32[2, 3]", "i64[2]"}},
      {"nll_loss.1", Op::NllLoss, {"f32[2, 3]", "f32[2]"}},
      {"nll_loss.2", Op::NllLoss, {"f32[2]", "i64[]"}},
      {"nll_loss.2", Op::NllLoss, {"f32[2, 3, 4]", "i64[2, 3]"}},
      {"nll_loss.2", Op::NllLoss, {"f32[2, 3]", "i64[3]"}},
      {"nll_loss.3", Op::NllLoss, {"f32[2, 3]", "i64[2]", "f32[2]"}},
      {"nll_loss.3", Op::NllLoss, {"f32[2, 3]", "i64[2]", "f64[3]"}},
      {"nll_loss.4", Op::NllLoss, {"f32[2, 3]", "i64[2]"}, {{"ignores", two}}},
      {"random.1", Op::Random, {"i64[1]"}, {{"dtype", "f32"}, {"like", two}}},
      {"random.2", Op::Random, {"i64[1]", "i32[]"}, f32},
      {"random.2", Op::Random, {"i64[1]", "i64[2]"}, f32},
      {"random.3", Op::Random, {"i32[1]"}, f32},
      {"random.3", Op::Random, {"i64[n]"}, f32},
      {"random.3", Op::Random, {"i64[17]"}, f32},
      {"random.4", Op::Random, {"i64[2] = 1 -1"}, f32},
      {"node.4", Op::Random, {"i64[1]"}, {{"dtype", "i32"}}},
  });
  expectFailure(Op::NllLoss, {"f32[1, 2] = 0 0", "i64[1] = 2"}, {},
                "nll_loss.5");
  expectFailure(Op::NllLoss, {"f32[1, 2] = 0 0", "i32[1] = -1"},
                {{"ignores", int64_t{1}}, {"ignored", int64_t{-100}}},
                "nll_loss.5");
}

TEST(Constraints, OfSpectraAreRefusedByNumber) {
  const int64_t two = 2;
  const std::vector<Attribute> f32 = {{"dtype", "f32"}};
  const std::vector<Attribute> hann = {{"coefficients", std::vector{.5, .5}},
                                       {"dtype", "f32"}};
  std::vector<Attribute> wrong = hann;
  wrong.push_back({"periodic", two});
  auto mel = [](const std::string &bands, const std::string &rate) {
    return std::vector<std::string>{bands, "i64[] = 8", rate, "f64[] = 0",
                                    "f64[] = 100"};
  };
  expectRefusals({
      {"dft.1", Op::Dft, {"i32[4, 1]"}},
      {"dft.2", Op::Dft, {"f32[2]"}},
      {"dft.2", Op::Dft, {"f32[4, 3]"}},
      {"dft.3", Op::Dft, {"f32[4, 1]", "i32[]"}},
      {"dft.3", Op::Dft, {"f32[4, 1]", "", "i64[2]"}},
      {"dft.4", Op::Dft, {"f32[4, 1]"}, {{"inverse", two}}},
      {"dft.5", Op::Dft, {"f32[4, 1]"}, {{"axis", int64_t{1}}}},
      {"dft.5", Op::Dft, {"f32[4, 1]", "", "i64[] = -1"}},
      {"dft.5", Op::Dft, {"f32[4, 1]", "", "i64[] = -3"}},
      {"dft.6", Op::Dft, {"f32[4, 1]", "i64[] = 0"}},
      {"dft.6", Op::Dft, {"f32[0, 1]"}},
      {"dft.6",
       Op::Dft,
       {"f32[1, 1]"},
       {{"inverse", int64_t{1}}, {"onesided", int64_t{1}}}},
      {"stft.1", Op::Stft, {"f32[1, 8]", "i64[]"}},
      {"stft.1", Op::Stft, {"f32[1, 8, 3]", "i64[]"}},
      {"stft.2", Op::Stft, {"f32[1, 8, 1]", "f32[]"}},
      {"stft.2", Op::Stft, {"f32[1, 8, 1]", "i64[]", "", "i32[]"}},
      {"stft.3", Op::Stft, {"f32[1, 8, 1]", "i64[]", "f64[4]"}},
      {"stft.3", Op::Stft, {"f32[1, 8, 1]", "i64[]"}, {{"onesided", two}}},
      {"stft.4", Op::Stft, {"f32[1, 8, 1]", "i64[] = 0"}},
      {"stft.4", Op::Stft, {"f32[1, 8, 1]", "i64[]", "", "i64[] = -1"}},
      {"stft.5", Op::Stft, {"f32[1, 8, 1]", "i64[]", "f32[4]", "i64[] = 3"}},
      {"cosine_window.1", Op::CosineWindow, {"i32[]"}, hann},
      {"cosine_window.2", Op::CosineWindow, {"i64[]"}, wrong},
      {"cosine_window.3", Op::CosineWindow, {"i64[] = -1"}, hann},
      {"mel_weight_matrix.1",
       Op::MelWeightMatrix,
       {"i64[]", "i64[]", "i64[]", "f32[]", "f64[]"},
       f32},
      {"mel_weight_matrix.2", Op::MelWeightMatrix,
       mel("i64[] = 0", "i64[] = 8"), f32},
      {"mel_weight_matrix.2", Op::MelWeightMatrix,
       mel("i64[] = 1", "i64[] = 0"), f32},
  });
  // ten times what the sampling rate allows
  expectFailure(Op::MelWeightMatrix, mel("i64[] = 2", "i64[] = 20"), f32,
                "mel_weight_matrix.3");
}

TEST(Constraints, OfTreesAreRefusedByNumber) {
  const std::string x = "f32[2, 3]", splits = "f32[2] = 0 0",
                    roots = "i64[1] = 0", leaves = "i64[1, 2] = 0 1",
                    targets = "i64[1] = 0", weights = "f32[1] = 1";
  auto trees = [&](const std::string &nodes) {
    return std::vector<std::string>{x,      nodes,   splits, roots,
                                    leaves, targets, weights};
  };
  const std::string good = "i64[2, 4] = 0 0 1 -1 2 8 -1 -1";
  auto changed = [&](size_t input, const std::string &text) {
    std::vector<std::string> inputs = trees(good);
    inputs[input] = text;
    return inputs;
  };
  EXPECT_EQ(inferred(Op::TreeEnsemble, trees(good)), "f32[2, 1]");
  expectRefusals({
      {"tree_ensemble.1", Op::TreeEnsemble, changed(0, "f64[2, 3]")},
      {"tree_ensemble.1", Op::TreeEnsemble, changed(0, "f32[3]")},
      {"tree_ensemble.1", Op::TreeEnsemble, changed(2, "i32[2]")},
      {"tree_ensemble.2", Op::TreeEnsemble, changed(1, "i64[2, 3]")},
      {"tree_ensemble.2", Op::TreeEnsemble, changed(1, "i64[3, 4]")},
      {"tree_ensemble.2", Op::TreeEnsemble, changed(5, "i64[2]")},
      {"tree_ensemble.3",
       Op::TreeEnsemble,
       trees(good),
       {{"targets", int64_t{0}}}},
      {"tree_ensemble.4", Op::TreeEnsemble,
       trees("i64[2, 4] = 3 0 1 -1 2 8 -1 -1")},
      {"tree_ensemble.4", Op::TreeEnsemble,
       trees("i64[2, 4] = 0 6 1 -1 2 8 -1 -1")},
      {"tree_ensemble.4", Op::TreeEnsemble,
       trees("i64[2, 4] = 0 -1 1 -1 2 8 -1 -1")},
      {"tree_ensemble.5", Op::TreeEnsemble,
       trees("i64[2, 4] = 0 0 1 -1 2 8 0 -1")},
      {"tree_ensemble.5", Op::TreeEnsemble,
       trees("i64[2, 4] = 0 0 0 -1 2 8 -1 -1")},
      {"tree_ensemble.5", Op::TreeEnsemble,
       trees("i64[2, 4] = 0 0 1 -2 2 8 -1 -1")},
      {"tree_ensemble.5", Op::TreeEnsemble,
       trees("i64[2, 4] = 0 0 2 -1 2 8 -1 -1")},
      {"tree_ensemble.6", Op::TreeEnsemble, changed(3, "i64[1] = 2")},
      {"tree_ensemble.6", Op::TreeEnsemble, changed(3, "i64[1] = -2")},
      {"tree_ensemble.7", Op::TreeEnsemble, changed(4, "i64[1, 2] = 0 2")},
      {"tree_ensemble.7", Op::TreeEnsemble, changed(4, "i64[1, 2] = 1 0")},
      {"tree_ensemble.7", Op::TreeEnsemble, changed(4, "i64[1, 2] = -1 0")},
      {"tree_ensemble.8", Op::TreeEnsemble, changed(5, "i64[1] = 1")},
      {"tree_ensemble.8", Op::TreeEnsemble, changed(5, "i64[1] = -1")},
  });
}

TEST(Constraints, OfLookUpsAreRefusedByNumber) {
  auto counts = [](const std::string &starts, const std::string &places) {
    return std::vector<std::string>{"i64[4]", "i64[4] = 1 2 3 4", starts,
                                    places};
  };
  const std::vector<Attribute> size = {{"size", int64_t{3}}};
  const std::string places = "i64[3] = 0 1 2", starts = "i64[2] = 0 2";
  EXPECT_EQ(inferred(Op::NgramCounts, counts(starts, places), size), "f32[3]");
  expectRefusals({
      {"key_lookup.1", Op::KeyLookup, {"i64[2]", "i32[1]", "f32[1]", "f32[]"}},
      {"key_lookup.2", Op::KeyLookup, {"i64[2]", "i64[2]", "f32[1]", "f32[]"}},
      {"key_lookup.2", Op::KeyLookup, {"i64[2]", "i64[1]", "f32[1]", "f64[]"}},
      {"key_lookup.2", Op::KeyLookup, {"i64[2]", "i64[1]", "f32[1]", "f32[2]"}},
      {"key_lookup.2", Op::KeyLookup, {"i64[2]", "i64[]", "f32[]", "f32[]"}},
      {"ngram_counts.1",
       Op::NgramCounts,
       {"f32[4]", "i64[0]", "i64[0]", "i64[0]"},
       size},
      {"ngram_counts.1",
       Op::NgramCounts,
       {"i64[]", "i64[0]", "i64[0]", "i64[0]"},
       size},
      {"ngram_counts.2",
       Op::NgramCounts,
       {"i64[4]", "i32[0]", "i64[0]", "i64[0]"},
       size},
      {"ngram_counts.3",
       Op::NgramCounts,
       counts(starts, places),
       {{"size", int64_t{0}}}},
      {"ngram_counts.3",
       Op::NgramCounts,
       counts(starts, places),
       {{"size", int64_t{3}}, {"least", int64_t{2}}}},
      {"ngram_counts.3",
       Op::NgramCounts,
       counts(starts, places),
       {{"size", int64_t{3}}, {"skips", int64_t{-1}}}},
      {"ngram_counts.4", Op::NgramCounts, counts("i64[2] = 0 3", places), size},
      {"ngram_counts.4", Op::NgramCounts, counts("i64[2] = 2 0", places), size},
      {"ngram_counts.4", Op::NgramCounts, counts("i64[2] = 0 5", places), size},
      {"ngram_counts.5", Op::NgramCounts, counts(starts, "i64[2] = 0 1"), size},
      {"ngram_counts.5", Op::NgramCounts, counts(starts, "i64[3] = 0 1 3"),
       size},
      {"ngram_counts.5", Op::NgramCounts, counts(starts, "i64[3] = 0 1 -1"),
       size},
  });
}

TEST(Infer, OfContractionsAndSpectraKeepsNames) {
  EXPECT_EQ(
      inferred(Op::Einsum, {"f32[N, 3]", "f32[3, M]"}, equation("ab,bc->ca")),
      "f32[M, N]");
  EXPECT_EQ(inferred(Op::Einsum, {"f32[N]", "f32[2]"}, equation("a,a->a")),
            "f32[2]");
  EXPECT_EQ(inferred(Op::CumSum, {"f32[N, ?]", "i64[]"}), "f32[N, ?]");
  EXPECT_EQ(inferred(Op::Det, {"f32[N, 2, M]"}), "f32[N]");
  EXPECT_EQ(inferred(Op::Dft, {"f32[N, M, 1]"}), "f32[N, M, 2]");
  EXPECT_EQ(inferred(Op::Dft, {"f32[N, M, 1]", "i64[]"}), "f32[N, ?, 2]");
  EXPECT_EQ(inferred(Op::Dft, {"f32[N, 6, 1]", "", "i64[]"}), "f32[?, ?, 2]");
  EXPECT_EQ(inferred(Op::Stft, {"f32[N, 16, 1]", "i64[] = 2", "", "i64[] = 6"}),
            "f32[N, 6, 4, 2]");
  EXPECT_EQ(inferred(Op::Stft, {"f32[N, 16, 1]", "i64[]", "f32[6]"}),
            "f32[N, ?, ?, 2]");
  EXPECT_EQ(inferred(Op::Random, {"bool[N, ?]"},
                     {{"dtype", "f16"}, {"like", int64_t{1}}}),
            "f16[N, ?]");
  EXPECT_EQ(inferred(Op::Random, {"i64[2]"}, {{"dtype", "f32"}}), "f32[?, ?]");
  EXPECT_EQ(inferred(Op::NllLoss, {"f32[N, 3, M]", "i64[2, K]"},
                     {{"reduction", "none"}}),
            "f32[2, M]");
}

/// What a few bytes ask for must cost no more than the limits allow.
TEST(Limits, HoldForWhatAFewNumbersAskFor) {
  EvaluateLimits limits;
  limits.memoryBytes = 1 << 20;
  limits.deadline =
      std::chrono::steady_clock::now() + std::chrono::milliseconds(200);
  auto failure = [&](Op op, const std::vector<std::string> &inputs,
                     const std::vector<Attribute> &attributes) {
    auto graph = test::oneNode(op, inputs, attributes);
    if (!graph)
      return graph.error().message;
    auto result = evaluate(*graph, {}, limits);
    return result.ok() ? std::string("no failure") : result.error().code;
  };
  EXPECT_EQ(failure(Op::Dft, {"f32[1, 1] = 1", "i64[] = 1000000000000000"}, {}),
            "evaluate.memory-limit");
  EXPECT_EQ(
      failure(Op::Random, {"i64[2] = 1000000 1000000"}, {{"dtype", "f32"}}),
      "evaluate.memory-limit");
  EXPECT_EQ(failure(Op::CosineWindow, {"i64[] = 1000000000000"},
                    {{"coefficients", std::vector{1.0}}, {"dtype", "f32"}}),
            "evaluate.memory-limit");
  EXPECT_EQ(failure(Op::MelWeightMatrix,
                    {"i64[] = 100000", "i64[] = 100000", "i64[] = 8000",
                     "f64[] = 0", "f64[] = 4000"},
                    {{"dtype", "f32"}}),
            "evaluate.memory-limit");
  std::string letters = "a,b,c,d,e,f,g,h,i,j";
  std::vector<std::string> hundreds(10, "f32[100] = 1");
  EXPECT_EQ(failure(Op::Einsum, hundreds, equation(letters + "->")),
            "no failure");
  EXPECT_EQ(failure(Op::Einsum, hundreds, equation(letters + "->abcdefg")),
            "evaluate.memory-limit");
  std::vector<std::string> long2(2, "f32[100000] = 1");
  EXPECT_EQ(failure(Op::Einsum, long2, equation("a,b->")), "evaluate.deadline");
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
