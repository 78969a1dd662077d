// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "engine/interpreter/store.h"

namespace rune::engine {

namespace {

class Interpreter final : public Engine {
public:
  std::string_view name() const override { return "interpreter"; }

  std::unique_ptr<Store> makeStore(const Limits &limits) override {
    return std::make_unique<InterpreterStore>(limits, memories_, stacks_);
  }

private:
  std::shared_ptr<ReservationPool> memories_ =
      std::make_shared<ReservationPool>();
  std::shared_ptr<StackPool> stacks_ = std::make_shared<StackPool>();
};

} // namespace

std::unique_ptr<Engine> makeInterpreter() {
  return std::make_unique<Interpreter>();
}

} // namespace rune::engine
