// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Which of the interpreter's own instructions may run as which: those that read
// the same words as the same types, and compute something else.
#include "mutation.h"

#include "engine/interpreter/code.h"

#include <algorithm>

namespace rune::spec {

namespace {

using engine::Op;

struct Handler {
  Op op;
  std::string_view name;
  /// Handlers of one group read the same words, as the same types.
  std::string_view group;
  /// What it computes: two of the same are no mutants of each other.
  std::string_view what;
};

constexpr Handler handlers[] = {
#define ADD(name, group, what) {Op::name, #name, group, what},
#define RUNE_COMPARE(name, type, expression, inverse)                          \
  ADD(name, "compare " #type, #expression)                                     \
  ADD(name##Imm, "compare constant " #type, #expression)                       \
  ADD(BrIf##name, "branch " #type, #expression)                                \
  ADD(BrIf##name##Imm, "branch constant " #type, #expression)
#define RUNE_BINARY(name, type, result, expression)                            \
  ADD(name, "binary " #type, #expression)                                      \
  ADD(name##Imm, "binary constant " #type, #expression)
#define RUNE_TRAPPING_BINARY(name, type, function)                             \
  RUNE_BINARY(name, type, type, function)
#define RUNE_UNARY(name, type, result, expression)                             \
  ADD(name, "unary " #type " " #result, #expression)
#define RUNE_TRAPPING_UNARY(name, type, result, function)                      \
  RUNE_UNARY(name, type, result, function)
#define RUNE_FUSED(name, type, expression) ADD(name, "fused", #type #expression)
#define RUNE_LOAD(name, memory, result)                                        \
  ADD(name, "load " #result, #memory)                                          \
  ADD(name##Sum, "load sum " #result, #memory)                                 \
  ADD(name##Scaled, "load scaled " #result, #memory)                           \
  ADD(name##At, "load at " #result, #memory)
#define RUNE_STORE(name, memory, operand)                                      \
  ADD(name, "store " #operand, #memory)                                        \
  ADD(name##At, "store at " #operand, #memory)
#include "engine/interpreter/numeric.def"
#define RUNE_LANES_1(name, from, to, expression)                               \
  ADD(name, "vector 1", #from #to #expression)
#define RUNE_LANES_2(name, from, to, expression)                               \
  ADD(name, "vector 2", #from #to #expression)
#define RUNE_LANES_3(name, from, to, expression)                               \
  ADD(name, "vector 3", #from #to #expression)
#define RUNE_VECTOR_1(name, function) ADD(name, "vector 1", #function)
#define RUNE_VECTOR_2(name, function) ADD(name, "vector 2", #function)
#define RUNE_VECTOR_3(name, function) ADD(name, "vector 3", #function)
#define RUNE_VECTOR_TEST(name, function) ADD(name, "vector test", #function)
#define RUNE_VECTOR_SHIFT(name, lane, expression)                              \
  ADD(name, "vector shift", #lane #expression)
#define RUNE_SPLAT(name, lane) ADD(name, "splat", #lane)
// another lane's number may lie outside: these are swapped as opcodes only
#define RUNE_EXTRACT(name, lane, result)
#define RUNE_REPLACE(name, lane)
#define RUNE_LOAD_LANE(name, lane)
#define RUNE_STORE_LANE(name, lane)
#define RUNE_VECTOR_LOAD(name, memory, function)                               \
  ADD(name, "vector load", #memory #function)                                  \
  ADD(name##At, "vector load at", #memory #function)
#include "engine/interpreter/vector.def"
    // only this way: the wide ones also do what the narrow ones do
    ADD(CopyWide, "copy", "wide") ADD(Copy, "copy", "") ADD(SelectWide,
                                                            "select", "wide")
        ADD(Select, "select", "") ADD(GlobalGetWide, "global get",
                                      "wide") ADD(GlobalGet, "global get", "")
            ADD(GlobalSetWide, "global set", "wide") ADD(
                GlobalSet, "global set", "") ADD(ReturnWide, "return", "wide")
                ADD(ReturnOne, "return", "") ADD(BrIf, "branch if", "if")
                    ADD(BrUnless, "branch if", "unless")
                        ADD(ReturnCall, "call", "return") ADD(Call, "call", "")
                            ADD(Address64, "address", "wide")
                                ADD(Address32, "address", "")
#undef ADD
};

std::optional<Op> neighbour(const Handler &handler) {
  constexpr std::string_view oneWay[] = {"copy",       "select", "global get",
                                         "global set", "return", "call",
                                         "address"};
  std::span all = handlers;
  auto at = static_cast<size_t>(&handler - all.data());
  if (handler.what.empty() &&
      std::ranges::find(oneWay, handler.group) != std::end(oneWay))
    return std::nullopt;
  for (size_t step = 1; step < all.size(); ++step) {
    const Handler &other = all[(at + step) % all.size()];
    if (other.group == handler.group && other.what != handler.what)
      return other.op;
  }
  return std::nullopt;
}

} // namespace

std::string_view handlerName(uint32_t op) {
  constexpr std::string_view names[] = {
#define RUNE_OP(name) #name,
#include "engine/interpreter/ops.def"
  };
  return names[op];
}

std::vector<Mutant> handlerMutants() {
  std::vector<Mutant> all;
  for (const Handler &handler : handlers)
    if (auto other = neighbour(handler))
      all.push_back({engine::Tier::Interpreter, MutantKind::Handler,
                     static_cast<uint32_t>(handler.op),
                     static_cast<uint32_t>(*other)});
  return all;
}

} // namespace rune::spec
