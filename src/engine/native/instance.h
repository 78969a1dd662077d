// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A module that runs as machine code: its context, and what the helpers need.
#pragma once

#include "engine/native/store.h"

namespace rune::engine::native {

class NativeInstance final : public Instance {
public:
  NativeInstance(NativeStore &store, std::shared_ptr<const wasm::Module> module,
                 std::shared_ptr<const CodeImage> image);

  /// Links imports, makes memories and tables, copies active segments, runs the
  /// start function; once, before anything else.
  ///
  /// errors  as Store::instantiate
  Result<> start(std::span<const Import> imports, Deadline deadline);

  std::optional<uint32_t>
  exportedFunction(std::string_view name) const override;
  const wasm::FunctionType &functionType(uint32_t function) const override {
    return module_->functionType(function);
  }
  std::optional<Trap> call(uint32_t function, std::span<const Value> arguments,
                           std::span<Value> results,
                           Deadline deadline) override;
  std::span<uint8_t> memory() override;
  std::optional<Value> exportedGlobal(std::string_view name) const override;
  External exported(std::string_view name) const override;
  Result<std::unique_ptr<Fiber>> makeFiber(uint32_t function,
                                           std::span<const Value> arguments,
                                           Deadline deadline) override;
  std::optional<Trap> suspend(std::span<Value> answer) override {
    return store_.suspend(answer);
  }
  void endAfterReturn(Trap why) override {
    store_.endAfterReturn(std::move(why));
  }

  // For the store and the helpers.
  NativeStore &store() { return store_; }
  const CodeImage &image() const { return *image_; }
  const wasm::Module &module() const { return *module_; }
  Occupancy &occupancy() { return occupancy_; }
  const HostFunction &host(uint32_t function) const { return hosts_[function]; }
  NativeMemory &memoryAt(uint32_t index) { return *memories_[index]; }
  NativeTable &tableAt(uint32_t index) { return *tables_[index]; }
  ByteSpan &dataSegment(uint32_t index) { return data_[index]; }
  /// References, as code has them.
  std::vector<uint64_t> &elementSegment(uint32_t index) {
    return elements_[index];
  }
  /// Of one of this instance's own records.
  Function *functionOf(const FunctionRecord &record) const;

private:
  using MaybeTrap = std::optional<TrapKind>;

  void makeContext();
  Result<> link(std::span<const Import> imports);
  Result<> linkFunction(const wasm::Import &wanted, const Import &given);
  Result<> linkOther(const wasm::Import &wanted, const Import &given);
  void makeFunctions();
  Result<> makeMemories();
  Result<> makeTables();
  void makeGlobals();
  void fillContext();
  void makeSegments();
  MaybeTrap copyActiveSegments();
  Value evaluate(const wasm::ConstantExpression &expression) const;
  GuestContext &context() const {
    return *reinterpret_cast<GuestContext *>(context_.get());
  }
  uint8_t *field(uint32_t offset) const { return context_.get() + offset; }

  struct FreeContext {
    void operator()(uint8_t *context) const;
  };

  NativeStore &store_;
  Occupancy occupancy_;
  std::shared_ptr<const wasm::Module> module_;
  std::shared_ptr<const CodeImage> image_;
  ContextLayout layout_;
  std::vector<uint32_t> sameType_;
  std::unique_ptr<uint8_t, FreeContext> context_;
  std::vector<FunctionRecord> records_;
  /// Of imported functions that the host gave, and as code calls them.
  std::vector<HostFunction> hosts_;
  std::vector<DirectHost> directHosts_;
  std::vector<NativeMemory *> memories_;
  std::vector<NativeTable *> tables_;
  std::vector<NativeGlobal *> globals_;
  std::vector<std::unique_ptr<NativeGlobal>> ownGlobals_;
  mutable std::map<uint32_t, NativeFunction> functions_;
  /// Segments that instructions may still copy; empty once dropped.
  std::vector<std::vector<uint64_t>> elements_;
  std::vector<ByteSpan> data_;
};

/// A call that runs machine code on a stack of its own.
class NativeFiber final : public GuestFiber {
public:
  NativeFiber(NativeInstance &instance, uint32_t function, Stack stack,
              std::span<const Value> arguments, size_t results,
              Deadline deadline);
  ~NativeFiber() override;

  /// The stack limit of who resumed; 0 if that is no guest.
  uint64_t hostLimit() const { return strand_.stackLimit; }

private:
  std::optional<Trap> run(std::span<const Value> arguments,
                          std::span<Value> results) override;
  std::optional<Trap> swapIn() override;
  void swapOut() override;

  NativeInstance &instance_;
  uint32_t function_;
  Deadline deadline_;
  /// The fiber's while it waits, the host's while it runs.
  Strand strand_;
};

/// The helper that calls functions of the host (store_calls.cpp).
void callHost(GuestContext *context, uint32_t function, Value *slots);
/// The helpers' addresses, by Helper.
void fillHelpers(GuestContext &context);

// Instructions on stretches, for helpers and active segments: bounds are
// checked before the first write, and long ones look at the clock.
using MaybeTrap = std::optional<TrapKind>;
MaybeTrap fillMemory(NativeInstance &, uint32_t memory, uint64_t at,
                     uint8_t value, uint64_t count);
MaybeTrap copyMemory(NativeInstance &, uint32_t to, uint32_t from,
                     uint64_t toAt, uint64_t fromAt, uint64_t count);
MaybeTrap initMemory(NativeInstance &, uint32_t memory, uint32_t segment,
                     uint64_t toAt, uint64_t fromAt, uint64_t count);
MaybeTrap fillTable(NativeInstance &, uint32_t table, uint64_t at,
                    uint64_t reference, uint64_t count);
MaybeTrap copyTable(NativeInstance &, uint32_t to, uint32_t from, uint64_t toAt,
                    uint64_t fromAt, uint64_t count);
MaybeTrap initTable(NativeInstance &, uint32_t table, uint32_t segment,
                    uint64_t toAt, uint64_t fromAt, uint64_t count);

} // namespace rune::engine::native
