// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "graph/store.h"

#include "graph/op.h"
#include "graph/table.h"
#include "graph/verify.h"

#include <algorithm>
#include <map>

namespace rune::graph {

namespace {

/// Numbers in the order of first use.
template <class Key> class Numbering {
public:
  uint32_t operator()(const Key &key) {
    auto [place, isNew] =
        numbers_.try_emplace(key, static_cast<uint32_t>(keys_.size()));
    if (isNew)
      keys_.push_back(key);
    return place->second;
  }
  const std::vector<Key> &keys() const { return keys_; }

private:
  std::map<Key, uint32_t> numbers_;
  std::vector<Key> keys_;
};

class Writer {
public:
  Result<StoredGraph> write(const Graph &graph) {
    this->graph(graph);
    return assemble();
  }

private:
  void graph(const Graph &graph) {
    body_.u32(strings_(graph.name));
    constants(graph);
    values(graph);
    nodes(graph);
    ids(graph.inputs);
    ids(graph.outputs);
    variables(graph);
    count(graph.bodies.size());
    for (const Graph &body : graph.bodies)
      this->graph(body);
  }

  /// Bodies name weights of the graph around them again: hash them once.
  uint32_t weightOf(ByteSpan data) {
    auto [place, isNew] = known_.try_emplace({data.data(), data.size()}, 0);
    if (!isNew)
      return place->second;
    uint32_t weight = hashes_(sha256(data));
    if (weight == weights_.size())
      weights_.push_back(data);
    return place->second = weight;
  }

  void constants(const Graph &graph) {
    count(graph.constants.size());
    for (const Constant &constant : graph.constants) {
      body_.u8(static_cast<uint8_t>(constant.dtype));
      body_.u8(static_cast<uint8_t>(constant.sizes.size()));
      for (int64_t size : constant.sizes)
        body_.u64(static_cast<uint64_t>(size));
      body_.u32(weightOf(constant.data));
    }
  }

  void values(const Graph &graph) {
    count(graph.values.size());
    for (const Value &value : graph.values) {
      body_.u32(strings_(value.name));
      body_.u32(value.constant.value_or(noIndex));
      if (!value.constant)
        type(value.type);
    }
  }

  void type(const ValueType &type) {
    body_.u8(static_cast<uint8_t>(type.form));
    body_.u8(static_cast<uint8_t>(type.dtype));
    body_.u8(type.ranked ? static_cast<uint8_t>(type.dims.size()) : openRank);
    for (const Dim &dim : type.dims)
      if (dim.isFixed()) {
        body_.u8(static_cast<uint8_t>(DimTag::Fixed));
        body_.u64(static_cast<uint64_t>(dim.size()));
      } else if (dim.isNamed()) {
        body_.u8(static_cast<uint8_t>(DimTag::Named));
        body_.u32(strings_(dim.name()));
      } else {
        body_.u8(static_cast<uint8_t>(DimTag::Unknown));
      }
  }

  void nodes(const Graph &graph) {
    count(graph.nodes.size());
    for (const Node &node : graph.nodes) {
      body_.u32(operators_(node.op));
      body_.u32(strings_(node.name));
      ids(node.inputs);
      ids(node.outputs);
      count(node.attributes.size());
      for (const Attribute &attribute : node.attributes) {
        body_.u32(strings_(attribute.name));
        body_.u8(static_cast<uint8_t>(kindOf(attribute.value)));
        std::visit([&](const auto &value) { put(value); }, attribute.value);
      }
      ids(node.bodies);
    }
  }

  void variables(const Graph &graph) {
    count(graph.variables.size());
    for (const Variable &variable : graph.variables) {
      body_.u32(variable.input);
      body_.u32(variable.output);
      body_.u32(variable.initial.value_or(noIndex));
    }
  }

  void put(int64_t value) { body_.u64(static_cast<uint64_t>(value)); }
  void put(double value) { body_.u64(std::bit_cast<uint64_t>(value)); }
  void put(const std::string &value) { body_.u32(strings_(value)); }
  template <class T> void put(const std::vector<T> &list) {
    count(list.size());
    for (T value : list)
      put(value);
  }

  void ids(const std::vector<ValueId> &ids) {
    count(ids.size());
    for (ValueId id : ids)
      body_.u32(id);
  }
  /// Counts were limited by verify.
  void count(size_t count) { body_.u32(static_cast<uint32_t>(count)); }

  Result<StoredGraph> assemble() {
    ByteWriter table;
    table.u32(tableMagic);
    table.u16(tableVersion);
    table.u16(0);
    for (Op op : operators_.keys())
      strings_(std::string(opName(op)));
    const auto &strings = strings_.keys();
    auto isLong = [](const std::string &s) { return s.size() > maxTextBytes; };
    auto isBad = [](const std::string &s) { return !isUtf8(asBytes(s)); };
    if (strings.size() > maxStrings || std::ranges::any_of(strings, isLong))
      return error("graph.limit",
                   "more than {} names, or one of more than {} "
                   "bytes",
                   maxStrings, maxTextBytes);
    if (std::ranges::any_of(strings, isBad))
      return error("graph.invalid", "a name is not UTF-8");
    table.u32(static_cast<uint32_t>(strings.size()));
    for (const std::string &string : strings)
      table.text(string);
    table.u32(static_cast<uint32_t>(weights_.size()));
    for (ByteSpan weight : weights_)
      table.u64(weight.size());
    table.u32(static_cast<uint32_t>(operators_.keys().size()));
    for (Op op : operators_.keys()) {
      table.u32(strings_(std::string(opName(op))));
      table.u16(opVersion(op));
    }
    table.raw(body_.bytes());
    return StoredGraph{table.take(), std::move(weights_)};
  }

  ByteWriter body_;
  Numbering<std::string> strings_;
  Numbering<Op> operators_;
  Numbering<Sha256> hashes_;
  std::map<std::pair<const uint8_t *, size_t>, uint32_t> known_;
  std::vector<ByteSpan> weights_;
};

} // namespace

Result<StoredGraph> store(const Graph &graph) {
  RUNE_TRY(verify(graph));
  return Writer().write(graph);
}

} // namespace rune::graph
