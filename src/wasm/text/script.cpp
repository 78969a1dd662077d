// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "wasm/text/script.h"

#include "wasm/text/assembler.h"

#include <algorithm>

namespace rune::wasm::text {

namespace {

using Kind = Command::Kind;

struct ConstantName {
  std::string_view name;
  ValueType type;
  unsigned bits;
  bool isFloat;
};
constexpr ConstantName constants[] = {
    {"i32.const", ValueType::I32, 32, false},
    {"i64.const", ValueType::I64, 64, false},
    {"f32.const", ValueType::F32, 32, true},
    {"f64.const", ValueType::F64, 64, true},
};
constexpr ConstantName shapes[] = {
    {"i8x16", ValueType::V128, 8, false},
    {"i16x8", ValueType::V128, 16, false},
    {"i32x4", ValueType::V128, 32, false},
    {"i64x2", ValueType::V128, 64, false},
    {"f32x4", ValueType::V128, 32, true},
    {"f64x2", ValueType::V128, 64, true},
};

struct AssertionName {
  std::string_view name;
  Kind kind;
};
constexpr AssertionName assertions[] = {
    {"assert_return", Kind::AssertReturn},
    {"assert_trap", Kind::AssertTrap},
    {"assert_exhaustion", Kind::AssertExhaustion},
    {"assert_malformed", Kind::AssertMalformed},
    {"assert_invalid", Kind::AssertInvalid},
    {"assert_unlinkable", Kind::AssertUnlinkable},
};
/// Commands of proposals that we do not run.
constexpr AssertionName others[] = {
    {"assert_exception", Kind::Unsupported},
    {"assert_suspension", Kind::Unsupported},
    {"assert_malformed_custom", Kind::Unsupported},
    {"assert_invalid_custom", Kind::Unsupported},
    {"thread", Kind::Unsupported},
    {"wait", Kind::Unsupported},
};

Result<Lane> laneOf(Cursor &cursor, const ConstantName &shape) {
  if (shape.isFloat && cursor.take("nan:canonical"))
    return Lane{0, Match::CanonicalNan};
  if (shape.isFloat && cursor.take("nan:arithmetic"))
    return Lane{0, Match::ArithmeticNan};
  uint64_t bits = RUNE_TRY(shape.isFloat ? floatNumber(cursor, shape.bits)
                                         : integerNumber(cursor, shape.bits));
  return Lane{bits, Match::Exact};
}

class ScriptParser {
public:
  explicit ScriptParser(Script &script) : script_(script) {}

  Result<> run() {
    Cursor at(script_.source, script_.nodes,
              {0, script_.source->contents().size()});
    // a text without commands is one module
    if (!at.atEnd() && isField(*at.peek())) {
      Command command;
      command.module = ScriptModule{};
      command.module->form = ScriptModule::Form::Quote;
      command.module->strings = script_.source->contents();
      command.where = command.module->where = at.here();
      script_.commands.push_back(std::move(command));
      return {};
    }
    while (!at.atEnd()) {
      Location where = at.here();
      size_t before = script_.commands.size();
      Result<> parsed = command(at);
      if (parsed.ok())
        continue;
      script_.commands.resize(before);
      Command &faulty = add(Kind::Faulty, where);
      if (parsed.error().code == "wasm.unsupported")
        faulty.kind = Kind::Unsupported;
      faulty.text = parsed.error().message;
    }
    return {};
  }

private:
  static bool isField(const Node &node) {
    constexpr std::string_view fields[] = {"type",   "import", "func", "table",
                                           "memory", "global", "tag",  "export",
                                           "elem",   "start",  "data", "rec"};
    return std::ranges::find(fields, node.head()) != std::end(fields);
  }

  Command &add(Kind kind, const Location &where) {
    Command &command = script_.commands.emplace_back();
    command.kind = kind;
    command.where = where;
    return command;
  }

  Result<> command(Cursor &at) {
    Location where = at.here();
    const Node &node = at.next();
    if (!node.isList())
      return error("wasm.malformed", "unexpected token: needed a command")
          .at(where);
    std::string_view head = node.head();
    Cursor inner(script_.source, node);
    if (head == "module")
      return module(node, inner, where);
    if (head == "register")
      return registerModule(inner, where);
    if (head == "invoke" || head == "get") {
      add(Kind::Action, where).action = RUNE_TRY(action(node));
      return {};
    }
    for (const AssertionName &assertion : assertions)
      if (assertion.name == head)
        return parseAssertion(assertion.kind, inner, where);
    for (const AssertionName &other : others)
      if (other.name == head) {
        add(Kind::Unsupported, where).text = head;
        return {};
      }
    Cursor start(script_.source, std::span(&node, 1), node.token.span);
    return start.unexpected("a command of a script");
  }

  Result<> module(const Node &node, Cursor inner, const Location &where) {
    Cursor instance = inner;
    if (instance.take("instance")) {
      Command &command = add(Kind::Instance, where);
      auto name = instance.takeId();
      auto definition = instance.takeId();
      command.module = ScriptModule{};
      command.module->name = name;
      command.name = definition ? definition : std::nullopt;
      return instance.end();
    }
    ScriptModule parsed = RUNE_TRY(scriptModule(node));
    add(Kind::Module, where).module = std::move(parsed);
    return {};
  }

  Result<ScriptModule> scriptModule(const Node &node) {
    Cursor inner(script_.source, node);
    ScriptModule module;
    module.where = inner.place(node.token.span);
    module.node = &node;
    size_t taken = 1;
    if (inner.take("definition")) {
      module.isDefinition = true;
      ++taken;
    }
    module.name = inner.takeId();
    taken += module.name.has_value();
    module.firstField = taken;
    bool binary = inner.peekAtom("binary"), quote = inner.peekAtom("quote");
    if (!binary && !quote)
      return module;
    inner.next();
    module.form =
        binary ? ScriptModule::Form::Binary : ScriptModule::Form::Quote;
    while (!inner.atEnd())
      module.strings += RUNE_TRY(inner.string());
    return module;
  }

  Result<> registerModule(Cursor inner, const Location &where) {
    std::string name = RUNE_TRY(inner.string());
    Command &command = add(Kind::Register, where);
    command.text = std::move(name);
    command.name = inner.takeId();
    return inner.end();
  }

  Result<text::Action> action(const Node &node) {
    text::Action action;
    action.isGet = node.head() == "get";
    Cursor inner(script_.source, node);
    action.module = inner.takeId();
    action.field = RUNE_TRY(inner.string());
    while (!inner.atEnd())
      action.arguments.push_back(RUNE_TRY(value(inner)));
    return action;
  }

  Result<> parseAssertion(Kind kind, Cursor inner, const Location &where) {
    if (!inner.peekIs(TokenKind::Open))
      return inner.unexpected("a module or an action in parentheses");
    Command command;
    command.kind = kind;
    command.where = where;
    const Node &subject = inner.next();
    if (subject.head() == "module")
      command.module = RUNE_TRY(scriptModule(subject));
    else if (subject.head() == "invoke" || subject.head() == "get")
      command.action = RUNE_TRY(action(subject));
    else
      return inner.unexpected("a module or an action");
    if (kind == Kind::AssertReturn) {
      while (!inner.atEnd())
        command.expected.push_back(RUNE_TRY(value(inner)));
    } else if (!inner.atEnd()) {
      command.text = RUNE_TRY(inner.string());
      RUNE_TRY(inner.end());
    }
    script_.commands.push_back(std::move(command));
    return {};
  }

  // --- values ---

  Result<ScriptValue> value(Cursor &cursor) {
    if (!cursor.peekIs(TokenKind::Open))
      return cursor.unexpected("a constant in parentheses");
    const Node &node = cursor.next();
    Cursor inner(script_.source, node);
    std::string_view head = node.head();
    for (const ConstantName &constant : constants)
      if (constant.name == head)
        return number(inner, constant, 1);
    if (head == "v128.const")
      return vector(inner);
    if (head == "either")
      return either(inner);
    return reference(head, inner);
  }

  Result<ScriptValue> number(Cursor &inner, const ConstantName &shape,
                             unsigned count) {
    ScriptValue value;
    value.type = shape.type;
    value.laneBits = shape.bits;
    value.isFloat = shape.isFloat;
    for (unsigned i = 0; i < count; ++i)
      value.lanes.push_back(RUNE_TRY(laneOf(inner, shape)));
    RUNE_TRY(inner.end());
    return value;
  }

  Result<ScriptValue> vector(Cursor &inner) {
    for (const ConstantName &shape : shapes)
      if (inner.take(shape.name))
        return number(inner, shape, 128 / shape.bits);
    return inner.unexpected("the shape of a vector, such as `i32x4`");
  }

  Result<ScriptValue> either(Cursor &inner) {
    ScriptValue any;
    any.kind = ScriptValue::Kind::Either;
    while (!inner.atEnd())
      any.alternatives.push_back(RUNE_TRY(value(inner)));
    return any;
  }

  Result<ScriptValue> reference(std::string_view head, Cursor &inner) {
    ScriptValue value;
    if (head == "ref.null") {
      value.kind = ScriptValue::Kind::NullReference;
      if (inner.peekAtom("func") || inner.peekAtom("nofunc"))
        value.type = ValueType::FuncRef;
      else if (inner.peekAtom("extern") || inner.peekAtom("noextern"))
        value.type = ValueType::ExternRef;
      // a null of another type cannot come out of a module that we run
      return value;
    }
    if (head == "ref.func")
      value.kind = ScriptValue::Kind::FunctionReference;
    else if (head == "ref.extern" || head == "ref.host")
      value.kind = ScriptValue::Kind::ExternReference;
    else
      return unsupported(inner.here(), "garbage collection");
    if (!inner.atEnd())
      value.reference =
          static_cast<uint32_t>(RUNE_TRY(unsignedNumber(inner, 32)));
    RUNE_TRY(inner.end());
    return value;
  }

  Script &script_;
};

} // namespace

std::array<uint8_t, 16> ScriptValue::bytes() const {
  std::array<uint8_t, 16> all{};
  unsigned step = laneBits / 8;
  for (size_t i = 0; i < lanes.size() && (i + 1) * step <= all.size(); ++i)
    std::memcpy(all.data() + i * step, &lanes[i].bits, step);
  return all;
}

Result<Bytes> ScriptModule::assemble() const {
  if (form == Form::Binary)
    return Bytes(strings.begin(), strings.end());
  if (form == Form::Quote)
    return text::assemble(Source::text("quote", strings));
  std::span<const Node> fields(node->children);
  return assembleFields(
      Cursor(where.source, fields.subspan(firstField), node->token.span));
}

Result<std::unique_ptr<const Script>> parseScript(const SourcePtr &source) {
  auto script = std::make_unique<Script>();
  script->source = source;
  script->nodes = RUNE_TRY(parseNodes(source));
  RUNE_TRY(ScriptParser(*script).run());
  return std::unique_ptr<const Script>(std::move(script));
}

} // namespace rune::wasm::text
