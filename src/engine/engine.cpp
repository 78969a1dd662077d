// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "engine/engine.h"

namespace rune::engine {

Result<std::shared_ptr<Instance>>
Engine::instantiate(std::shared_ptr<const wasm::Module> module,
                    std::span<const Import> imports, const Limits &limits,
                    Deadline deadline) {
  std::shared_ptr<Store> store = makeStore(limits);
  Instance *instance =
      RUNE_TRY(store->instantiate(std::move(module), imports, deadline));
  return std::shared_ptr<Instance>(std::move(store), instance);
}

Result<std::unique_ptr<Fiber>>
Instance::makeFiber(uint32_t, std::span<const Value>, Deadline) {
  return error("engine.no-fibers", "this engine makes no fibers");
}

std::optional<Trap> Instance::suspend(std::span<Value>) {
  return Trap{TrapKind::Host, "cannot wait: the call runs on no fiber", {}};
}

} // namespace rune::engine
