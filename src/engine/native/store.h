// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The instances that live together, and what they share: limits, the deadline,
// the stack limit, and how they end.
#pragma once

#include "engine/fiber/guest_fiber.h"
#include "engine/native/activation.h"
#include "engine/native/guest_memory.h"
#include "engine/native/guest_table.h"
#include "engine/native/watch.h"

#include <deque>
#include <map>

namespace rune::engine::native {

class NativeInstance;
class NativeFiber;

/// Gives the code of a module, which counts fuel or does not.
using CodeSource = std::function<Result<std::shared_ptr<const CodeImage>>(
    const std::shared_ptr<const wasm::Module> &, bool fuel)>;

/// What the stores of an engine share.
struct EngineParts {
  std::shared_ptr<Watch> watch = std::make_shared<Watch>();
  std::shared_ptr<ReservationPool> memories =
      std::make_shared<ReservationPool>();
  std::shared_ptr<StackPool> stacks = std::make_shared<StackPool>();
};

/// What belongs to who runs: the host's own call, or a fiber.
struct Strand {
  Deadline deadline;
  uint32_t activations = 0;
  /// Of this store; of any store.
  Activation *innermost = nullptr;
  Activation *ofThread = nullptr;
  uint64_t stackLimit = 0;
  uint32_t ended = 0;
  const void *hostFrame = nullptr;
};

/// A global, wherever its cell lies.
class NativeGlobal final : public Global {
public:
  NativeGlobal(const wasm::GlobalType &type, uint8_t *cell)
      : type_(type), cell_(cell) {}
  wasm::GlobalType type() const override { return type_; }
  Value get() const override { return loadUnaligned<Value>(cell_); }
  void set(Value value) override { storeUnaligned(cell_, value); }
  uint8_t *cell() const { return cell_; }

private:
  wasm::GlobalType type_;
  uint8_t *cell_;
};

class NativeFunction final : public Function {
public:
  NativeFunction(const wasm::FunctionType &type, const FunctionRecord &record)
      : type_(type), record_(record) {}
  const wasm::FunctionType &type() const override { return type_; }
  Value reference() const override {
    return {reinterpret_cast<uint64_t>(record_.self)};
  }
  const FunctionRecord &record() const { return record_; }

private:
  const wasm::FunctionType &type_;
  const FunctionRecord &record_;
};

class NativeStore final : public Store {
public:
  NativeStore(CodeSource source, Bounds bounds, EngineParts parts,
              const Limits &limits);
  ~NativeStore() override;

  Result<Instance *> instantiate(std::shared_ptr<const wasm::Module> module,
                                 std::span<const Import> imports,
                                 Deadline deadline) override;
  Function *makeFunction(wasm::FunctionType type,
                         HostFunction function) override;
  Global *makeGlobal(wasm::GlobalType type, Value value) override;
  Result<engine::Table *> makeTable(wasm::TableType type,
                                    Value element) override;
  Result<engine::Memory *> makeMemory(wasm::MemoryType type) override;
  Function *function(Value reference) const override;
  std::optional<uint64_t> fuel() const override;
  void setFuel(std::optional<uint64_t> fuel) override;

  // For its instances.
  const Limits &limits() const { return limits_; }
  Bounds bounds() const { return bounds_; }
  StoreState &state() { return state_; }
  /// The number of a type, equal for equal ones.
  uint64_t typeNumber(const wasm::FunctionType &type);

  /// Calls by the trampoline `entry`.
  std::optional<Trap> call(const FunctionRecord &function, const void *entry,
                           const wasm::FunctionType &type,
                           std::span<const Value> arguments,
                           std::span<Value> results, Deadline deadline);
  FiberSet &fibers() { return fibers_; }
  /// A host function, for machine code; false if the guest ends.
  bool callHost(NativeInstance &caller, uint32_t function, Value *slots,
                const void *helperFrame);
  /// Notes why the guests end; `leave` then ends them.
  void die(TrapKind kind, std::string detail, std::optional<CodePlace> place);
  /// As Instance::endAfterReturn.
  void endAfterReturn(Trap why);
  /// Notes why, behind a function of the host that ended the guest.
  void endByHost(CodePlace place);
  std::optional<Trap> suspend(std::span<Value> answer);
  /// Makes the strand's part of the state the store's; gives the present one.
  void exchange(Strand &strand);
  /// Why guests of this strand must not run, if they must not.
  std::optional<Trap> refuses() const {
    if (!dead_ && !strand_.deadline && !ending()) [[likely]]
      return {};
    return refuses(strand_.deadline);
  }
  /// The guest's function at an address of any instance's code.
  std::optional<uint32_t> functionAt(uint64_t address) const;

  Result<NativeMemory *> newMemory(const wasm::MemoryType &type);
  Result<NativeTable *> newTable(const wasm::TableType &type, uint64_t initial);
  void forgetSince(size_t memories, size_t tables);
  /// Pages before, or -1.
  uint64_t growMemory(NativeMemory &memory, uint64_t pages);
  uint64_t growTable(NativeTable &table, uint64_t reference, uint64_t count);
  /// What long instructions ask between two stretches.
  std::optional<TrapKind> mustEnd(uint64_t work);

private:
  std::optional<Trap> refuses(Deadline deadline) const;
  void setDeadline(Deadline next);
  /// The fiber that runs must end for this.
  const Trap *ending() const {
    GuestFiber *fiber = fibers_.running();
    return fiber && fiber->ending() ? &*fiber->ending() : nullptr;
  }

  CodeSource source_;
  Bounds bounds_;
  EngineParts parts_;
  Limits limits_;
  StoreState state_;
  Alarm alarm_{state_.interrupt};
  FiberSet fibers_;
  Strand strand_;
  bool countsFuel_ = false;
  /// Some instance's code does not count it.
  bool hasUncounted_ = false;
  /// Ends every call from now on.
  std::optional<Trap> dead_;
  /// Of the call that just ended.
  std::optional<Trap> trap_;
  uint64_t memoryBytes_ = 0;
  uint64_t tableElements_ = 0;
  std::map<wasm::FunctionType, uint64_t> types_;
  std::vector<std::unique_ptr<NativeMemory>> memories_;
  std::vector<std::unique_ptr<NativeTable>> tables_;
  std::deque<std::array<uint8_t, cellBytes>> cells_;
  std::vector<std::unique_ptr<NativeGlobal>> globals_;
  std::vector<std::unique_ptr<NativeInstance>> instances_;
};

} // namespace rune::engine::native
