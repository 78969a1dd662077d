// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "graph/text.h"

#include <map>

namespace rune::graph {

namespace {

/// Quotes and escapes what would break a line or the reader's terminal.
std::string quoted(std::string_view text) {
  std::string result = "\"";
  for (char c : text)
    if (c == '"' || c == '\\')
      result += {'\\', c};
    else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f)
      result += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    else
      result += c;
  return result + '"';
}

bool isPlain(std::string_view name) {
  for (char c : name)
    if (!std::isalnum(static_cast<unsigned char>(c)) &&
        std::string_view("_./:-").find(c) == std::string_view::npos)
      return false;
  return true;
}

class Printer {
public:
  explicit Printer(const Graph &graph, std::string indent = "")
      : graph_(graph), indent_(std::move(indent)) {
    for (const Value &value : graph.values)
      ++uses_[value.name];
  }

  std::string print() const {
    std::string text =
        fmt::format("{}graph {} (", indent_, quoted(graph_.name));
    for (size_t i = 0; i < graph_.inputs.size(); ++i)
      text += (i ? ", " : "") + declaration(graph_.inputs[i]);
    text += ") {\n";
    for (ValueId id = 0; id < graph_.values.size(); ++id)
      if (graph_.values[id].constant)
        text += fmt::format("{}  {} = constant\n", indent_, declaration(id));
    for (const Variable &variable : graph_.variables)
      text += fmt::format(
          "{}  {} = variable{}\n", indent_, declaration(variable.input),
          variable.initial ? fmt::format(" #{}", *variable.initial) : "");
    for (const Node &node : graph_.nodes)
      text += line(node);
    for (const Variable &variable : graph_.variables)
      text += fmt::format("{}  {} becomes {}\n", indent_, name(variable.input),
                          name(variable.output));
    return text + fmt::format("{0}  return {1}\n{0}}}\n", indent_,
                              list(graph_.outputs));
  }

private:
  std::string name(ValueId id) const {
    if (id == noValue)
      return "_";
    if (id >= graph_.values.size())
      return fmt::format("%#{}", id);
    const std::string &name = graph_.values[id].name;
    std::string shown = isPlain(name) ? name : quoted(name);
    bool unique = !name.empty() && uses_.at(name) == 1;
    return unique ? "%" + shown : fmt::format("%{}#{}", shown, id);
  }

  std::string declaration(ValueId id) const {
    return fmt::format("{} : {}", name(id), graph_.values[id].type.str());
  }

  std::string list(const std::vector<ValueId> &ids) const {
    std::string text;
    for (size_t i = 0; i < ids.size(); ++i)
      text += (i ? ", " : "") + name(ids[i]);
    return text;
  }

  std::string line(const Node &node) const {
    std::string text = indent_ + "  ", attributes;
    for (size_t i = 0; i < node.outputs.size(); ++i)
      text += (i ? ", " : "") + declaration(node.outputs[i]);
    text += fmt::format(" = {}({})", opName(node.op), list(node.inputs));
    for (const Attribute &attribute : node.attributes)
      attributes += fmt::format("{}{} = {}", attributes.empty() ? "" : ", ",
                                attribute.name, renderText(attribute.value));
    if (!attributes.empty())
      text += " {" + attributes + "}";
    text += " " + quoted(node.name) + "\n";
    for (uint32_t body : node.bodies)
      text += body < graph_.bodies.size()
                  ? Printer(graph_.bodies[body], indent_ + "    ").print()
                  : fmt::format("{}    graph #{}\n", indent_, body);
    return text;
  }

  const Graph &graph_;
  std::string indent_;
  std::map<std::string, size_t> uses_;
};

} // namespace

std::string renderText(const AttributeValue &value) {
  struct Render {
    std::string operator()(int64_t number) { return fmt::format("{}", number); }
    std::string operator()(double number) { return fmt::format("{}", number); }
    std::string operator()(const std::string &text) { return quoted(text); }
    std::string operator()(const std::vector<int64_t> &list) {
      return fmt::format("[{}]", fmt::join(list, ", "));
    }
    std::string operator()(const std::vector<double> &list) {
      return fmt::format("[{}]", fmt::join(list, ", "));
    }
  };
  return std::visit(Render{}, value);
}

std::string renderText(const Graph &graph) { return Printer(graph).print(); }

} // namespace rune::graph
