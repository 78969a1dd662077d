// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One module under two engines: results, traps, fuel, globals and memory must
// agree. For tests and the fuzzer.
#pragma once

#include "engine/engine.h"
#include "engine/llvm/random_module.h"
#include "wasm/decode.h"

namespace rune::engine::test {

/// Where two engines part, or empty.
class Differential {
public:
  Differential(Engine &judge, Engine &tested) {
    engines_[0] = &judge;
    engines_[1] = &tested;
  }

  std::string compare(const std::shared_ptr<const wasm::Module> &module) {
    return compare(module, module);
  }
  /// The judge runs a module of its own, with the same types.
  std::string compare(const std::shared_ptr<const wasm::Module> &judged,
                      const std::shared_ptr<const wasm::Module> &module) {
    Limits limits;
    limits.fuel = 3000;
    limits.memoryBytes = 1 << 20;
    limits.keepAfterTrap = true;
    std::shared_ptr<Instance> instances[2];
    std::unique_ptr<Store> stores[2];
    Instance *guests[2];
    for (int i = 0; i < 2; ++i) {
      stores[i] = engines_[i]->makeStore(limits);
      auto made = stores[i]->instantiate(i == 0 ? judged : module, {}, {});
      if (!made)
        return std::string(engines_[i]->name()) + ": " + made.error().message;
      guests[i] = *made;
    }
    for (const wasm::Export &each : module->exports)
      if (each.kind == wasm::ExternKind::Function)
        for (int round = 0; round < 2; ++round)
          if (std::string why =
                  compareCall(guests, stores, *module, each, round);
              !why.empty())
            return why;
    return compareState(guests);
  }

  uint64_t calls = 0;
  uint64_t traps = 0;

private:
  std::string compareCall(Instance *(&guests)[2],
                          std::unique_ptr<Store> (&stores)[2],
                          const wasm::Module &module, const wasm::Export &each,
                          int round) {
    static constexpr Value arguments[2][5] = {
        {{3},
         {UINT64_MAX - 5},
         {0x40490FDB},
         {0xC005BF0A8B145769},
         {0x0102030405060708, 0x7FC00000FF800000}},
        {{0xFFFFFFFF},
         {1},
         {0xFF800000},
         {0x7FF0000000000000},
         {0x8000000080000000, 0x3F80000040000000}}};
    const wasm::FunctionType &type = module.functionType(each.index);
    if (type.parameters.size() != 5)
      return {};
    Value results[2][1];
    std::optional<Trap> traps[2];
    for (int i = 0; i < 2; ++i) {
      stores[i]->setFuel(3000);
      traps[i] = guests[i]->call(each.index, arguments[round], results[i], {});
    }
    ++calls;
    this->traps += traps[0].has_value();
    if (traps[0].has_value() != traps[1].has_value() ||
        (traps[0] && traps[0]->kind != traps[1]->kind))
      return each.name + ": " + (traps[0] ? traps[0]->str() : "no trap") +
             " / " + (traps[1] ? traps[1]->str() : "no trap");
    if (traps[0])
      return {};
    if (results[0][0].bits != results[1][0].bits ||
        results[0][0].high != results[1][0].high)
      return fmt::format("{}: {:x} {:x} / {:x} {:x}", each.name,
                         results[0][0].bits, results[0][0].high,
                         results[1][0].bits, results[1][0].high);
    if (stores[0]->fuel() != stores[1]->fuel())
      return fmt::format("{}: fuel {} / {}", each.name, *stores[0]->fuel(),
                         *stores[1]->fuel());
    return {};
  }

  std::string compareState(Instance *(&guests)[2]) {
    std::span<uint8_t> a = guests[0]->memory(), b = guests[1]->memory();
    if (a.size() != b.size())
      return fmt::format("memory of {} / {} bytes", a.size(), b.size());
    auto [at, other] = std::mismatch(a.begin(), a.end(), b.begin());
    if (at != a.end())
      return fmt::format("memory at {}: {} / {}", at - a.begin(), *at, *other);
    auto x = guests[0]->exportedGlobal("global"),
         y = guests[1]->exportedGlobal("global");
    if (x && y && x->bits != y->bits)
      return fmt::format("global {:x} / {:x}", x->bits, y->bits);
    return {};
  }

  Engine *engines_[2];
};

} // namespace rune::engine::test
