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
#include <type_traits>
#include <variant>
#include <vector>

namespace rune::engine {

/// One value on its way in or out of a function. What its bits mean depends on
/// the type: a number; the lower and `high` half of a v128; or a reference.
/// References are opaque, 0 is null: those of functions come from
/// Function::reference, external ones are the host's own, counted from 1.
struct Value {
  uint64_t bits = 0;
  uint64_t high = 0;

  static Value i32(uint32_t value) { return {value}; }
  static Value i64(uint64_t value) { return {value}; }
  static Value f32(float value);
  static Value f64(double value);
  static Value v128(uint64_t low, uint64_t high) { return {low, high}; }
  static Value external(uint64_t host) { return {host + 1}; }
  static Value null() { return {}; }
  uint32_t asI32() const { return static_cast<uint32_t>(bits); }
  uint64_t asI64() const { return bits; }
  float asF32() const;
  double asF64() const;
  uint64_t asExternal() const { return bits - 1; }
  bool isNull() const { return bits == 0; }
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

/// What a store may use, all its instances together.
struct Limits {
  /// Bytes of all memories.
  uint64_t memoryBytes = uint64_t{256} << 20;
  /// Elements of all tables.
  uint64_t tableElements = 1 << 20;
  uint32_t instances = 1000;
  uint32_t callDepth = 2000;
  /// Sixteen bytes each: parameters, locals and operands of all active
  /// functions.
  uint64_t stackSlots = 1 << 20;
  /// How often a host function may call back into the guests that called it.
  uint32_t hostReentry = 32;
  /// Calls that have begun on a stack of their own and have not ended.
  uint32_t fibers = 1000;
  /// Of such a stack, for guests; what the host needs comes on top.
  uint64_t fiberStackBytes = uint64_t{1} << 20;
  /// How much may run, the same on every machine and engine: a function entered
  /// costs 1, a branch back to a loop costs 1, and an instruction on a stretch
  /// of memory or table costs 1 for each 1024 bytes or elements. Nothing: time
  /// alone counts.
  std::optional<uint64_t> fuel;
  /// Guests go on after a trap, as the specification has it; for its test
  /// scripts. Else a trap ends every instance of the store.
  bool keepAfterTrap = false;
};

/// When a call must end. Checked at loops and function entries.
using Clock = std::chrono::steady_clock;
using Deadline = std::optional<Clock::time_point>;

class Instance;

/// A function of the host. `caller` gives access to the memory of the guest
/// that calls; arguments and results are typed by the import. Where the guest
/// runs on a fiber, the function runs on the host's stack all the same, unless
/// it is `leaf`. host_function.h makes one from a lambda with core types.
///
/// returns  nothing, or the trap that ends the guest
class HostFunction {
public:
  using Body = std::function<std::optional<Trap>(
      Instance &caller, std::span<const Value> arguments,
      std::span<Value> results)>;
  /// What machine code may call in its place: (closure, caller, arguments…) →
  /// result, in the machine's own convention.
  struct Direct {
    const void *code = nullptr;
    std::shared_ptr<void> closure;
  };

  HostFunction() = default;
  template <class F>
    requires(!std::is_same_v<std::remove_cvref_t<F>, HostFunction> &&
             std::is_constructible_v<Body, F>)
  HostFunction(F &&body) : body_(std::forward<F>(body)) {}

  /// Runs on the stack of the guest that calls, which saves the way to the
  /// host's and back: for what takes less than 256 KiB of stack.
  HostFunction &&leaf() && {
    leaf_ = true;
    return std::move(*this);
  }
  HostFunction &&direct(Direct direct) && {
    direct_ = std::move(direct);
    return std::move(*this);
  }

  bool isLeaf() const { return leaf_; }
  const Direct &direct() const { return direct_; }
  explicit operator bool() const { return static_cast<bool>(body_); }
  std::optional<Trap> operator()(Instance &caller,
                                 std::span<const Value> arguments,
                                 std::span<Value> results) const {
    return body_(caller, arguments, results);
  }

private:
  Body body_;
  bool leaf_ = false;
  Direct direct_;
};

/// A call on a stack of its own, which can wait in a host function while the
/// host does other things, on this thread or another. A store's fibers run one
/// at a time. An instance in which one has not ended takes no other calls than
/// those of the fiber's own host functions.
class Fiber {
public:
  enum class State : uint8_t { Ready, Running, Suspended, Done };

  /// Ends what has not ended, as `cancel` does.
  virtual ~Fiber() = default;
  virtual State state() const = 0;
  /// Begins the call, or goes on behind the host function that waits: `answer`
  /// is what that was to fill. Returns when the call has ended or waits again.
  ///
  /// in  a state of Ready (then no `answer`) or Suspended
  virtual State resume(std::span<const Value> answer = {}) = 0;
  /// The host function that waits gets a trap for an answer, and the guest ends
  /// with it; a call that has not begun never does.
  virtual void cancel(std::string why = {}) = 0;
  /// Why the call ended, if not by returning.
  virtual const std::optional<Trap> &trap() const = 0;
  /// What it returned.
  virtual std::span<const Value> results() const = 0;
};

// What crosses a module's border. Each belongs to a store, lives as long, and
// may be given to any instance of that store.

class Function {
public:
  virtual ~Function() = default;
  virtual const wasm::FunctionType &type() const = 0;
  /// The value that names this function.
  virtual Value reference() const = 0;
};

class Table {
public:
  virtual ~Table() = default;
  /// The minimum is the size now.
  virtual wasm::TableType type() const = 0;
  virtual uint64_t size() const = 0;
  /// Nothing outside of the table.
  virtual std::optional<Value> get(uint64_t index) const = 0;
  /// False, and nothing changed, outside of the table.
  virtual bool set(uint64_t index, Value element) = 0;
};

class Memory {
public:
  virtual ~Memory() = default;
  /// The minimum is the size now.
  virtual wasm::MemoryType type() const = 0;
  /// Valid until a guest runs.
  virtual std::span<uint8_t> bytes() = 0;
};

class Global {
public:
  virtual ~Global() = default;
  virtual wasm::GlobalType type() const = 0;
  virtual Value get() const = 0;
  virtual void set(Value value) = 0;
};

/// One of them, or nothing.
using External =
    std::variant<std::monostate, Function *, Table *, Memory *, Global *>;

/// What the host gives: a function of its own, or, if it holds one, `external`.
struct Import {
  std::string module;
  std::string name;
  wasm::FunctionType type;
  HostFunction function;
  External external = {};
};

/// A module that runs: its memories, tables and globals. A host function may
/// call back into the instance that called it.
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
  /// An export of any kind, or nothing.
  virtual External exported(std::string_view) const { return {}; }

  /// A call of an exported function that can wait; begun by its first `resume`.
  /// The deadline goes on while it waits. It may outlive the store, which ends
  /// it.
  ///
  /// errors  `engine.limit` (too many), `engine.busy` (the instance is in use),
  ///         `engine.out-of-memory`, `engine.no-fibers`
  virtual Result<std::unique_ptr<Fiber>>
  makeFiber(uint32_t function, std::span<const Value> arguments,
            Deadline deadline);
  /// For a host function that was called on a fiber: leaves the fiber, whose
  /// `resume` returns. A leaf function stands still here until it is resumed;
  /// then `answer` is filled. Any other returns at once what this returns, and
  /// `answer` is its own results: the guest finds the answer there.
  ///
  /// returns  nothing, or the trap to end with: it was cancelled, its time is
  ///          up, or it cannot wait here
  virtual std::optional<Trap> suspend(std::span<Value> answer);

  /// The trap that ends the guest when the function that runs, one that was
  /// called directly, returns. For host_function.h.
  virtual void endAfterReturn(Trap) {}
};

/// Instances that may share functions, tables, memories and globals, and all
/// of those: they live and end together, so that no reference outlives what it
/// names. One thread at a time.
class Store {
public:
  virtual ~Store() = default;

  /// Links and starts a validated module: every import must be among `imports`
  /// with a fitting type, active segments are copied, the start function runs.
  /// The instance belongs to the store. One that fails while segments are
  /// copied or in its start function stays there unseen, because what it wrote
  /// into tables may name it.
  ///
  /// errors  `engine.missing-import` (names module, field and type),
  ///         `engine.import-type`, `engine.limit` (memory or table minimum
  ///         above the limits), `engine.trap` (segments or start)
  virtual Result<Instance *>
  instantiate(std::shared_ptr<const wasm::Module> module,
              std::span<const Import> imports, Deadline deadline) = 0;

  // What the host makes to give it to guests.
  virtual Function *makeFunction(wasm::FunctionType type,
                                 HostFunction function) = 0;
  virtual Global *makeGlobal(wasm::GlobalType type, Value value) = 0;
  /// errors  `engine.limit`, `engine.out-of-memory`
  virtual Result<Table *> makeTable(wasm::TableType type, Value element) = 0;
  virtual Result<Memory *> makeMemory(wasm::MemoryType type) = 0;

  /// What a reference to a function names; null for null.
  virtual Function *function(Value reference) const = 0;

  /// What is left of `Limits::fuel`.
  virtual std::optional<uint64_t> fuel() const = 0;
  /// Machine code that was made for a store without fuel does not count it: its
  /// calls then end with `OutOfFuel` before they begin.
  virtual void setFuel(std::optional<uint64_t> fuel) = 0;
};

class Engine {
public:
  virtual ~Engine() = default;
  virtual std::string_view name() const = 0;
  virtual std::unique_ptr<Store> makeStore(const Limits &limits) = 0;

  /// One instance in a store of its own, which lives as long.
  ///
  /// errors  as Store::instantiate
  virtual Result<std::shared_ptr<Instance>>
  instantiate(std::shared_ptr<const wasm::Module> module,
              std::span<const Import> imports, const Limits &limits,
              Deadline deadline);
};

/// The portable engine: starts at once, needs no code generation, judges the
/// rest.
std::unique_ptr<Engine> makeInterpreter();

} // namespace rune::engine
