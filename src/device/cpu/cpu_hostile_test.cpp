// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Indices from strangers: whatever stands in the data, compiled code ends with
// the refusal that the evaluator gives, or with its numbers, and touches
// nothing outside of its tensors. No sanitizer sees compiled code, so every
// input stands between two pages that nobody may touch.
#include "device/cpu/run_graph.h"

#include "graph/evaluate.h"
#include "graph/numeric.h"
#include "graph/one_node.h"
#include "graph/ops.h"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmath>

namespace rune::device {
namespace {

using graph::Op;
using Attributes = std::vector<graph::Attribute>;

/// Bytes between two pages that nobody may touch, at the end of theirs.
class Guarded {
public:
  explicit Guarded(ByteSpan bytes) : page_(getpagesize()) {
    pages_ = alignTo(std::max<size_t>(bytes.size(), 1), page_);
    base_ = static_cast<uint8_t *>(mmap(nullptr, pages_ + 2 * page_, PROT_NONE,
                                        MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    RUNE_CHECK(base_ != MAP_FAILED, "there is memory for a test");
    mprotect(base_ + page_, pages_, PROT_READ | PROT_WRITE);
    // as aligned as the device needs, else it would copy them
    size_t room = (pages_ - bytes.size()) / 64 * 64;
    data_ = {base_ + page_ + room, bytes.size()};
    std::ranges::copy(bytes, base_ + page_ + room);
    mprotect(base_ + page_, pages_, PROT_READ);
  }
  Guarded(Guarded &&other) noexcept
      : page_(other.page_), pages_(other.pages_),
        base_(std::exchange(other.base_, nullptr)), data_(other.data_) {}
  Guarded &operator=(Guarded &&) = delete;
  ~Guarded() {
    if (base_)
      munmap(base_, pages_ + 2 * page_);
  }
  ByteSpan bytes() const { return data_; }

private:
  size_t page_, pages_ = 0;
  uint8_t *base_ = nullptr;
  ByteSpan data_;
};

/// A node whose input `hostile` holds indices; the others count 0, 1, 2, …
struct Node {
  std::string name;
  Op op;
  std::vector<std::string> inputs;
  size_t hostile;
  Attributes attributes = {};
  size_t outputs = 1;
};

const std::vector<Node> &nodes() {
  static const std::vector<Node> all = {
      {"gather",
       Op::Gather,
       {"f32[16, 8]", "i64[8]"},
       1,
       {{"axis", int64_t{0}}}},
      {"gather_i32", Op::Gather, {"u8[64]", "i32[16]"}, 1},
      {"gather_nd", Op::GatherNd, {"f32[8, 8]", "i64[4, 2]"}, 1},
      {"gather_elements",
       Op::GatherElements,
       {"f32[8, 8]", "i64[8, 1]"},
       1,
       {{"axis", int64_t{1}}}},
      {"scatter_elements",
       Op::ScatterElements,
       {"f32[8, 8]", "i64[8, 1]", "f32[8, 1]"},
       1,
       {{"axis", int64_t{1}}}},
      {"scatter_elements_add",
       Op::ScatterElements,
       {"f32[64]", "i32[16]", "f32[16]"},
       1,
       {{"reduction", std::string("add")}}},
      {"scatter_nd", Op::ScatterNd, {"f32[8, 8]", "i64[4, 2]", "f32[4]"}, 1},
      {"scatter_nd_rows",
       Op::ScatterNd,
       {"f32[8, 8]", "i64[8, 1]", "f32[8, 8]"},
       1},
      {"tensor_scatter",
       Op::TensorScatter,
       {"f32[8, 4, 4]", "f32[8, 2, 4]", "i64[8]"},
       2,
       {{"axis", int64_t{1}}}},
      {"tensor_scatter_circular",
       Op::TensorScatter,
       {"f32[8, 4, 4]", "f32[8, 2, 4]", "i64[8]"},
       2,
       {{"axis", int64_t{1}}, {"circular", int64_t{1}}}},
      {"reverse_sequence",
       Op::ReverseSequence,
       {"f32[4, 8]", "i64[8]"},
       1,
       {{"batch_axis", int64_t{1}}, {"time_axis", int64_t{0}}}},
      {"max_unpool",
       Op::MaxUnpool,
       {"f32[1, 1, 2, 8]", "i64[1, 1, 2, 8]"},
       1,
       {{"kernel", std::vector<int64_t>{2, 2}},
        {"strides", std::vector<int64_t>{2, 2}}}},
      {"roi_align",
       Op::RoiAlign,
       {"f32[2, 1, 4, 8]", "f32[8, 4]", "i64[8]"},
       2},
      {"nll_loss", Op::NllLoss, {"f32[8, 8]", "i64[8]"}, 1},
      {"nll_loss_weighted", Op::NllLoss, {"f32[8, 8]", "i64[8]", "f32[8]"}, 1},
      {"cum_sum", Op::CumSum, {"f32[4, 4]", "i64[1]"}, 1},
      {"lstm",
       Op::Lstm,
       {"f32[4, 16, 2]", "f32[8, 2]", "f32[8, 2]", "", "", "", "", "i32[16]"},
       7,
       {},
       3},
      {"gru",
       Op::Gru,
       {"f32[4, 16, 2]", "f32[6, 2]", "f32[6, 2]", "", "", "", "i32[16]"},
       6,
       {},
       2},
      {"rnn",
       Op::Rnn,
       {"f32[4, 16, 2]", "f32[2, 2]", "f32[2, 2]", "", "", "", "i32[16]"},
       6,
       {},
       2},
      {"attention",
       Op::Attention,
       {"f32[8, 1, 2, 4]", "f32[8, 1, 4, 4]", "f32[8, 1, 4, 4]", "", "", "",
        "i64[8]"},
       6},
      {"tree_roots",
       Op::TreeEnsemble,
       {"f32[4, 4]", "i64[2, 4]", "f32[2]", "i64[8]", "i64[2, 2]", "i64[2]",
        "f32[2]"},
       3},
      {"tree_nodes",
       Op::TreeEnsemble,
       {"f32[4, 4]", "i64[2, 4]", "f32[2]", "i64[2] = 0 1", "i64[2, 2]",
        "i64[2]", "f32[2]"},
       1},
      {"tree_leaves",
       Op::TreeEnsemble,
       {"f32[4, 4]", "i64[2, 4]", "f32[2]", "i64[2] = -1 -2", "i64[4, 2]",
        "i64[2]", "f32[2]"},
       4},
      {"tree_targets",
       Op::TreeEnsemble,
       {"f32[4, 4]", "i64[2, 4]", "f32[2]", "i64[2] = -1 -2",
        "i64[2, 2] = 0 1 1 2", "i64[8]", "f32[8]"},
       5},
      {"filter_bank_starts",
       Op::FilterBank,
       {"u32[4, 16]", "i32[8]", "i64[8]", "i64[8] = 1 1 1 1 1 1 1 1"},
       2},
      {"filter_bank_widths",
       Op::FilterBank,
       {"u32[4, 16]", "i32[16]", "i64[8]", "i64[8]"},
       3},
      {"lookup", Op::Lookup, {"i8[64]", "i8[256]"}, 0},
      {"pcan",
       Op::PcanFixed,
       {"u32[16]", "u32[16]", "i16[125]"},
       1,
       {{"snr_shift", int64_t{6}}}},
  };
  return all;
}

/// Places that numbers are read at; the hostile input holds them.
const std::vector<Node> &sampled() {
  static const std::vector<Node> all = {
      {"grid_sample",
       Op::GridSample,
       {"f32[1, 2, 4, 8]", "f32[1, 2, 4, 2]"},
       1},
      {"grid_sample_nearest",
       Op::GridSample,
       {"f32[1, 2, 4, 8]", "f32[1, 2, 4, 2]"},
       1,
       {{"mode", std::string("nearest")}}},
      {"grid_sample_cubic_reflection",
       Op::GridSample,
       {"f32[1, 2, 4, 8]", "f32[1, 2, 4, 2]"},
       1,
       {{"mode", std::string("cubic")},
        {"padding", std::string("reflection")}}},
      {"grid_sample_border",
       Op::GridSample,
       {"f32[1, 2, 4, 8]", "f32[1, 2, 4, 2]"},
       1,
       {{"padding", std::string("border")}}},
      {"deform_conv",
       Op::DeformConv,
       {"f32[1, 1, 4, 4]", "f32[1, 1, 1, 1]", "f32[1, 2, 4, 4]"},
       2},
      {"roi_align_boxes",
       Op::RoiAlign,
       {"f32[2, 1, 4, 8]", "f32[4, 4]", "i64[4] = 0 1 0 1"},
       1,
       {{"sampling_ratio", int64_t{2}}}},
      {"max_roi_pool",
       Op::MaxRoiPool,
       {"f32[1, 1, 4, 8]", "f32[2, 5]"},
       1,
       {{"height", int64_t{2}}, {"width", int64_t{2}}}},
  };
  return all;
}

Tensor counting(const TensorType &type) {
  auto tensor = Tensor::zeros(type.dtype, type.sizes());
  graph::withNumeric(type.dtype, [&]<class T>(graph::Type<T>) {
    for (uint64_t i = 0; i < tensor->count(); ++i)
      tensor->as<T>()[i] = graph::narrow<T>(static_cast<double>(i % 3));
  });
  return std::move(*tensor);
}

/// `node.3` of a message that ends so.
std::string ruleOf(const std::string &message) {
  size_t open = message.rfind('(');
  return open == message.npos ? message : message.substr(open);
}

/// The inputs of a node, the hostile one with `write(tensor)` applied.
class Attack {
public:
  explicit Attack(const Node &node) : node_(node) {
    auto graph = graph::test::oneNode(node.op, node.inputs, node.attributes,
                                      node.outputs);
    EXPECT_TRUE(graph.ok()) << graph.error().message;
    graph_ = *graph;
    auto run = CpuRun::prepare(*std::move(graph));
    EXPECT_TRUE(run.ok()) << run.error().message;
    run_ = *std::move(run);
  }

  template <class Write> void with(Write write) {
    std::vector<Tensor> tensors;
    size_t at = 0;
    for (size_t i = 0; i < node_.inputs.size(); ++i) {
      if (node_.inputs[i].empty() ||
          node_.inputs[i].find('=') != std::string::npos)
        continue;
      tensors.push_back(counting(graph_.values[graph_.inputs[at++]].type));
      if (i == node_.hostile)
        write(tensors.back());
    }
    std::vector<Guarded> guarded;
    std::vector<TensorView> views;
    for (const Tensor &tensor : tensors) {
      guarded.emplace_back(tensor.bytes());
      views.push_back({tensor.dtype(), tensor.sizes(), guarded.back().bytes()});
    }
    compare(graph::evaluate(graph_, views), borrowed(views));
  }

private:
  void compare(Result<std::vector<Tensor>> judged, graph::Items items) {
    graph::State state;
    auto results = run_->run(std::move(items), {}, state);
    ASSERT_EQ(results.ok(), judged.ok())
        << (judged.ok() ? results.error().message : judged.error().message);
    if (!judged.ok()) {
      EXPECT_EQ(results.error().code, judged.error().code);
      EXPECT_EQ(ruleOf(results.error().message),
                ruleOf(judged.error().message));
      return;
    }
    for (size_t i = 0; i < judged->size(); ++i)
      expectSame((*judged)[i].view(), (*results)[i].view());
  }
  static void expectSame(const TensorView &a, const TensorView &b) {
    if (a.dtype != DType::F32) {
      EXPECT_TRUE(std::ranges::equal(a.data, b.data));
      return;
    }
    for (size_t i = 0; i < a.data.size() / sizeof(float); ++i) {
      auto x = loadUnaligned<float>(a.data.data() + i * sizeof(float)),
           y = loadUnaligned<float>(b.data.data() + i * sizeof(float));
      EXPECT_EQ(std::isnan(x), std::isnan(y)) << "element " << i;
      if (!std::isnan(x) && x != y) {
        EXPECT_NEAR(x, y, 1e-4 * std::max(1.0F, std::abs(x)))
            << "element " << i;
      }
    }
  }

  const Node &node_;
  graph::Graph graph_;
  std::unique_ptr<CpuRun> run_;
};

class HostileIndex : public testing::TestWithParam<size_t> {};
class HostilePlace : public testing::TestWithParam<size_t> {};

TEST_P(HostileIndex, IsRefusedAsTheEvaluatorDoes) {
  const Node &node = nodes()[GetParam()];
  Attack attack(node);
  constexpr double bad[] = {
      -1,     1,       2,      3,       4,      7,       8,           -8,
      -9,     15,      16,     17,      64,     127,     -128,        1 << 20,
      0x1p31, -0x1p31, 0x1p40, -0x1p40, 0x1p62, -0x1p63, 0x1.fffffp62};
  for (double index : bad)
    for (size_t place : {0, 1, 5}) {
      SCOPED_TRACE(fmt::format("{} at {}", index, place));
      attack.with([&](Tensor &tensor) {
        graph::withInteger(tensor.dtype(), [&]<class T>(graph::Type<T>) {
          if (index >= static_cast<double>(std::numeric_limits<T>::min()) &&
              index <= static_cast<double>(std::numeric_limits<T>::max()) / 2 &&
              place < tensor.count())
            tensor.as<T>()[place] = static_cast<T>(index);
        });
      });
      if (HasFatalFailure())
        return;
    }
}

TEST_P(HostilePlace, IsClampedOrRefused) {
  const Node &node = sampled()[GetParam()];
  Attack attack(node);
  constexpr float infinity = std::numeric_limits<float>::infinity();
  for (float value :
       {-1.5F, -1.0F, 0.5F, 1.0F, 1.25F, 3.0F, 1e6F, -1e6F, 1e20F, -1e38F,
        infinity, -infinity, std::numeric_limits<float>::quiet_NaN()})
    for (size_t place : {0, 1, 3, 7}) {
      SCOPED_TRACE(fmt::format("{} at {}", value, place));
      attack.with([&](Tensor &tensor) { tensor.as<float>()[place] = value; });
      if (HasFatalFailure())
        return;
    }
}

INSTANTIATE_TEST_SUITE_P(All, HostileIndex,
                         testing::Range(size_t{0}, nodes().size()),
                         [](const auto &info) {
                           return nodes()[info.param].name;
                         });
INSTANTIATE_TEST_SUITE_P(All, HostilePlace,
                         testing::Range(size_t{0}, sampled().size()),
                         [](const auto &info) {
                           return sampled()[info.param].name;
                         });

} // namespace
} // namespace rune::device
