// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// In which order the dimensions of a value stand in memory, and the versions of
// it that there are already. An order is a permutation as transpose's:
// dimension d of what is stored is dimension order[d] of the value.
#pragma once

#include "compile/passes/rewriter.h"

#include <map>

namespace rune::compile {

using Order = std::vector<int64_t>;
using Sizes = std::vector<int64_t>;

/// The order of a value that stands as it is written.
Order plainOrder(size_t rank);
/// Batch, spatial dimensions, channels.
Order lastOrder(size_t rank);
/// Where dimension `axis` stands.
int64_t placeOf(const Order &order, int64_t axis);
/// The same for several axes, ascending.
std::vector<int64_t> placesOf(const Order &order,
                              std::span<const int64_t> axes);
/// The sizes as stored.
Sizes stored(const Sizes &sizes, const Order &order);
/// True if both put the same elements at the same addresses: they differ only
/// in where dimensions of 1 stand.
bool areSame(const Sizes &sizes, const Order &a, const Order &b);

/// One reshape seen from its input: what order the input needs so that the
/// stored elements can stay, the nearest to the one it has; what order the
/// result has then. Nothing where a size is 0.
struct Regrouped {
  Order from, to;
};
std::optional<Regrouped> regroup(const Sizes &sizes, const Order &order,
                                 const Sizes &newSizes);

/// The versions of all values of a graph while it is made anew.
class Arrangements {
public:
  explicit Arrangements(Rewriter &rewriter);

  /// The order of the first version.
  const Order &orderOf(graph::ValueId old) const;
  /// True if the value stands in this order, or can be reshaped to.
  bool has(graph::ValueId old, const Order &order) const;
  /// The value in this order; transposed if it must be.
  Result<graph::ValueId> get(graph::ValueId old, const Order &order);
  /// The same, but that dimensions of 1 may stand elsewhere.
  Result<graph::ValueId> getOnes(graph::ValueId old, const Order &order);
  Result<graph::ValueId> plain(graph::ValueId old);
  void set(graph::ValueId old, Order order, graph::ValueId now);

  /// The value as an operand of a broadcast whose result has `order`: with
  /// dimensions of 1 where it has fewer.
  Result<graph::ValueId> stretched(graph::ValueId old, const Order &order);
  /// The part of `order` that the value's own dimensions have in it.
  Order ownOrder(graph::ValueId old, const Order &order) const;

  Result<graph::ValueId> reshaped(graph::ValueId now, const Sizes &sizes);
  graph::ValueId integers(const std::string &name,
                          const std::vector<int64_t> &numbers);
  /// The elements of a constant i64 input; nothing where it is none.
  std::optional<std::vector<int64_t>> constant(graph::ValueId old) const;

  const graph::Graph &graph() const { return rewriter_.from(); }
  Rewriter &rewriter() { return rewriter_; }
  /// True if all sizes of the value are known, and its elements stand one by
  /// one.
  bool isKnown(graph::ValueId old) const;
  Sizes sizesOf(graph::ValueId old) const;

private:
  using Versions = std::vector<std::pair<Order, graph::ValueId>>;
  const Versions &versionsOf(graph::ValueId old) const;
  std::optional<graph::ValueId> transposedConstant(graph::ValueId old,
                                                   const Order &order);

  Rewriter &rewriter_;
  std::vector<Versions> versions_;
};

} // namespace rune::compile
