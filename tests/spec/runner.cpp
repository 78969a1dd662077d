// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "runner.h"

#include "wasm/decode.h"

#include <algorithm>

namespace rune::spec {

namespace {

using engine::Value;
using wasm::ValueType;
using wasm::text::Action;
using wasm::text::Command;
using wasm::text::Match;
using wasm::text::ScriptModule;
using wasm::text::ScriptValue;
using Kind = Command::Kind;

/// What a command came to.
struct Outcome {
  enum class Kind : uint8_t { Passed, Failed, Skipped } kind = Kind::Passed;
  std::string why;
};
Outcome passed() { return {}; }
Outcome failed(std::string why) {
  return {Outcome::Kind::Failed, std::move(why)};
}
Outcome skipped(std::string why) {
  return {Outcome::Kind::Skipped, std::move(why)};
}

/// An instance, or why there is none.
struct Slot {
  engine::Instance *instance = nullptr;
  std::shared_ptr<const wasm::Module> module;
  /// The feature that the module needs and we refuse.
  std::string unsupported;
};

bool saysTheSame(std::string_view seen, std::string_view expected) {
  return seen.starts_with(expected) || expected.starts_with(seen);
}

// --- comparing results ---

bool isNan(uint64_t bits, unsigned width, bool canonical) {
  unsigned fraction = width == 32 ? 23 : 52;
  uint64_t quiet = uint64_t{1} << (fraction - 1);
  uint64_t sign = uint64_t{1} << (width - 1);
  uint64_t exponent = (sign - 1) >> fraction << fraction;
  uint64_t magnitude = bits & (sign - 1);
  return canonical ? magnitude == (exponent | quiet)
                   : (magnitude & (exponent | quiet)) == (exponent | quiet);
}

bool laneMatches(uint64_t seen, const wasm::text::Lane &lane, unsigned width) {
  if (lane.match == Match::Exact)
    return seen == lane.bits;
  return isNan(seen, width, lane.match == Match::CanonicalNan);
}

bool numberMatches(const Value &seen, const ScriptValue &expected) {
  std::array<uint8_t, 16> bytes{};
  std::memcpy(bytes.data(), &seen.bits, 8);
  std::memcpy(bytes.data() + 8, &seen.high, 8);
  unsigned step = expected.laneBits / 8;
  for (size_t i = 0; i < expected.lanes.size(); ++i) {
    uint64_t lane = 0;
    std::memcpy(&lane, bytes.data() + i * step, step);
    if (!laneMatches(lane, expected.lanes[i], expected.laneBits))
      return false;
  }
  return true;
}

bool matches(const Value &seen, ValueType type, const ScriptValue &expected) {
  switch (expected.kind) {
  case ScriptValue::Kind::Number:
    return type == expected.type && numberMatches(seen, expected);
  case ScriptValue::Kind::NullReference:
    return wasm::isReference(type) && seen.isNull() &&
           (!expected.type || expected.type == type);
  case ScriptValue::Kind::FunctionReference:
    return type == ValueType::FuncRef && !seen.isNull();
  case ScriptValue::Kind::ExternReference:
    return type == ValueType::ExternRef && !seen.isNull() &&
           (!expected.reference || seen.asExternal() == *expected.reference);
  case ScriptValue::Kind::Either:
    return std::ranges::any_of(expected.alternatives, [&](const auto &each) {
      return matches(seen, type, each);
    });
  }
  return false;
}

std::string spell(const Value &value, ValueType type) {
  if (type == ValueType::V128)
    return fmt::format("v128 0x{:016x}{:016x}", value.high, value.bits);
  return fmt::format("{} 0x{:x}", wasm::valueTypeName(type), value.bits);
}

Result<Value> argument(const ScriptValue &given) {
  switch (given.kind) {
  case ScriptValue::Kind::Number: {
    std::array<uint8_t, 16> bytes = given.bytes();
    return Value{loadUnaligned<uint64_t>(bytes.data()),
                 loadUnaligned<uint64_t>(bytes.data() + 8)};
  }
  case ScriptValue::Kind::NullReference:
    return Value::null();
  case ScriptValue::Kind::ExternReference:
    return Value::external(given.reference.value_or(0));
  default:
    return error("spec.argument", "no value can be made of this argument");
  }
}

// --- the host module of the suite ---

wasm::FunctionType takes(std::vector<ValueType> parameters) {
  return {std::move(parameters), {}};
}

/// source  the suite's test harness, "spectest"
std::vector<engine::Import> makeSpectest(engine::Store &store,
                                         const wasm::Features &features) {
  using enum ValueType;
  std::vector<engine::Import> all;
  auto ignore = [](engine::Instance &, std::span<const Value>,
                   std::span<Value>) -> std::optional<engine::Trap> {
    return std::nullopt;
  };
  auto give = [&](std::string name, engine::External what) {
    engine::Import import;
    import.module = "spectest";
    import.name = std::move(name);
    import.external = what;
    all.push_back(std::move(import));
  };
  auto function = [&](std::string name, std::vector<ValueType> parameters) {
    give(std::move(name),
         store.makeFunction(takes(std::move(parameters)), ignore));
  };
  function("print", {});
  function("print_i32", {I32});
  function("print_i64", {I64});
  function("print_f32", {F32});
  function("print_f64", {F64});
  function("print_i32_f32", {I32, F32});
  function("print_f64_f64", {F64, F64});
  give("global_i32", store.makeGlobal({I32}, Value::i32(666)));
  give("global_i64", store.makeGlobal({I64}, Value::i64(666)));
  give("global_f32", store.makeGlobal({F32}, Value::f32(666.6f)));
  give("global_f64", store.makeGlobal({F64}, Value::f64(666.6)));
  wasm::TableType table;
  table.element = FuncRef;
  table.elements = {10, 20};
  give("table", store.makeTable(table, Value::null()).value());
  table.address = I64;
  if (features != wasm::Features::core2())
    give("table64", store.makeTable(table, Value::null()).value());
  wasm::MemoryType memory;
  memory.pages = {1, 2};
  give("memory", store.makeMemory(memory).value());
  return all;
}

engine::Limits suiteLimits() {
  engine::Limits limits;
  limits.memoryBytes = uint64_t{5} << 30;
  limits.tableElements = uint64_t{1} << 24;
  limits.instances = 100'000;
  limits.keepAfterTrap = true;
  return limits;
}

class Runner {
public:
  Runner(engine::Engine &engine, const RunOptions &options)
      : store_(engine.makeStore(suiteLimits())),
        spectest_(makeSpectest(*store_, options.features)),
        features_(options.features), timeout_(options.timeout) {}

  Outcome run(const Command &command) {
    switch (command.kind) {
    case Kind::Module:
      return defineModule(*command.module);
    case Kind::Instance:
      return instance(command);
    case Kind::Register:
      return registerModule(command);
    case Kind::Action:
      return action(command);
    case Kind::AssertReturn:
      return assertReturn(command);
    case Kind::AssertTrap:
    case Kind::AssertExhaustion:
      return command.module ? assertModuleTraps(command) : assertTrap(command);
    case Kind::AssertMalformed:
      return assertRefused(command, "wasm.malformed");
    case Kind::AssertInvalid:
      return assertRefused(command, "wasm.invalid");
    case Kind::AssertUnlinkable:
      return assertUnlinkable(command);
    case Kind::Unsupported:
      return skipped(command.text);
    case Kind::Faulty:
      return failed(command.text);
    }
    return failed("unknown command");
  }

private:
  engine::Deadline soon() const { return engine::Clock::now() + timeout_; }

  // --- modules ---

  Result<std::shared_ptr<const wasm::Module>>
  load(const ScriptModule &module) const {
    auto bytes = std::make_shared<const Bytes>(RUNE_TRY(module.assemble()));
    return wasm::load(*bytes, Source::binary("module"), bytes, features_);
  }

  Result<engine::Instance *>
  instantiate(const std::shared_ptr<const wasm::Module> &module) {
    std::vector<engine::Import> imports;
    for (const wasm::Import &wanted : module->imports)
      if (auto found = find(wanted))
        imports.push_back(std::move(*found));
    return store_->instantiate(module, imports, soon());
  }

  std::optional<engine::Import> find(const wasm::Import &wanted) {
    engine::Import import;
    import.module = wanted.module;
    import.name = wanted.name;
    if (wanted.module == "spectest") {
      auto host =
          std::ranges::find(spectest_, wanted.name, &engine::Import::name);
      if (host == spectest_.end())
        return std::nullopt;
      import.external = host->external;
      return import;
    }
    auto exporter = registered_.find(wanted.module);
    if (exporter == registered_.end() || exporter->second.instance == nullptr)
      return std::nullopt;
    import.external = exporter->second.instance->exported(wanted.name);
    if (std::holds_alternative<std::monostate>(import.external))
      return std::nullopt;
    return import;
  }

  /// True where a module that this one imports from was refused by name.
  std::string missingFeature(const wasm::Module &module) {
    for (const wasm::Import &wanted : module.imports) {
      auto exporter = registered_.find(wanted.module);
      if (exporter != registered_.end() &&
          !exporter->second.unsupported.empty())
        return exporter->second.unsupported;
    }
    return {};
  }

  Outcome defineModule(const ScriptModule &module) {
    if (module.isDefinition) {
      definitions_[module.name.value_or("")] = &module;
      lastDefinition_ = &module;
      auto loaded = load(module);
      if (!loaded)
        return refusal(loaded.error());
      return passed();
    }
    return start(module, module.name);
  }

  static Outcome refusal(const Diagnostic &why) {
    return why.code == "wasm.unsupported"
               ? skipped(why.message)
               : failed(fmt::format("{} [{}]", why.message, why.code));
  }

  Outcome start(const ScriptModule &module,
                const std::optional<std::string> &name) {
    Slot slot;
    Outcome outcome = passed();
    auto loaded = load(module);
    if (!loaded) {
      outcome = refusal(loaded.error());
      slot.unsupported = outcome.kind == Outcome::Kind::Skipped
                             ? outcome.why
                             : "its module was refused";
    } else {
      slot.module = *loaded;
      auto made = instantiate(*loaded);
      if (made) {
        slot.instance = *made;
      } else {
        std::string missing = missingFeature(**loaded);
        slot.unsupported =
            missing.empty() ? "its module did not start" : missing;
        outcome = missing.empty() ? refusal(made.error()) : skipped(missing);
      }
    }
    if (name)
      named_[*name] = slot;
    last_ = std::move(slot);
    return outcome;
  }

  Outcome instance(const Command &command) {
    const ScriptModule *definition = lastDefinition_;
    if (command.name) {
      auto found = definitions_.find(*command.name);
      definition = found == definitions_.end() ? nullptr : found->second;
    }
    if (definition == nullptr)
      return failed("no module of this name is defined");
    return start(*definition, command.module->name);
  }

  /// The slot of a name, or the last one; null where the name is unknown.
  Slot *slotOf(const std::optional<std::string> &name) {
    if (!name)
      return &last_;
    auto found = named_.find(*name);
    return found == named_.end() ? nullptr : &found->second;
  }

  Outcome registerModule(const Command &command) {
    Slot *slot = slotOf(command.name);
    if (slot == nullptr)
      return failed(fmt::format("no module is called ${}", *command.name));
    registered_[command.text] = *slot;
    return slot->instance != nullptr ? passed() : skipped(slot->unsupported);
  }

  // --- actions ---

  struct Answer {
    std::vector<Value> values;
    std::vector<ValueType> types;
    std::optional<engine::Trap> trap;
  };

  /// The answer, or why there is none.
  std::variant<Answer, Outcome> perform(const Action &action) {
    Slot *slot = slotOf(action.module);
    if (slot == nullptr)
      return failed(fmt::format("no module is called ${}", *action.module));
    if (slot->instance == nullptr)
      return skipped(slot->unsupported.empty() ? "there is no module"
                                               : slot->unsupported);
    return action.isGet ? get(*slot, action) : invoke(*slot, action);
  }

  std::variant<Answer, Outcome> get(const Slot &slot, const Action &action) {
    engine::External external = slot.instance->exported(action.field);
    auto *global = std::get_if<engine::Global *>(&external);
    if (global == nullptr)
      return failed(fmt::format("no global is exported as `{}`", action.field));
    return Answer{{(*global)->get()}, {(*global)->type().value}, {}};
  }

  std::variant<Answer, Outcome> invoke(const Slot &slot, const Action &action) {
    auto function = slot.instance->exportedFunction(action.field);
    if (!function)
      return failed(
          fmt::format("no function is exported as `{}`", action.field));
    const wasm::FunctionType &type = slot.instance->functionType(*function);
    if (type.parameters.size() != action.arguments.size())
      return failed("wrong number of arguments");
    std::vector<Value> arguments;
    for (const ScriptValue &given : action.arguments) {
      auto value = argument(given);
      if (!value)
        return failed(value.error().message);
      arguments.push_back(*value);
    }
    Answer answer;
    answer.types = type.results;
    answer.values.resize(type.results.size());
    answer.trap =
        slot.instance->call(*function, arguments, answer.values, soon());
    return answer;
  }

  Outcome action(const Command &command) {
    auto done = perform(*command.action);
    if (auto *outcome = std::get_if<Outcome>(&done))
      return *outcome;
    const Answer &answer = std::get<Answer>(done);
    return answer.trap ? failed("trapped: " + answer.trap->str()) : passed();
  }

  Outcome assertReturn(const Command &command) {
    auto done = perform(*command.action);
    if (auto *outcome = std::get_if<Outcome>(&done))
      return *outcome;
    const Answer &answer = std::get<Answer>(done);
    if (answer.trap)
      return failed("trapped: " + answer.trap->str());
    if (answer.values.size() != command.expected.size())
      return failed(fmt::format("{} results instead of {}",
                                answer.values.size(), command.expected.size()));
    for (size_t i = 0; i < answer.values.size(); ++i)
      if (!matches(answer.values[i], answer.types[i], command.expected[i]))
        return failed(fmt::format("result {} is {}", i,
                                  spell(answer.values[i], answer.types[i])));
    return passed();
  }

  Outcome assertTrap(const Command &command) {
    auto done = perform(*command.action);
    if (auto *outcome = std::get_if<Outcome>(&done))
      return *outcome;
    const Answer &answer = std::get<Answer>(done);
    if (!answer.trap)
      return failed("did not trap");
    std::string_view text = engine::trapText(answer.trap->kind);
    if (!saysTheSame(text, command.text))
      return failed(
          fmt::format("trapped as `{}` instead of `{}`", text, command.text));
    return passed();
  }

  // --- assertions about modules ---

  Outcome assertModuleTraps(const Command &command) {
    auto loaded = load(*command.module);
    if (!loaded)
      return refusal(loaded.error());
    auto made = instantiate(*loaded);
    if (made)
      return failed("did not trap");
    if (std::string missing = missingFeature(**loaded); !missing.empty())
      return skipped(missing);
    if (made.error().code != "engine.trap" ||
        made.error().message.find(command.text) == std::string::npos)
      return failed(
          fmt::format("{} [{}]", made.error().message, made.error().code));
    return passed();
  }

  Outcome assertRefused(const Command &command, std::string_view code) const {
    auto loaded = load(*command.module);
    if (loaded)
      return failed(fmt::format("was accepted; needed `{}`", command.text));
    if (loaded.error().code == code)
      return passed();
    // in the script's words, of another class: scripts of different ages
    // differ, and we refuse by a lower limit what the specification refuses by
    // its own
    if (loaded.error().code.starts_with("wasm.") &&
        loaded.error().code != "wasm.unsupported" && !command.text.empty() &&
        loaded.error().message.starts_with(command.text))
      return passed();
    return refusal(loaded.error());
  }

  Outcome assertUnlinkable(const Command &command) {
    auto loaded = load(*command.module);
    if (!loaded)
      return refusal(loaded.error());
    auto made = instantiate(*loaded);
    if (made)
      return failed("was linked");
    if (made.error().code != "engine.missing-import" &&
        made.error().code != "engine.import-type")
      return refusal(made.error());
    return passed();
  }

  std::unique_ptr<engine::Store> store_;
  std::vector<engine::Import> spectest_;
  wasm::Features features_;
  std::chrono::nanoseconds timeout_;
  Slot last_;
  std::map<std::string, Slot> named_, registered_;
  std::map<std::string, const ScriptModule *> definitions_;
  const ScriptModule *lastDefinition_ = nullptr;
};

} // namespace

void Score::add(const Score &other) {
  passed += other.passed;
  skipped += other.skipped;
  failures.insert(failures.end(), other.failures.begin(), other.failures.end());
  for (const auto &[reason, count] : other.reasons)
    reasons[reason] += count;
}

Result<Score> runScript(engine::Engine &engine, const SourcePtr &source,
                        const RunOptions &options) {
  auto script = RUNE_TRY(wasm::text::parseScript(source));
  return runCommands(engine, script->commands, options);
}

Score runCommands(engine::Engine &engine, std::span<const Command> commands,
                  const RunOptions &options) {
  Runner runner(engine, options);
  Score score;
  for (const Command &command : commands) {
    if (options.stopAtFailure && !score.failures.empty())
      break;
    Outcome outcome = runner.run(command);
    switch (outcome.kind) {
    case Outcome::Kind::Passed:
      ++score.passed;
      break;
    case Outcome::Kind::Failed:
      score.failures.push_back({command.where, std::move(outcome.why)});
      break;
    case Outcome::Kind::Skipped:
      ++score.skipped;
      ++score.reasons[outcome.why];
      break;
    }
  }
  return score;
}

} // namespace rune::spec
