// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "import/onnx/open_ranks.h"

#include "graph/ops.h"
#include "import/onnx/scalar.h"

#include <algorithm>

namespace rune::import {

using graph::GraphBuilder;
using graph::noValue;
using graph::Op;
using graph::ValueId;
using Values = Bodies::Values;

namespace {

graph::Constant listOf(const std::vector<int64_t> &values) {
  const int64_t sizes[] = {static_cast<int64_t>(values.size())};
  ByteSpan bytes{reinterpret_cast<const uint8_t *>(values.data()),
                 values.size() * sizeof(int64_t)};
  auto tensor = Tensor::copyOf({DType::I64, sizes, bytes});
  RUNE_CHECK(tensor, "a short vector is a tensor");
  return graph::Constant::of(*std::move(tensor));
}

/// The layer for one rank.
struct Branch {
  size_t rank = 0;
  Body body;
};

class ByRank {
public:
  ByRank(const std::string &name, size_t open, const ImportLayer &layer)
      : name_(name), open_(open), layer_(layer) {}

  /// What the layer makes of a value of this rank.
  Result<Values> at(size_t rank, Bodies &bodies, GraphBuilder &builder,
                    Values inputs, ValueId sizes) const;
  /// A branch for each rank that the layer takes.
  Result<std::vector<Branch>> branches(Bodies &bodies, const Values &inputs,
                                       ValueId sizes);
  /// The branch for the rank in the run; the last takes what is left.
  Result<Values> choose(std::span<Branch> branches, Bodies &bodies,
                        GraphBuilder &builder, ValueId sizes) const;
  /// All results of the layer, from those that are there.
  Values spread(const Values &made) const;

private:
  const std::string &name_;
  size_t open_;
  const ImportLayer &layer_;
  std::vector<bool> there_;
};

Values reachAll(Bodies &inside, const Values &values) {
  Values reached;
  for (ValueId value : values)
    reached.push_back(value == noValue ? noValue : inside.reach(value));
  return reached;
}

Result<Values> ByRank::at(size_t rank, Bodies &bodies, GraphBuilder &builder,
                          Values inputs, ValueId sizes) const {
  std::string part = fmt::format("{}/rank{}", name_, rank);
  ValueId count =
      builder.constant(part + "/count", listOf({static_cast<int64_t>(rank)}));
  // a size of 0 is one, it copies nothing
  ValueId ranked =
      RUNE_TRY(builder.one(Op::Reshape, part + "/sizes", {sizes, count},
                           {{"allow_zero", int64_t{1}}}));
  inputs[open_] =
      RUNE_TRY(builder.one(Op::Reshape, part + "/x", {inputs[open_], ranked},
                           {{"allow_zero", int64_t{1}}}));
  return layer_(bodies, builder, std::move(inputs));
}

Result<std::vector<Branch>>
ByRank::branches(Bodies &bodies, const Values &inputs, ValueId sizes) {
  std::vector<Branch> fitting;
  std::optional<Diagnostic> why;
  for (size_t rank = 0; rank <= mostOpenRank; ++rank) {
    std::vector<bool> there;
    auto tried = bodies.build(
        fmt::format("rank{}", rank),
        [&](Bodies &inside, GraphBuilder &builder) -> Result<Values> {
          Values made =
              RUNE_TRY(at(rank, inside, builder, reachAll(inside, inputs),
                          inside.reach(sizes)));
          for (ValueId value : made)
            there.push_back(value != noValue);
          std::erase(made, noValue);
          return made;
        });
    if (!tried) {
      why = tried.error();
      if (why->code == "import.limit")
        return *why;
      continue;
    }
    if (!fitting.empty() && there != there_)
      return error("import.unsupported",
                   "`{}`: other results for other numbers of dimensions",
                   name_);
    there_ = std::move(there);
    fitting.push_back({rank, *std::move(tried)});
  }
  if (fitting.empty())
    return *why;
  return fitting;
}

Values ByRank::spread(const Values &made) const {
  Values all;
  auto next = made.begin();
  for (bool there : there_)
    all.push_back(there ? *next++ : noValue);
  return all;
}

Result<Values> ByRank::choose(std::span<Branch> branches, Bodies &bodies,
                              GraphBuilder &builder, ValueId sizes) const {
  Branch &first = branches[0];
  std::string part = fmt::format("{}/is-rank{}", name_, first.rank);
  ValueId rank = RUNE_TRY(builder.one(Op::Shape, part + "/rank", {sizes}));
  ValueId number = builder.constant(part + "/number",
                                    listOf({static_cast<int64_t>(first.rank)}));
  ValueId same = RUNE_TRY(builder.one(Op::Equal, part, {rank, number}));
  Body other = std::move(branches[1].body);
  if (branches.size() > 2) {
    branches[1].body = std::move(other);
    other = RUNE_TRY(bodies.build(
        "else", [&](Bodies &inside, GraphBuilder &inner) -> Result<Values> {
          for (Branch &branch : branches.subspan(1))
            branch.body.captures = reachAll(inside, branch.body.captures);
          return choose(branches.subspan(1), inside, inner,
                        inside.reach(sizes));
        }));
  }
  shareCaptures(first.body, other);
  Values all = {same};
  all.insert(all.end(), first.body.captures.begin(), first.body.captures.end());
  size_t outputs = first.body.graph.outputs.size();
  std::vector<graph::Graph> graphs;
  graphs.push_back(std::move(first.body.graph));
  graphs.push_back(std::move(other.graph));
  return builder.node(Op::If, part + "/if", std::move(all), {}, outputs,
                      std::move(graphs));
}

} // namespace

Result<Values> importByRank(Bodies &bodies, GraphBuilder &builder,
                            const std::string &name, const Values &inputs,
                            size_t open, const ImportLayer &layer) {
  ByRank layers(name, open, layer);
  ValueId sizes =
      RUNE_TRY(builder.one(Op::Shape, name + "/open-sizes", {inputs[open]}));
  auto branches = RUNE_TRY(layers.branches(bodies, inputs, sizes));
  // one rank only: it needs no branch
  if (branches.size() == 1)
    return layers.at(branches[0].rank, bodies, builder, inputs, sizes);
  return layers.spread(
      RUNE_TRY(layers.choose(branches, bodies, builder, sizes)));
}

} // namespace rune::import
