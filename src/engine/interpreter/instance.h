// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A module that the interpreter runs: its state, its call stack, and the loop.
// Guest calls do not use the C++ stack: frames lie in an array of fixed size,
// so depth is a limit that traps. Nothing is allocated per call; a function is
// translated when it is first called.
#pragma once

#include "engine/interpreter/code.h"
#include "engine/interpreter/memory.h"

namespace rune::engine {

class InterpreterInstance final : public Instance {
public:
  InterpreterInstance(std::shared_ptr<const wasm::Module> module,
                      const Limits &limits);

  /// Links imports, makes memory and tables, copies active segments, runs the
  /// start function; once, before anything else.
  ///
  /// errors  as Engine::instantiate
  Result<> start(std::span<const Import> imports, Deadline deadline);

  std::optional<uint32_t>
  exportedFunction(std::string_view name) const override;
  const wasm::FunctionType &functionType(uint32_t function) const override {
    return module_->functionType(function);
  }
  std::optional<Trap> call(uint32_t function, std::span<const Value> arguments,
                           std::span<Value> results,
                           Deadline deadline) override;
  std::span<uint8_t> memory() override { return memory_.bytes(); }
  std::optional<Value> exportedGlobal(std::string_view name) const override;

private:
  struct Function {
    uint32_t index = 0;
    /// Equal for equal types.
    uint32_t type = 0;
    bool translated = false;
    Code code;
    /// Of an imported function.
    const HostFunction *host = nullptr;
  };

  struct Table {
    std::vector<uint64_t> elements;
    uint64_t most = 0;
  };

  /// Where a function goes on when the one it called returns.
  struct Frame {
    const Function *function;
    const uint32_t *next;
    Value *slots;
  };

  using MaybeTrap = std::optional<TrapKind>;

  // Instantiation (instantiate.cpp).
  Result<> link(std::span<const Import> imports);
  Result<> makeStack();
  Result<> makeMemory();
  Result<> makeTables();
  void makeFunctions();
  void makeGlobals();
  void makeElements();
  MaybeTrap copyActiveSegments();
  Result<> runStart(Deadline deadline);
  uint64_t evaluate(const wasm::ConstantExpression &expression) const;

  // Calls (call.cpp).
  MaybeTrap callHost(const Function &function, Value *base);
  bool deadlinePassed() const;
  const Trap &die(TrapKind kind, std::string detail, const Function *innermost);
  void translateNow(Function &function);

  /// Runs until `function`, whose arguments lie at `base`, returns (run.cpp).
  /// On a trap `dead_` is set.
  void run(Function &function, Value *base) noexcept;

  // Instructions on whole stretches (bulk.cpp).
  uint32_t growMemory(uint32_t pages);
  MaybeTrap fillMemory(uint32_t at, uint32_t value, uint32_t count);
  MaybeTrap copyMemory(uint32_t to, uint32_t from, uint32_t count);
  MaybeTrap initMemory(uint32_t segment, uint32_t to, uint32_t from,
                       uint32_t count);
  uint32_t growTable(uint32_t table, uint64_t value, uint32_t count);
  MaybeTrap fillTable(uint32_t table, uint32_t at, uint64_t value,
                      uint32_t count);
  MaybeTrap copyTable(uint32_t table, uint32_t fromTable, uint32_t to,
                      uint32_t from, uint32_t count);
  MaybeTrap initTable(uint32_t table, uint32_t segment, uint32_t to,
                      uint32_t from, uint32_t count);

  std::shared_ptr<const wasm::Module> module_;
  Limits limits_;
  std::vector<HostFunction> hosts_;
  std::vector<Function> functions_;
  /// The first type that equals each type.
  std::vector<uint32_t> sameType_;
  LinearMemory memory_;
  std::vector<Table> tables_;
  uint64_t tableElements_ = 0;
  std::vector<Value> globals_;
  /// Segments that instructions may still copy; empty once dropped.
  std::vector<std::vector<uint64_t>> elements_;
  std::vector<ByteSpan> data_;

  // The call stack. Slots are written before they are read (validation), so
  // neither array is cleared.
  LinearMemory stack_;
  Value *slotsEnd_ = nullptr;
  std::unique_ptr<Frame[]> frames_;
  /// Frames in use, and the first slot that no activation uses.
  uint32_t depth_ = 0;
  Value *free_ = nullptr;
  uint32_t activations_ = 0;
  Deadline deadline_;
  std::optional<Trap> dead_;
};

} // namespace rune::engine
