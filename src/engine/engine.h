// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What every WebAssembly engine gives its embedder. The interpreter implements
// it first and judges all others; code outside this room knows only this file.
#pragma once

#include "base/result.h"
#include "wasm/module.h"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace rune::engine {

/// One number on its way in or out of a function. Which member holds depends on
/// the function's type; references are indices (0: null).
struct Value {
  uint64_t bits = 0;

  static Value i32(uint32_t value) { return {value}; }
  static Value i64(uint64_t value) { return {value}; }
  static Value f32(float value);
  static Value f64(double value);
  uint32_t asI32() const { return static_cast<uint32_t>(bits); }
  uint64_t asI64() const { return bits; }
  float asF32() const;
  double asF64() const;
};

/// Why a guest was stopped. The names are those of the specification's test
/// suite where it has one.
enum class TrapKind : uint8_t {
#define RUNE_TRAP(enumerator, text) enumerator,
#include "engine/traps.def"
#undef RUNE_TRAP
};
std::string_view trapText(TrapKind kind);

/// A guest stopped by its own fault or by a limit. Its instance is discarded:
/// any further call answers with the same trap.
struct Trap {
  TrapKind kind;
  /// What a host function said, or empty.
  std::string detail;
  /// Function indices, innermost first; at most 64.
  std::vector<uint32_t> backtrace;

  std::string str() const;
};

/// What an instance may use.
struct Limits {
  uint64_t memoryBytes = uint64_t{256} << 20;
  uint64_t tableElements = 1 << 20;
  uint32_t callDepth = 2000;
  /// Eight bytes each: parameters, locals and operands of all active functions.
  uint64_t stackSlots = 1 << 20;
  /// How often a host function may call back into the instance that called it.
  uint32_t hostReentry = 32;
};

/// When a call must end. Checked at loops and function entries.
using Clock = std::chrono::steady_clock;
using Deadline = std::optional<Clock::time_point>;

class Instance;

/// A function of the host. `caller` gives access to the memory of the guest
/// that calls; arguments and results are typed by the import.
///
/// returns  nothing, or the trap that ends the guest
using HostFunction = std::function<std::optional<Trap>(
    Instance &caller, std::span<const Value> arguments,
    std::span<Value> results)>;

struct Import {
  std::string module;
  std::string name;
  wasm::FunctionType type;
  HostFunction function;
};

/// A module that runs: its memory, tables and globals. One thread at a time; a
/// host function may call back into the instance that called it.
class Instance {
public:
  virtual ~Instance() = default;

  /// The index of an exported function, and its type.
  virtual std::optional<uint32_t>
  exportedFunction(std::string_view name) const = 0;
  virtual const wasm::FunctionType &functionType(uint32_t function) const = 0;

  /// Calls an exported function; `arguments` and `results` have the lengths of
  /// its type.
  [[nodiscard]] virtual std::optional<Trap>
  call(uint32_t function, std::span<const Value> arguments,
       std::span<Value> results, Deadline deadline) = 0;

  /// The bytes of memory 0, empty without one. Valid until the guest runs
  /// again.
  virtual std::span<uint8_t> memory() = 0;
  virtual std::optional<Value> exportedGlobal(std::string_view name) const = 0;
};

class Engine {
public:
  virtual ~Engine() = default;
  virtual std::string_view name() const = 0;

  /// Links and starts a validated module: every import must be among `imports`
  /// with an equal type, active segments are copied, the start function runs.
  ///
  /// errors  `engine.missing-import` (names module, field and type),
  ///         `engine.import-type`, `engine.limit` (memory or table minimum
  ///         above `limits`), `engine.trap` (segments or start)
  virtual Result<std::unique_ptr<Instance>>
  instantiate(std::shared_ptr<const wasm::Module> module,
              std::span<const Import> imports, const Limits &limits,
              Deadline deadline) = 0;
};

/// The portable engine: starts at once, needs no code generation, judges the
/// rest.
std::unique_ptr<Engine> makeInterpreter();

} // namespace rune::engine
