// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "engine/interpreter/instance.h"

namespace rune::engine {

namespace {

class Interpreter final : public Engine {
public:
  std::string_view name() const override { return "interpreter"; }

  Result<std::unique_ptr<Instance>>
  instantiate(std::shared_ptr<const wasm::Module> module,
              std::span<const Import> imports, const Limits &limits,
              Deadline deadline) override {
    auto instance =
        std::make_unique<InterpreterInstance>(std::move(module), limits);
    RUNE_TRY(instance->start(imports, deadline));
    return std::unique_ptr<Instance>(std::move(instance));
  }
};

} // namespace

std::unique_ptr<Engine> makeInterpreter() {
  return std::make_unique<Interpreter>();
}

} // namespace rune::engine
