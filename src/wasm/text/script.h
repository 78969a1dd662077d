// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The scripts of the specification's test suite (`.wast`): modules, calls, and
// what is claimed of them.
//
// source  the specification's reference interpreter, README, "Scripts"
#pragma once

#include "wasm/text/text.h"

namespace rune::wasm::text {

/// How one lane of a result is compared.
enum class Match : uint8_t { Exact, CanonicalNan, ArithmeticNan };

struct Lane {
  uint64_t bits = 0;
  Match match = Match::Exact;
};

/// An argument, or what a result must be.
struct ScriptValue {
  enum class Kind : uint8_t {
    Number,
    /// A null reference; of which type, where `type` says so.
    NullReference,
    /// A reference that is not null; which one, where `reference` says so.
    FunctionReference,
    ExternReference,
    /// Any one of `alternatives`.
    Either,
  };
  Kind kind = Kind::Number;
  /// Of numbers, vectors and null references.
  std::optional<ValueType> type;
  /// One lane; several of a vector.
  std::vector<Lane> lanes;
  unsigned laneBits = 0;
  bool isFloat = false;
  std::optional<uint32_t> reference;
  std::vector<ScriptValue> alternatives;

  /// The sixteen bytes of all lanes, least significant first.
  std::array<uint8_t, 16> bytes() const;
};

/// A module in a script: text, bytes, or text in strings.
struct ScriptModule {
  enum class Form : uint8_t { Text, Binary, Quote };
  Form form = Form::Text;
  /// How the script calls it, without `$`.
  std::optional<std::string> name;
  /// `(module definition …)`: is not instantiated.
  bool isDefinition = false;
  Location where;

  /// The binary form.
  ///
  /// errors  as `assemble`
  Result<Bytes> assemble() const;

  /// Text: the fields. Binary and Quote: all strings together.
  const Node *node = nullptr;
  size_t firstField = 0;
  std::string strings;
};

/// A call of an exported function, or the reading of an exported global.
struct Action {
  bool isGet = false;
  std::optional<std::string> module;
  std::string field;
  std::vector<ScriptValue> arguments;
};

struct Command {
  enum class Kind : uint8_t {
    Module,
    /// `(module instance $i $definition)`.
    Instance,
    Register,
    Action,
    AssertReturn,
    AssertTrap,
    AssertExhaustion,
    AssertMalformed,
    AssertInvalid,
    AssertUnlinkable,
    /// Of a proposal that we do not run; `text` says which.
    Unsupported,
    /// Is no command; `text` says why.
    Faulty,
  };
  Kind kind = Kind::Module;
  Location where;
  /// Module, and assertions about modules. An AssertTrap without it is about
  /// `action`.
  std::optional<ScriptModule> module;
  std::optional<text::Action> action;
  std::vector<ScriptValue> expected;
  /// What an assertion expects to be said; the name that Register gives.
  std::string text;
  /// Register and Instance: of which module, where it is not the last one.
  std::optional<std::string> name;
};

struct Script {
  SourcePtr source;
  /// What the commands' modules point into.
  std::vector<Node> nodes;
  std::vector<Command> commands;
};

/// errors  `wasm.malformed`: this is no script
Result<std::unique_ptr<const Script>> parseScript(const SourcePtr &source);

} // namespace rune::wasm::text
