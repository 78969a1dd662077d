// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compile/passes/arrangement.h"

#include "graph/ops.h"

#include <algorithm>
#include <numeric>

namespace rune::compile {

using graph::noValue;
using graph::Op;
using graph::ValueId;

Order plainOrder(size_t rank) {
  Order order(rank);
  std::iota(order.begin(), order.end(), 0);
  return order;
}

Order lastOrder(size_t rank) {
  Order order = plainOrder(rank);
  if (rank > 2)
    std::rotate(order.begin() + 1, order.begin() + 2, order.end());
  return order;
}

int64_t placeOf(const Order &order, int64_t axis) {
  return std::ranges::find(order, axis) - order.begin();
}

std::vector<int64_t> placesOf(const Order &order,
                              std::span<const int64_t> axes) {
  std::vector<int64_t> places;
  for (int64_t axis : axes)
    places.push_back(placeOf(order, axis));
  std::ranges::sort(places);
  return places;
}

Sizes stored(const Sizes &sizes, const Order &order) {
  Sizes result;
  for (int64_t axis : order)
    result.push_back(sizes[static_cast<size_t>(axis)]);
  return result;
}

static Order withoutOnes(const Sizes &sizes, const Order &order) {
  Order result;
  for (int64_t axis : order)
    if (sizes[static_cast<size_t>(axis)] != 1)
      result.push_back(axis);
  return result;
}

bool areSame(const Sizes &sizes, const Order &a, const Order &b) {
  return withoutOnes(sizes, a) == withoutOnes(sizes, b);
}

namespace {

/// Dimensions of the input that become dimensions of the result together.
struct Group {
  std::vector<int64_t> from, to;
  /// Where in memory the first of them stands.
  int64_t place = 0;
  size_t index = 0;

  std::pair<int64_t, size_t> key() const { return {place, index}; }
};

std::vector<Group> groupsOf(const Sizes &a, const Sizes &b) {
  std::vector<Group> groups;
  size_t i = 0, j = 0;
  while (i < a.size() || j < b.size()) {
    Group group;
    group.index = groups.size();
    int64_t left = 1, right = 1;
    auto takeLeft = [&] {
      group.from.push_back(static_cast<int64_t>(i)), left *= a[i++];
    };
    auto takeRight = [&] {
      group.to.push_back(static_cast<int64_t>(j)), right *= b[j++];
    };
    if (i < a.size())
      takeLeft();
    if (j < b.size())
      takeRight();
    while (left != right)
      if (left < right)
        takeLeft();
      else
        takeRight();
    groups.push_back(std::move(group));
  }
  return groups;
}

} // namespace

std::optional<Regrouped> regroup(const Sizes &sizes, const Order &order,
                                 const Sizes &newSizes) {
  if (std::ranges::count(sizes, 0))
    return std::nullopt;
  std::vector<Group> groups = groupsOf(sizes, newSizes);
  int64_t before = -1;
  for (Group &group : groups) {
    group.place = INT64_MAX;
    for (int64_t axis : group.from)
      if (sizes[static_cast<size_t>(axis)] != 1)
        group.place = std::min(group.place, placeOf(order, axis));
    if (group.place == INT64_MAX)
      group.place = before; // only ones: beside the group before
    before = group.place;
  }
  std::ranges::sort(groups, {}, &Group::key);
  Regrouped result;
  for (const Group &group : groups) {
    result.from.insert(result.from.end(), group.from.begin(), group.from.end());
    result.to.insert(result.to.end(), group.to.begin(), group.to.end());
  }
  return result;
}

Arrangements::Arrangements(Rewriter &rewriter)
    : rewriter_(rewriter), versions_(rewriter.from().values.size()) {
  for (ValueId id = 0; id < versions_.size(); ++id)
    if (rewriter_[id] != noValue)
      versions_[id].push_back(
          {plainOrder(graph().values[id].type.dims.size()), rewriter_[id]});
}

const Arrangements::Versions &Arrangements::versionsOf(ValueId old) const {
  RUNE_CHECK(!versions_[old].empty(), "a value that was made");
  return versions_[old];
}

const Order &Arrangements::orderOf(ValueId old) const {
  return versionsOf(old).front().first;
}

bool Arrangements::isKnown(ValueId old) const {
  const graph::ValueType &type = graph().values[old].type;
  return type.isTensor() && type.isStatic() && dtypeBytes(type.dtype) != 0;
}

Sizes Arrangements::sizesOf(ValueId old) const {
  return graph().values[old].type.sizes();
}

void Arrangements::set(ValueId old, Order order, ValueId now) {
  versions_[old].push_back({std::move(order), now});
}

bool Arrangements::has(ValueId old, const Order &order) const {
  Sizes sizes = sizesOf(old);
  return graph().values[old].constant ||
         std::ranges::any_of(versionsOf(old), [&](const auto &version) {
           return areSame(sizes, version.first, order);
         });
}

ValueId Arrangements::integers(const std::string &name,
                               const std::vector<int64_t> &numbers) {
  auto tensor =
      Tensor::zeros(DType::I64, {static_cast<int64_t>(numbers.size())});
  RUNE_CHECK(tensor, "a small tensor");
  std::ranges::copy(numbers, tensor->as<int64_t>().begin());
  return rewriter_.builder().constant(name,
                                      graph::Constant::of(*std::move(tensor)));
}

std::optional<std::vector<int64_t>> Arrangements::constant(ValueId old) const {
  const graph::Value &value = graph().values[old];
  if (!value.constant || value.type.dtype != DType::I64)
    return std::nullopt;
  ByteSpan data = graph().constants[*value.constant].data;
  std::vector<int64_t> numbers(data.size() / sizeof(int64_t));
  if (!numbers.empty())
    std::memcpy(numbers.data(), data.data(), numbers.size() * sizeof(int64_t));
  return numbers;
}

/// The same elements under other sizes; a constant without a copy.
Result<ValueId> Arrangements::reshaped(ValueId now, const Sizes &sizes) {
  graph::GraphBuilder &builder = rewriter_.builder();
  if (builder.type(now).sizes() == sizes)
    return now;
  if (const graph::Constant *constant = builder.constantAt(now)) {
    graph::Constant other = *constant;
    other.sizes = sizes;
    return builder.constant("", std::move(other));
  }
  return builder.one(Op::Reshape, "reshape", {now, integers("shape", sizes)},
                     {{"allow_zero", int64_t{1}}});
}

/// Constants are transposed here and now.
std::optional<ValueId> Arrangements::transposedConstant(ValueId old,
                                                        const Order &order) {
  const graph::Constant &constant =
      graph().constants[*graph().values[old].constant];
  size_t width = dtypeBytes(constant.dtype), rank = order.size();
  auto tensor = Tensor::zeros(constant.dtype, stored(constant.sizes, order));
  if (width == 0 || !tensor)
    return std::nullopt;
  std::vector<int64_t> strides(rank, static_cast<int64_t>(width)), at(rank, 0);
  for (size_t i = rank; i-- > 1;)
    strides[i - 1] = strides[i] * constant.sizes[i];
  uint8_t *to = tensor->bytes().data();
  int64_t from = 0;
  for (uint64_t left = tensor->count(); left > 0; --left, to += width) {
    std::memcpy(to, constant.data.data() + from, width);
    for (size_t d = rank; d-- > 0;) {
      int64_t stride = strides[static_cast<size_t>(order[d])];
      from += stride;
      if (++at[d] < tensor->sizes()[d])
        break;
      from -= stride * at[d];
      at[d] = 0;
    }
  }
  return rewriter_.builder().constant(graph().values[old].name,
                                      graph::Constant::of(*std::move(tensor)));
}

Result<ValueId> Arrangements::get(ValueId old, const Order &order) {
  const Versions &versions = versionsOf(old);
  for (const auto &[has, now] : versions)
    if (has == order)
      return now;
  Sizes sizes = sizesOf(old);
  std::optional<ValueId> made;
  for (const auto &[has, now] : versions)
    if (areSame(sizes, has, order)) {
      made = RUNE_TRY(reshaped(now, stored(sizes, order)));
      break;
    }
  if (!made && graph().values[old].constant)
    made = transposedConstant(old, order);
  if (!made) {
    const auto &[has, now] = versions.front();
    Order permutation;
    for (int64_t axis : order)
      permutation.push_back(placeOf(has, axis));
    made = RUNE_TRY(rewriter_.builder().one(Op::Transpose,
                                            graph().values[old].name, {now},
                                            {{"permutation", permutation}}));
  }
  set(old, order, *made);
  return *made;
}

Result<ValueId> Arrangements::getOnes(ValueId old, const Order &order) {
  Sizes sizes = sizesOf(old);
  for (const auto &[has, now] : versionsOf(old))
    if (areSame(sizes, has, order))
      return now;
  return get(old, order);
}

Result<ValueId> Arrangements::plain(ValueId old) {
  if (old == noValue)
    return old;
  return get(old, plainOrder(graph().values[old].type.dims.size()));
}

Order Arrangements::ownOrder(ValueId old, const Order &order) const {
  int64_t missing = static_cast<int64_t>(order.size()) -
                    static_cast<int64_t>(graph().values[old].type.dims.size());
  Order own;
  for (int64_t axis : order)
    if (axis >= missing)
      own.push_back(axis - missing);
  return own;
}

Result<ValueId> Arrangements::stretched(ValueId old, const Order &order) {
  size_t rank = graph().values[old].type.dims.size();
  if (rank == 0)
    return plain(old);
  ValueId now = RUNE_TRY(get(old, ownOrder(old, order)));
  int64_t missing = static_cast<int64_t>(order.size() - rank);
  Sizes own = sizesOf(old), sizes;
  for (int64_t axis : order)
    if (int64_t size =
            axis < missing ? 1 : own[static_cast<size_t>(axis - missing)];
        size != 1 || !sizes.empty() || rank == order.size())
      sizes.push_back(size);
  return reshaped(now, sizes);
}

} // namespace rune::compile
