// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The small bounds-checked reader of graph tables. Every count is compared with
// its limit and with the bytes that are left before anything is allocated; what
// has been read is then verified like any graph.
#include "graph/op.h"
#include "graph/ops.h"
#include "graph/store.h"
#include "graph/table.h"
#include "graph/verify.h"

namespace rune::graph {

namespace {

class Reader {
public:
  Reader(ByteSpan table, std::span<const ByteSpan> weights)
      : in_(table), weights_(weights) {}

  Result<Graph> read() {
    RUNE_TRY(header());
    RUNE_TRY(strings());
    RUNE_TRY(weightSizes());
    RUNE_TRY(operators());
    Graph graph;
    RUNE_TRY(readGraph(graph, 0));
    if (!in_.atEnd())
      return malformed("{} bytes after the end", in_.remaining());
    return graph;
  }

private:
  Result<> readGraph(Graph &graph, size_t depth) {
    if (depth > maxBodyDepth)
      return error("graph.limit",
                   "graph table, offset {}: bodies more than {} deep",
                   in_.offset(), maxBodyDepth);
    graph.name = RUNE_TRY(string());
    RUNE_TRY(constants(graph));
    RUNE_TRY(values(graph));
    RUNE_TRY(nodes(graph));
    graph.inputs = RUNE_TRY(ids(maxPerNode));
    graph.outputs = RUNE_TRY(ids(maxPerNode));
    if (version_ >= 2)
      RUNE_TRY(variables(graph));
    if (version_ >= 3)
      RUNE_TRY(bodies(graph, depth));
    return {};
  }

  /// A body takes at least 32 bytes.
  Result<> bodies(Graph &graph, size_t depth) {
    uint32_t number = RUNE_TRY(count(maxNodes, 32, "bodies"));
    for (uint32_t i = 0; i < number; ++i)
      RUNE_TRY(readGraph(graph.bodies.emplace_back(), depth + 1));
    return {};
  }

  template <class... Args>
  Diagnostic malformed(fmt::format_string<Args...> text, Args &&...args) const {
    return malformedWith(text, fmt::make_format_args(args...));
  }
  // What many functions call is not inlined: that tripled the time this file
  // takes to compile.
  [[gnu::noinline]] Diagnostic malformedWith(fmt::string_view text,
                                             fmt::format_args args) const {
    return error("graph.malformed", "graph table, offset {}: {}", in_.offset(),
                 fmt::vformat(text, args));
  }

  /// A number of items that each take at least `bytesEach`.
  [[gnu::noinline]] Result<uint32_t> count(uint64_t limit, uint64_t bytesEach,
                                           std::string_view what) {
    uint32_t count = RUNE_TRY(in_.u32());
    if (count > limit)
      return error("graph.limit", "graph table, offset {}: {} {}, at most {}",
                   in_.offset(), count, what, limit);
    if (count > in_.remaining() / bytesEach)
      return malformed("{} {} do not fit into {} bytes", count, what,
                       in_.remaining());
    return count;
  }

  Result<> header() {
    if (RUNE_TRY(in_.u32()) != tableMagic)
      return malformed("not a graph table");
    version_ = RUNE_TRY(in_.u16());
    if (version_ < oldestTableVersion || version_ > tableVersion)
      return error("graph.unsupported-version",
                   "graph table of version {}, this program reads {} to {}",
                   version_, oldestTableVersion, tableVersion)
          .withHelp("update rune, or build the file again");
    if (RUNE_TRY(in_.u16()) != 0)
      return malformed("reserved bytes are not 0");
    return {};
  }

  Result<> strings() {
    uint32_t number = RUNE_TRY(count(maxStrings, 4, "names"));
    for (uint32_t i = 0; i < number; ++i) {
      strings_.push_back(RUNE_TRY(in_.text()));
      if (strings_.back().size() > maxTextBytes)
        return error("graph.limit", "name {} has {} bytes, at most {}", i,
                     strings_.back().size(), maxTextBytes);
    }
    return {};
  }

  [[gnu::noinline]] Result<std::string> string() {
    uint32_t index = RUNE_TRY(in_.u32());
    if (index >= strings_.size())
      return malformed("no name {}", index);
    // few bytes of a table could name one long string again and again
    copied_ += strings_[index].size();
    if (copied_ > maxNameBytes)
      return error("graph.limit",
                   "graph table, offset {}: more than {} bytes "
                   "of names in all",
                   in_.offset(), maxNameBytes);
    return std::string(strings_[index]);
  }

  Result<> weightSizes() {
    uint32_t number = RUNE_TRY(count(maxValues, 8, "weights"));
    if (number != weights_.size())
      return malformed("{} weights, {} were given", number, weights_.size());
    for (uint32_t i = 0; i < number; ++i)
      if (uint64_t size = RUNE_TRY(in_.u64()); size != weights_[i].size())
        return malformed("weight {} has {} bytes, {} were given", i, size,
                         weights_[i].size());
    return {};
  }

  /// All unknown operators at once: the user sees what a newer program needs.
  Result<> operators() {
    uint32_t number = RUNE_TRY(count(maxNodes, 6, "operators"));
    std::vector<std::string> unknown;
    for (uint32_t i = 0; i < number; ++i) {
      std::string name = RUNE_TRY(string());
      uint16_t version = RUNE_TRY(in_.u16());
      auto op = opNamed(name, version);
      operators_.push_back(op.value_or(Op::Identity));
      if (!op && unknown.size() < Report::maxKept)
        unknown.push_back(fmt::format("`{}` {}", name, version));
    }
    if (!unknown.empty())
      return error("graph.unknown-operator",
                   "the graph needs operators this program does not know: {}",
                   fmt::join(unknown, ", "));
    return {};
  }

  [[gnu::noinline]] Result<DType> dtype() {
    uint8_t number = RUNE_TRY(in_.u8());
    if (number >= dtypeCount)
      return malformed("no element type {}", number);
    return static_cast<DType>(number);
  }

  [[gnu::noinline]] Result<uint8_t> rank() {
    uint8_t rank = RUNE_TRY(in_.u8());
    RUNE_TRY(checkRank(rank));
    return rank;
  }

  Result<> checkRank(uint8_t rank) {
    if (rank > maxRank)
      return error("graph.limit",
                   "graph table, offset {}: {} dimensions, at "
                   "most {}",
                   in_.offset(), rank, maxRank);
    return {};
  }

  [[gnu::noinline]] Result<int64_t> size() {
    uint64_t size = RUNE_TRY(in_.u64());
    if (size > static_cast<uint64_t>(INT64_MAX))
      return malformed("a dimension of {}", size);
    return static_cast<int64_t>(size);
  }

  [[gnu::noinline]] Result<> constants(Graph &graph) {
    uint32_t number = RUNE_TRY(count(maxValues, 6, "constants"));
    for (uint32_t i = 0; i < number; ++i) {
      Constant constant{RUNE_TRY(dtype()), {}, {}, nullptr};
      uint8_t dims = RUNE_TRY(rank());
      for (uint8_t d = 0; d < dims; ++d)
        constant.sizes.push_back(RUNE_TRY(size()));
      uint32_t weight = RUNE_TRY(in_.u32());
      if (weight >= weights_.size())
        return malformed("no weight {}", weight);
      constant.data = weights_[weight];
      graph.constants.push_back(std::move(constant));
    }
    return {};
  }

  [[gnu::noinline]] Result<> values(Graph &graph) {
    uint32_t number = RUNE_TRY(count(maxValues, 8, "values"));
    for (uint32_t i = 0; i < number; ++i) {
      Value value;
      value.name = RUNE_TRY(string());
      uint32_t constant = RUNE_TRY(in_.u32());
      if (constant == noIndex) {
        value.type = RUNE_TRY(type());
      } else {
        if (constant >= graph.constants.size())
          return malformed("no constant {}", constant);
        value.type = graph.constants[constant].view().type();
        value.constant = constant;
      }
      graph.values.push_back(std::move(value));
    }
    return {};
  }

  Result<Form> form() {
    uint8_t form = version_ >= 3 ? RUNE_TRY(in_.u8()) : 0;
    if (form > static_cast<uint8_t>(Form::OptionalSequence))
      return malformed("no form {}", form);
    return static_cast<Form>(form);
  }

  [[gnu::noinline]] Result<ValueType> type() {
    ValueType type;
    type.form = RUNE_TRY(form());
    type.dtype = RUNE_TRY(dtype());
    uint8_t dims = RUNE_TRY(in_.u8());
    type.ranked = version_ < 3 || dims != openRank;
    if (!type.ranked)
      return type;
    RUNE_TRY(checkRank(dims));
    for (uint8_t d = 0; d < dims; ++d)
      type.dims.push_back(RUNE_TRY(dim()));
    return type;
  }

  [[gnu::noinline]] Result<Dim> dim() {
    switch (static_cast<DimTag>(RUNE_TRY(in_.u8()))) {
    case DimTag::Unknown:
      return Dim::unknown();
    case DimTag::Fixed:
      return Dim(RUNE_TRY(size()));
    case DimTag::Named: {
      std::string name = RUNE_TRY(string());
      if (name.empty())
        return malformed("a dimension with an empty name");
      return Dim::named(std::move(name));
    }
    }
    return malformed("unknown kind of dimension");
  }

  [[gnu::noinline]] Result<std::vector<ValueId>> ids(uint64_t limit) {
    uint32_t number = RUNE_TRY(count(limit, 4, "values of a list"));
    std::vector<ValueId> ids(number);
    for (ValueId &id : ids)
      id = RUNE_TRY(in_.u32());
    return ids;
  }

  [[gnu::noinline]] Result<> nodes(Graph &graph) {
    uint32_t number = RUNE_TRY(count(maxNodes, 20, "nodes"));
    for (uint32_t i = 0; i < number; ++i) {
      uint32_t op = RUNE_TRY(in_.u32());
      if (op >= operators_.size())
        return malformed("no operator {}", op);
      Node node;
      node.op = operators_[op];
      node.name = RUNE_TRY(string());
      node.inputs = RUNE_TRY(ids(maxPerNode));
      node.outputs = RUNE_TRY(ids(maxPerNode));
      uint32_t attributes = RUNE_TRY(count(maxPerNode, 5, "attributes"));
      for (uint32_t a = 0; a < attributes; ++a) {
        std::string name = RUNE_TRY(string());
        node.attributes.push_back({std::move(name), RUNE_TRY(attribute())});
      }
      if (version_ >= 3)
        node.bodies = RUNE_TRY(ids(maxPerNode));
      graph.nodes.push_back(std::move(node));
    }
    return {};
  }

  Result<> variables(Graph &graph) {
    uint32_t number = RUNE_TRY(count(maxPerNode, 12, "variables"));
    for (uint32_t i = 0; i < number; ++i) {
      Variable variable{RUNE_TRY(in_.u32()), RUNE_TRY(in_.u32()), {}};
      if (uint32_t initial = RUNE_TRY(in_.u32()); initial != noIndex)
        variable.initial = initial;
      graph.variables.push_back(variable);
    }
    return {};
  }

  [[gnu::noinline]] Result<AttributeValue> attribute() {
    switch (static_cast<AttributeKind>(RUNE_TRY(in_.u8()))) {
    case AttributeKind::Integer:
      return AttributeValue(RUNE_TRY(integer()));
    case AttributeKind::Number:
      return AttributeValue(RUNE_TRY(number()));
    case AttributeKind::Text:
      return AttributeValue(RUNE_TRY(string()));
    case AttributeKind::Integers:
      return AttributeValue(RUNE_TRY(list(&Reader::integer)));
    case AttributeKind::Numbers:
      return AttributeValue(RUNE_TRY(list(&Reader::number)));
    }
    return malformed("unknown kind of attribute");
  }

  Result<int64_t> integer() {
    return static_cast<int64_t>(RUNE_TRY(in_.u64()));
  }
  Result<double> number() { return std::bit_cast<double>(RUNE_TRY(in_.u64())); }
  template <class T> Result<std::vector<T>> list(Result<T> (Reader::*item)()) {
    uint32_t number = RUNE_TRY(count(maxPerNode, 8, "numbers of a list"));
    std::vector<T> items;
    for (uint32_t i = 0; i < number; ++i)
      items.push_back(RUNE_TRY((this->*item)()));
    return items;
  }

  static constexpr uint64_t maxNameBytes = 1 << 28;

  ByteReader in_;
  uint16_t version_ = 0;
  uint64_t copied_ = 0;
  std::span<const ByteSpan> weights_;
  std::vector<std::string_view> strings_;
  std::vector<Op> operators_;
};

} // namespace

Result<Graph> load(ByteSpan table, std::span<const ByteSpan> weights) {
  auto graph = Reader(table, weights).read();
  if (!graph) {
    Diagnostic why = std::move(graph).error();
    if (why.code.starts_with("bytes."))
      why.code = "graph.malformed";
    return why;
  }
  RUNE_TRY(verify(*graph));
  return graph;
}

} // namespace rune::graph
