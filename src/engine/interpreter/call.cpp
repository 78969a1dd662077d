// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The border between host and guest: calls in, calls out, and death.
#include "engine/interpreter/instance.h"

#include <algorithm>

namespace rune::engine {

std::optional<uint32_t>
InterpreterInstance::exportedFunction(std::string_view name) const {
  const wasm::Export *found =
      module_->findExport(wasm::ExternKind::Function, name);
  return found ? std::optional(found->index) : std::nullopt;
}

std::optional<Value>
InterpreterInstance::exportedGlobal(std::string_view name) const {
  const wasm::Export *found =
      module_->findExport(wasm::ExternKind::Global, name);
  return found ? std::optional(globals_[found->index]) : std::nullopt;
}

static Deadline earlier(Deadline a, Deadline b) {
  if (!a || !b)
    return a ? a : b;
  return std::min(*a, *b);
}

std::optional<Trap> InterpreterInstance::call(uint32_t function,
                                              std::span<const Value> arguments,
                                              std::span<Value> results,
                                              Deadline deadline) {
  RUNE_CHECK(function < functions_.size(), "no such function");
  const wasm::FunctionType &type = functionType(function);
  RUNE_CHECK(arguments.size() == type.parameters.size() &&
                 results.size() == type.results.size(),
             "arguments or results do not fit the function's type");
  if (dead_)
    return dead_;
  Function &target = functions_[function];
  Value *base = free_;
  size_t needed = std::max(arguments.size(), results.size());
  if (activations_ > limits_.hostReentry ||
      needed > static_cast<size_t>(slotsEnd_ - base))
    return die(TrapKind::CallStackExhausted, {}, nullptr);

  std::copy(arguments.begin(), arguments.end(), base);
  Deadline outer = deadline_;
  uint32_t depth = depth_;
  deadline_ = earlier(outer, deadline);
  ++activations_;
  if (!target.host)
    run(target, base);
  else if (MaybeTrap trap = callHost(target, base); trap && !dead_)
    die(*trap, {}, nullptr);
  --activations_;
  deadline_ = outer;
  depth_ = depth;
  free_ = base;
  if (dead_)
    return dead_;
  std::copy_n(base, results.size(), results.begin());
  return {};
}

/// Arguments lie at `base`; results are written behind them, then moved there.
/// What the host calls in its turn begins behind both.
InterpreterInstance::MaybeTrap
InterpreterInstance::callHost(const Function &function, Value *base) {
  const wasm::FunctionType &type = functionType(function.index);
  size_t taken = type.parameters.size();
  size_t given = type.results.size();
  if (taken + given > static_cast<size_t>(slotsEnd_ - base))
    return TrapKind::CallStackExhausted;
  Value *results = base + taken;
  std::fill_n(results, given, Value{});
  Value *outer = free_;
  free_ = results + given;
  std::optional<Trap> trap =
      (*function.host)(*this, {base, taken}, std::span<Value>(results, given));
  free_ = outer;
  if (dead_)
    return dead_->kind;
  if (trap) {
    die(trap->kind, std::move(trap->detail), nullptr);
    return trap->kind;
  }
  std::copy(results, results + given, base);
  return {};
}

bool InterpreterInstance::deadlinePassed() const {
  return deadline_ && Clock::now() >= *deadline_;
}

/// in  `innermost`: the function that runs, if it has no frame
const Trap &InterpreterInstance::die(TrapKind kind, std::string detail,
                                     const Function *innermost) {
  constexpr size_t backtraceMost = 64;
  Trap trap{kind, std::move(detail), {}};
  if (innermost)
    trap.backtrace.push_back(innermost->index);
  for (uint32_t i = depth_; i-- > 0 && trap.backtrace.size() < backtraceMost;)
    trap.backtrace.push_back(frames_[i].function->index);
  return dead_.emplace(std::move(trap));
}

void InterpreterInstance::translateNow(Function &function) {
  function.code = translate(*module_, function.index);
  function.translated = true;
}

} // namespace rune::engine
