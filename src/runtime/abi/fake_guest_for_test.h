// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A guest made of lambdas: memory as real, functions that write into it what a
// test wants. An honest engine never gives us a liar so easily.
#pragma once

#include "engine/engine.h"

#include <map>

namespace rune::runtime {

class FakeGuest : public engine::Instance {
public:
  using Arguments = std::span<const engine::Value>;
  using Results = std::span<engine::Value>;
  using Body = std::function<std::optional<engine::Trap>(Arguments, Results)>;

  explicit FakeGuest(size_t memoryBytes = 65536) : memory_(memoryBytes) {}

  /// Exports a function; `parameters` and `results` count i32s.
  void define(const std::string &name, size_t parameters, size_t results,
              Body body) {
    wasm::FunctionType type;
    type.parameters.assign(parameters, wasm::ValueType::I32);
    type.results.assign(results, wasm::ValueType::I32);
    names_[name] = static_cast<uint32_t>(functions_.size());
    functions_.push_back({std::move(type), std::move(body)});
  }
  void remove(const std::string &name) { names_.erase(name); }

  /// The allocator of a well-behaved guest.
  void defineRealloc(const std::string &name = "cabi_realloc") {
    define(name, 4, 1, [this](Arguments in, Results out) {
      uint32_t align = in[2].asI32();
      next_ = (next_ + align - 1) / align * align;
      out[0] = engine::Value::i32(next_);
      next_ += in[3].asI32();
      return std::optional<engine::Trap>();
    });
  }

  /// Writes little-endian numbers one behind the other.
  void put(uint32_t address, std::initializer_list<uint32_t> words) {
    for (uint32_t word : words) {
      storeUnaligned(memory_.data() + address, word);
      address += 4;
    }
  }
  void put(uint32_t address, std::string_view text) {
    std::memcpy(memory_.data() + address, text.data(), text.size());
  }
  uint32_t word(uint32_t address) const {
    return loadUnaligned<uint32_t>(memory_.data() + address);
  }
  std::string_view text(uint32_t address, uint32_t length) const {
    return asText(ByteSpan(memory_)).substr(address, length);
  }
  uint64_t calls() const { return calls_; }

  std::optional<uint32_t>
  exportedFunction(std::string_view name) const override {
    auto at = names_.find(name);
    return at == names_.end() ? std::nullopt : std::optional(at->second);
  }
  const wasm::FunctionType &functionType(uint32_t function) const override {
    return functions_[function].type;
  }
  std::optional<engine::Trap> call(uint32_t function, Arguments arguments,
                                   Results results, engine::Deadline) override {
    ++calls_;
    return functions_[function].body(arguments, results);
  }
  std::span<uint8_t> memory() override { return memory_; }
  std::optional<engine::Value> exportedGlobal(std::string_view) const override {
    return {};
  }

private:
  struct Function {
    wasm::FunctionType type;
    Body body;
  };

  Bytes memory_;
  uint32_t next_ = 1024;
  uint64_t calls_ = 0;
  std::vector<Function> functions_;
  std::map<std::string, uint32_t, std::less<>> names_;
};

/// A body that returns this number.
inline FakeGuest::Body answering(uint32_t number) {
  return [number](FakeGuest::Arguments, FakeGuest::Results out) {
    out[0] = engine::Value::i32(number);
    return std::optional<engine::Trap>();
  };
}

inline FakeGuest::Body trapping(engine::TrapKind kind) {
  return [kind](FakeGuest::Arguments, FakeGuest::Results) {
    return std::optional(engine::Trap{kind, {}, {}});
  };
}

constexpr std::string_view blockPrefix = "rune:block/block@0.1.0#";

/// Adds the functions of a block in the legacy spelling; each answers with the
/// address given, whose bytes the test writes.
inline void defineBlock(FakeGuest &guest, uint32_t metadata, uint32_t create,
                        uint32_t graph, uint32_t compute) {
  std::string prefix(blockPrefix);
  guest.defineRealloc();
  guest.define(prefix + "metadata", 0, 1, answering(metadata));
  guest.define(prefix + "create", 2, 1, answering(create));
  guest.define(prefix + "graph", 2, 1, answering(graph));
  guest.define(prefix + "compute", 2, 1, answering(compute));
}

} // namespace rune::runtime
