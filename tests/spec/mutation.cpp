// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "mutation.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <mutex>

namespace rune::spec {

namespace {

using engine::Tier;
using wasm::Opcode;
using wasm::OpcodeInfo;

/// What the hooks read; written by one thread while no guest is compiled.
struct State {
  std::optional<Mutant> planted;
  std::mutex mutex;
  Implemented implemented;
};
State &state() {
  static State all;
  return all;
}

// --- which opcode may stand for which ---

const std::vector<Opcode> &allOpcodes() {
  static const std::vector<Opcode> all = {
#define RUNE_OPCODE(name, code, text, immediates, signature) Opcode::name,
#include "wasm/opcodes.def"
  };
  return all;
}

/// Opcodes that compute the same by the specification, or may: swapping them
/// makes no mutant.
std::string_view familyOf(std::string_view text) {
  return text.ends_with("relaxed_laneselect") ? "relaxed_laneselect" : text;
}

/// The next opcode of the same operands, results and immediates.
std::optional<Opcode> neighbour(Opcode opcode) {
  const std::vector<Opcode> &all = allOpcodes();
  const OpcodeInfo &info = wasm::opcodeInfo(opcode);
  if (info.signature.size() < 2)
    return std::nullopt;
  auto at = std::ranges::find(all, opcode) - all.begin();
  for (size_t step = 1; step < all.size(); ++step) {
    Opcode other = all[(static_cast<size_t>(at) + step) % all.size()];
    const OpcodeInfo &its = wasm::opcodeInfo(other);
    if (its.signature == info.signature && its.immediates == info.immediates &&
        familyOf(its.text) != familyOf(info.text))
      return other;
  }
  return std::nullopt;
}

/// Swaps that have an operator of their own (`Special::instead`).
constexpr Opcode specialSwaps[] = {
    Opcode::Block,        Opcode::Loop,        Opcode::If,
    Opcode::Br,           Opcode::BrIf,        Opcode::BrTable,
    Opcode::Return,       Opcode::Call,        Opcode::ReturnCall,
    Opcode::CallIndirect, Opcode::Unreachable, Opcode::ReturnCallIndirect,
    Opcode::RefNull,      Opcode::RefIsNull,   Opcode::RefFunc,
    Opcode::Select,       Opcode::LocalGet,    Opcode::SelectTyped,
    Opcode::LocalSet,     Opcode::LocalTee,    Opcode::GlobalGet,
    Opcode::GlobalSet,    Opcode::TableCopy,   Opcode::MemoryCopy,
    Opcode::MemoryFill,
};
constexpr Opcode noNegation[] = {
    Opcode::Unreachable, Opcode::Block,    Opcode::Loop,    Opcode::Br,
    Opcode::RefNull,     Opcode::ElemDrop, Opcode::RefFunc, Opcode::DataDrop,
};
constexpr Opcode noDrop[] = {Opcode::Block, Opcode::Loop};
constexpr Opcode noMutant[] = {Opcode::Nop, Opcode::Drop, Opcode::Else,
                               Opcode::End};

template <class List> bool in(const List &list, Opcode opcode) {
  return std::ranges::find(list, opcode) != std::end(list);
}

} // namespace

std::string_view mutantKindName(MutantKind kind) {
  constexpr std::string_view names[] = {"swap", "negate", "drop", "handler"};
  return names[static_cast<size_t>(kind)];
}

std::string Mutant::name() const {
  if (kind == MutantKind::Handler)
    return fmt::format("handler {} -> {}", handlerName(code),
                       handlerName(other));
  std::string text =
      fmt::format("{} {}", mutantKindName(kind), wasm::opcodeInfo(code)->text);
  if (kind == MutantKind::Swap && other != code)
    text += fmt::format(" -> {}", wasm::opcodeInfo(other)->text);
  return text;
}

std::vector<Mutant> mutantsOf(Tier tier) {
  std::vector<Mutant> all;
  for (Opcode opcode : allOpcodes()) {
    auto code = static_cast<uint32_t>(opcode);
    if (in(noMutant, opcode))
      continue;
    if (auto other = neighbour(opcode); other && !in(specialSwaps, opcode))
      all.push_back(
          {tier, MutantKind::Swap, code, static_cast<uint32_t>(*other)});
    else if (in(specialSwaps, opcode))
      all.push_back({tier, MutantKind::Swap, code, code});
    if (!in(noNegation, opcode))
      all.push_back({tier, MutantKind::Negate, code});
    if (!in(noDrop, opcode) && opcode != Opcode::RefNull)
      all.push_back({tier, MutantKind::Drop, code});
  }
  if (tier == Tier::Interpreter)
    std::ranges::copy(handlerMutants(), std::back_inserter(all));
  return all;
}

void plant(const Mutant *mutant) {
  state().planted = mutant ? std::optional(*mutant) : std::nullopt;
}

const Implemented &implementedSoFar() { return state().implemented; }
void forget() { state().implemented = {}; }

} // namespace rune::spec

namespace rune::engine::mutation {

std::vector<wasm::Instruction> inPlaceOf(Tier tier,
                                         const wasm::Instruction &now,
                                         const wasm::Module &module,
                                         uint32_t function) {
  auto &state = spec::state();
  const auto &planted = state.planted;
  if (!planted) {
    std::lock_guard lock(state.mutex);
    state.implemented.opcodes.insert(static_cast<uint32_t>(now.opcode));
    return {now};
  }
  if (planted->tier != tier || planted->kind == spec::MutantKind::Handler ||
      planted->code != static_cast<uint32_t>(now.opcode))
    return {now};
  return spec::insteadOf(now, module, function, *planted);
}

uint32_t handlerInPlaceOf(uint32_t op) {
  auto &state = spec::state();
  const auto &planted = state.planted;
  if (!planted) {
    std::lock_guard lock(state.mutex);
    state.implemented.handlers.insert(op);
    return op;
  }
  bool here = planted->kind == spec::MutantKind::Handler && planted->code == op;
  return here ? planted->other : op;
}

} // namespace rune::engine::mutation
