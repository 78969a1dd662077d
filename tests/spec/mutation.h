// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The mutants of `./dev mutate wasm`: engines that implement one operator
// wrongly. All are in one program, which plants one at a time; the engine asks
// for it at its hooks (src/engine/mutation.h).
//
//   swap    the operator does what another one of the same signature does
//   negate  its result has a wrong bit (a float the other sign, a vector all
//           bits); without a result, the last operand has; a branch or a select
//           looks at the opposite condition
//   drop    it does nothing: its result is its first operand where that has the
//           same type, else zero
//   handler an instruction of the interpreter's own code (ops.def: fused,
//           constant operand, other memories, …) runs as its neighbour
//
// `nop`, `drop`, `else` and `end` have no mutant: they do nothing that could be
// done wrongly, or hold the structure that validation has promised.
#pragma once

#include "engine/mutation.h"

#include <set>
#include <string>

namespace rune::spec {

enum class MutantKind : uint8_t { Swap, Negate, Drop, Handler };
std::string_view mutantKindName(MutantKind kind);

struct Mutant {
  engine::Tier tier;
  MutantKind kind;
  /// The opcode, or the interpreter's own instruction.
  uint32_t code;
  /// Of a swap: what runs instead.
  uint32_t other = 0;

  /// "swap i32.add -> i32.sub"
  std::string name() const;
};

/// What runs in place of `now` (mutant_instructions.cpp).
std::vector<wasm::Instruction> insteadOf(const wasm::Instruction &now,
                                         const wasm::Module &module,
                                         uint32_t function,
                                         const Mutant &mutant);

/// Those of the interpreter's own instructions, and what such a one is called
/// (mutant_handlers.cpp).
std::vector<Mutant> handlerMutants();
std::string_view handlerName(uint32_t op);

/// Every mutant of a tier.
std::vector<Mutant> mutantsOf(engine::Tier tier);

/// From now on the engines of this process have this mutant; null: none.
void plant(const Mutant *mutant);

/// What has been implemented since `forget`: opcodes and own instructions.
struct Implemented {
  std::set<uint32_t> opcodes;
  std::set<uint32_t> handlers;

  bool has(const Mutant &mutant) const {
    return (mutant.kind == MutantKind::Handler ? handlers : opcodes)
        .contains(mutant.code);
  }
};
const Implemented &implementedSoFar();
void forget();

} // namespace rune::spec
