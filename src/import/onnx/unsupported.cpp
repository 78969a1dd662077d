// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "import/onnx/graph_importer.h"
#include "import/onnx/operators.h"

#include <algorithm>
#include <set>

namespace rune::import {

namespace {

/// Other layers of one unsupported operator that are named.
constexpr size_t maxLayersListed = 200;

struct Layer {
  std::string name;
  int place;
};

/// One message for each operator, so that a hundred layers of one kind do not
/// hide the next kind; its other layers are notes.
struct Unsupported {
  const onnx::NodeProto *node;
  std::optional<int64_t> version;
  std::vector<Layer> layers;
  size_t count = 0;
};

std::string fullName(const onnx::NodeProto &node) {
  return plainDomain(node.domain()).empty()
             ? node.op_type()
             : node.domain() + "." + node.op_type();
}

std::string versionOf(const Unsupported &found) {
  if (!found.version)
    return "of a domain the model does not import";
  return fmt::format("of {} {}",
                     plainDomain(found.node->domain()).empty() ? "opset"
                                                               : "version",
                     *found.version);
}

class Search {
public:
  explicit Search(const ImportState &state) : state_(state) {}

  /// A function is looked through where it is called first.
  void nodes(const Nodes &nodes, const Opsets &opsets, const std::string &path,
             int place, size_t depth) {
    for (int i = 0; i < nodes.size(); ++i) {
      const onnx::NodeProto &node = nodes[i];
      int at = place < 0 ? i : place;
      auto version = versionIn(opsets, node.domain());
      bool ours = version && findOperator(node.domain(), node.op_type());
      const auto *function = ours ? nullptr : state_.functions.find(node);
      if (function && depth < maxCallDepth && seen_.insert(function).second)
        this->nodes(function->node(), opsetsOf(*function, state_.opsets),
                    path + localName(node, i) + "/", at, depth + 1);
      if (!ours && !function)
        note(node, version, path + localName(node, i), at);
      eachGraph(node, [&](const onnx::GraphProto &graph,
                          const std::string &attribute) {
        this->nodes(graph.node(), opsets,
                    path + localName(node, i) + "/" + attribute + "/", at,
                    depth + 1);
      });
    }
  }

  void report() {
    if (found_.size() > Report::maxKept)
      found_.resize(Report::maxKept);
    for (const Unsupported &each : found_) {
      Diagnostic &why = state_.report.error(
          "import.unsupported", state_.placeOf(each.layers[0].place),
          "layer `{}`: operator `{}` {} is not supported", each.layers[0].name,
          fullName(*each.node), versionOf(each));
      for (size_t i = 1; i < each.layers.size(); ++i)
        why.note(state_.placeOf(each.layers[i].place),
                 fmt::format("layer `{}` too", each.layers[i].name));
      if (each.count > each.layers.size())
        why.note(state_.file(), fmt::format("and {} more layers",
                                            each.count - each.layers.size()));
    }
  }

private:
  static std::optional<int64_t> versionIn(const Opsets &opsets,
                                          std::string_view domain) {
    auto found = opsets.find(plainDomain(domain));
    if (found != opsets.end())
      return found->second;
    return plainDomain(domain).empty() ? std::optional<int64_t>(1)
                                       : std::nullopt;
  }

  void note(const onnx::NodeProto &node, std::optional<int64_t> version,
            std::string layer, int place) {
    auto [at, isNew] = places_.try_emplace(fullName(node), found_.size());
    if (isNew)
      found_.push_back({&node, version, {}});
    Unsupported &same = found_[at->second];
    if (same.count++ <= maxLayersListed)
      same.layers.push_back({std::move(layer), place});
  }

  const ImportState &state_;
  std::set<const onnx::FunctionProto *> seen_;
  std::map<std::string, size_t> places_;
  std::vector<Unsupported> found_;
};

} // namespace

void reportUnsupported(const ImportState &state, const Nodes &nodes) {
  Search search(state);
  search.nodes(nodes, state.opsets, "", -1, 0);
  search.report();
}

} // namespace rune::import
