// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "engine/test_engine.h"

namespace rune::engine::test {

std::unique_ptr<Engine> makeTestedEngine() { return makeInterpreter(); }

} // namespace rune::engine::test
