// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Operators that run other graphs of the file. CALL is put in place; IF and
// WHILE become operators of the plan, whose bodies take what the file passes
// and the state they touch. Constants and variables by name go into bodies as
// what they are, so that what is known of them stays known there.
//
// source  TensorFlow Lite, CALL, IF, WHILE, CALL_ONCE, versions 1
#include "graph/plan.h"
#include "import/tflite/node.h"

#include <algorithm>

namespace rune::import {
namespace {

using Values = std::vector<ValueId>;

/// A body that is being built.
struct Branch {
  Branch(const TfliteNode &node, std::string_view part)
      : frame(fmt::format("{}/{}", node.name(), part), node.model().cells,
              &node.frame()) {}

  /// The values of the node as the body sees them. Those that become inputs of
  /// the body are added to `outer`.
  Values pass(const TfliteNode &node, const Values &values, Values &outer) {
    Values inner;
    for (ValueId value : values)
      inner.push_back(passOne(node, value, outer));
    return inner;
  }

  ValueId passOne(const TfliteNode &node, ValueId value, Values &outer) {
    if (auto variable = node.frame().resourceOf(value))
      return frame.resource(*variable);
    if (const graph::Constant *constant = node.graph().constantAt(value))
      return frame.builder.constant("", *constant);
    outer.push_back(value);
    return frame.builder.input(fmt::format("passed{}", outer.size() - 1),
                               node.graph().type(value));
  }

  TfliteFrame frame;
};

/// Values that every operator of ours can give on; variables by name cannot.
Result<> checkSame(const TfliteNode &node, const TfliteFrame &one, ValueId a,
                   const TfliteFrame &other, ValueId b) {
  if (one.resourceOf(a) == other.resourceOf(b))
    return {};
  return node.unsupported("variables that depend on data");
}

/// An If of ours: the values both give, and state that one of them changes.
class IfNode {
public:
  IfNode(const TfliteNode &node, Branch &yes, Branch &no)
      : node_(node), yes_(yes), no_(no) {
    for (CellId cell : yes.frame.touched())
      no.frame.read(cell);
    for (CellId cell : no.frame.touched())
      yes.frame.read(cell);
    cells_ = yes.frame.touched();
    for (CellId cell : cells_)
      if (yes.frame.hasChanged(cell) || no.frame.hasChanged(cell))
        changed_.push_back(cell);
  }

  /// in  `passed`: the inputs of both bodies in front of the state
  Imported make(ValueId condition, const Values &passed, const Values &yes,
                const Values &no) {
    std::vector<graph::Graph> bodies;
    bodies.push_back(RUNE_TRY(finish(yes_, yes, passed.size())));
    bodies.push_back(RUNE_TRY(finish(no_, no, passed.size())));
    size_t outputs = bodies[0].outputs.size();
    Values inputs = {condition};
    inputs.insert(inputs.end(), passed.begin(), passed.end());
    for (CellId cell : cells_)
      inputs.push_back(node_.frame().read(cell));
    Values made;
    if (outputs > 0)
      made =
          RUNE_TRY(node_.graph().node(Op::If, node_.name(), std::move(inputs),
                                      {}, outputs, std::move(bodies)));
    Values results;
    size_t next = 0;
    for (ValueId value : yes) {
      auto variable = yes_.frame.resourceOf(value);
      results.push_back(variable ? node_.frame().resource(*variable)
                                 : made[next++]);
    }
    for (CellId cell : changed_)
      node_.frame().write(cell, made[next++]);
    return results;
  }

private:
  Result<graph::Graph> finish(Branch &branch, const Values &results,
                              size_t formal) {
    TfliteFrame &frame = branch.frame;
    for (ValueId value : results)
      if (!frame.resourceOf(value))
        frame.builder.output(value, fmt::format("result{}", value));
    for (CellId cell : changed_)
      frame.builder.output(frame.read(cell),
                           frame.stateCells()[cell].name + "/next");
    std::vector<CellId> order = frame.touched();
    graph::Graph graph = RUNE_TRY(std::move(frame.builder).finish());
    // the inputs behind the formal ones stand in the order of this body
    Values inputs(graph.inputs.begin(),
                  graph.inputs.begin() + static_cast<std::ptrdiff_t>(formal));
    for (CellId cell : cells_) {
      auto at = std::ranges::find(order, cell) - order.begin();
      inputs.push_back(graph.inputs[formal + static_cast<size_t>(at)]);
    }
    graph.inputs = std::move(inputs);
    return graph;
  }

  const TfliteNode &node_;
  Branch &yes_;
  Branch &no_;
  std::vector<CellId> cells_, changed_;
};

/// The one element of a bool that is known now.
std::optional<bool> knownFlag(const TfliteNode &node, ValueId value) {
  auto known = node.graph().constantOf(value);
  if (!known || known->data.size() != 1)
    return std::nullopt;
  return known->data[0] != 0;
}

Result<> checkFlag(const TfliteNode &node, const graph::ValueType &type,
                   std::string_view what) {
  if (type.dtype != DType::Bool || !graph::isScalar(type))
    return node.fail("{} is `{}`, needs to be one bool", what, type.str());
  return {};
}

Result<Values> behind(const TfliteNode &node, size_t first) {
  Values values;
  for (size_t i = first; i < node.inputs(); ++i)
    values.push_back(RUNE_TRY(node.input(i, "a value that is passed")));
  return values;
}

} // namespace

/// result  the outputs of the other graph, put in place
Imported importTfliteCall(TfliteNode &node) {
  const auto *options = RUNE_TRY(node.options<tflite::CallOptions>());
  Values inputs = RUNE_TRY(behind(node, 0));
  return node.inlined(options->subgraph(), std::move(inputs), "");
}

/// inputs  the condition, one bool; what both graphs take
/// result  the outputs of one of them, put in place where the condition is
///         known now
Imported importTfliteIf(TfliteNode &node) {
  const auto *options = RUNE_TRY(node.options<tflite::IfOptions>());
  ValueId condition = RUNE_TRY(node.input(0, "cond"));
  RUNE_TRY(checkFlag(node, node.graph().type(condition), "the condition"));
  Values inputs = RUNE_TRY(behind(node, 1));
  if (auto known = knownFlag(node, condition))
    return *known ? node.inlined(options->then_subgraph(), inputs, "then")
                  : node.inlined(options->else_subgraph(), inputs, "else");
  Branch then(node, "then"), other(node, "else");
  Values passed, same;
  // both are read, so that both say what is wrong
  auto first = node.inlinedIn(then.frame, options->then_subgraph(),
                              then.pass(node, inputs, passed), "then");
  auto second = node.inlinedIn(other.frame, options->else_subgraph(),
                               other.pass(node, inputs, same), "else");
  Values yes = RUNE_TRY(std::move(first));
  Values no = RUNE_TRY(std::move(second));
  if (yes.size() != no.size())
    return node.fail("one branch has {} outputs, the other {}", yes.size(),
                     no.size());
  for (size_t i = 0; i < yes.size(); ++i)
    RUNE_TRY(checkSame(node, then.frame, yes[i], other.frame, no[i]));
  return IfNode(node, then, other).make(condition, passed, yes, no);
}

namespace {

/// A value that a loop carries on, or does not.
struct Carried {
  ValueId outer = noValue;
  /// A constant or a variable by name, the same in all turns.
  bool isFixed = false;
  /// What is known of it in every turn.
  graph::ValueType type = {};
};

class WhileNode {
public:
  WhileNode(const TfliteNode &node, const tflite::WhileOptions &options)
      : node_(node), options_(options) {}

  Imported make() {
    Values start = RUNE_TRY(behind(node_, 0));
    ValueId going = RUNE_TRY(condition(node_.frame(), start));
    if (knownFlag(node_, going) == false)
      return start; // not a single turn
    readCarried(start);
    return loop(going);
  }

private:
  /// Whether there is another turn.
  Result<ValueId> condition(TfliteFrame &frame, const Values &values) {
    Values flags = RUNE_TRY(
        node_.inlinedIn(frame, options_.cond_subgraph(), values, "cond"));
    if (flags.size() != 1)
      return node_.fail("the condition has {} outputs, needs one",
                        flags.size());
    RUNE_TRY(checkFlag(node_, frame.builder.type(flags[0]), "the condition"));
    return flags[0];
  }

  /// What the body gives on as it got it, and is known now, stays known.
  void readCarried(const Values &start) {
    for (size_t i = 0; i < start.size(); ++i) {
      Carried each{start[i]};
      bool isConstant = node_.graph().constantAt(start[i]) != nullptr;
      each.isFixed = node_.frame().resourceOf(start[i]) ||
                     (isConstant && isPassedOn(static_cast<uint32_t>(i)));
      each.type = node_.graph().type(start[i]);
      carried_.push_back(std::move(each));
    }
  }

  /// True if the body gives its input of that number on untouched.
  bool isPassedOn(uint32_t i) const {
    const auto *graphs = node_.model().file.model().subgraphs();
    int32_t body = options_.body_subgraph();
    if (body < 0 || static_cast<uint32_t>(body) >= graphs->size())
      return false;
    const auto *inputs = graphs->Get(static_cast<uint32_t>(body))->inputs();
    const auto *outputs = graphs->Get(static_cast<uint32_t>(body))->outputs();
    return inputs && outputs && i < inputs->size() && i < outputs->size() &&
           inputs->Get(i) == outputs->Get(i);
  }

  Values bodyInputs(Branch &body) {
    body.frame.builder.input("turn", {DType::I64, Dims{}});
    body.frame.builder.input("going", {DType::Bool, Dims{}});
    Values inner, ignored;
    for (size_t i = 0; i < carried_.size(); ++i)
      if (carried_[i].isFixed)
        inner.push_back(body.passOne(node_, carried_[i].outer, ignored));
      else
        inner.push_back(body.frame.builder.input(fmt::format("carried{}", i),
                                                 carried_[i].type));
    return inner;
  }

  /// Makes what a turn changes less known; true if something had to change.
  Result<bool> loosen(const TfliteFrame &frame, const Values &results) {
    bool changed = false;
    for (size_t i = 0; i < carried_.size(); ++i) {
      if (carried_[i].isFixed)
        continue;
      graph::ValueType &in = carried_[i].type;
      const graph::ValueType &out = frame.builder.type(results[i]);
      if (graph::accepts(in, out))
        continue;
      auto both = graph::join(in, out);
      if (!both)
        return node_.fail("value {} goes in as `{}` and comes out as `{}`", i,
                          in.str(), out.str());
      if (!both->ranked)
        return node_.unsupported("value {} goes in as `{}` and comes out as "
                                 "`{}`, with another number of dimensions",
                                 i, in.str(), out.str());
      in = *std::move(both);
      changed = true;
    }
    return changed;
  }

  struct Body {
    graph::Graph graph;
    std::vector<CellId> cells, changed;
  };

  /// One turn, for types that hold in every turn.
  Result<Body> body() {
    // each round a value loses a number or a name
    while (true) {
      Branch body(node_, "body");
      Values inner = bodyInputs(body);
      Values results = RUNE_TRY(
          node_.inlinedIn(body.frame, options_.body_subgraph(), inner, "body"));
      if (results.size() != carried_.size())
        return node_.fail("the body has {} outputs, takes {}", results.size(),
                          carried_.size());
      for (size_t i = 0; i < results.size(); ++i)
        RUNE_TRY(
            checkSame(node_, body.frame, inner[i], body.frame, results[i]));
      if (RUNE_TRY(loosen(body.frame, results)))
        continue;
      ValueId going = RUNE_TRY(condition(body.frame, results));
      return finish(body, going, results);
    }
  }

  Result<Body> finish(Branch &body, ValueId going, const Values &results) {
    graph::GraphBuilder &builder = body.frame.builder;
    Body made;
    builder.output(going, "again");
    for (size_t i = 0; i < results.size(); ++i)
      if (!carried_[i].isFixed)
        builder.output(results[i], fmt::format("result{}", i));
    made.cells = body.frame.touched();
    for (CellId cell : made.cells) {
      builder.output(body.frame.read(cell),
                     body.frame.stateCells()[cell].name + "/next");
      if (body.frame.hasChanged(cell))
        made.changed.push_back(cell);
    }
    made.graph = RUNE_TRY(std::move(builder).finish());
    return made;
  }

  Imported loop(ValueId going) {
    Body body = RUNE_TRY(this->body());
    Values inputs = {noValue, going};
    for (const Carried &each : carried_)
      if (!each.isFixed)
        inputs.push_back(each.outer);
    for (CellId cell : body.cells)
      inputs.push_back(node_.frame().read(cell));
    size_t count = inputs.size() - 2;
    if (count == 0)
      return node_.unsupported("a loop that changes nothing");
    std::vector<graph::Graph> bodies;
    bodies.push_back(std::move(body.graph));
    Values made = RUNE_TRY(node_.graph().node(
        Op::Loop, node_.name(), std::move(inputs),
        {{"carried", static_cast<int64_t>(count)}}, count, std::move(bodies)));
    Values results;
    size_t next = 0;
    for (const Carried &each : carried_)
      results.push_back(each.isFixed ? each.outer : made[next++]);
    for (CellId cell : body.cells) {
      if (std::ranges::count(body.changed, cell))
        node_.frame().write(cell, made[next]);
      ++next;
    }
    return results;
  }

  const TfliteNode &node_;
  const tflite::WhileOptions &options_;
  std::vector<Carried> carried_;
};

} // namespace

/// inputs  what is carried from turn to turn
/// result  the same after the last turn; each turn runs as long as the first
///         graph says so of what the second one made
Imported importTfliteWhile(TfliteNode &node) {
  const auto *options = RUNE_TRY(node.options<tflite::WhileOptions>());
  return WhileNode(node, *options).make();
}

namespace {

/// What the graph assigns, where it needs nothing but constants: it can be the
/// state before the first run.
std::optional<std::map<CellId, graph::Constant>>
assignedConstants(const TfliteNode &node, Branch &init) {
  std::map<CellId, graph::Constant> found;
  for (CellId cell : init.frame.touched()) {
    const graph::Constant *constant =
        init.frame.builder.constantAt(init.frame.read(cell));
    if (!constant || node.frame().hasTouched(cell))
      return std::nullopt;
    found.emplace(cell, *constant);
  }
  return found;
}

} // namespace

/// Runs a graph once in the life of an instance: before the first run, where
/// nothing else can tell the difference.
Imported importTfliteCallOnce(TfliteNode &node) {
  RUNE_TRY(node.checkInputs(0, 0));
  const auto *options = RUNE_TRY(node.options<tflite::CallOnceOptions>());
  int64_t graph = options->init_subgraph();
  TfliteModel &model = node.model();
  if (graph >= 0 && model.done.contains(static_cast<size_t>(graph)))
    return Values();
  Branch init(node, "init"), nothing(node, "done");
  Values results = RUNE_TRY(node.inlinedIn(init.frame, graph, {}, "init"));
  if (!results.empty())
    return node.fail("graph {} has {} outputs, needs none", graph,
                     results.size());
  if (!node.frame().isBody())
    if (auto constants = assignedConstants(node, init)) {
      for (auto &[cell, constant] : *constants)
        model.cells[cell].initial = std::move(constant);
      model.done.insert(static_cast<size_t>(graph));
      return Values();
    }
  CellId flag =
      RUNE_TRY(model.cell(fmt::format("once {}", graph),
                          {node.name() + "/done", {DType::Bool, {}}}));
  ValueId done = node.frame().read(flag);
  if (knownFlag(node, done) == true)
    return Values();
  RUNE_TRY(IfNode(node, nothing, init).make(done, {}, {}, {}));
  node.frame().write(flag, RUNE_TRY(node.scalar("done", DType::Bool, 1)));
  return Values();
}

} // namespace rune::import
