// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The tests' engine is machine code, with the bounds that RUNE_TESTED_BOUNDS
// says.
#include "engine/llvm/llvm_compiler.h"
#include "engine/native/native_engine.h"
#include "engine/test_engine.h"

#include <cstdlib>

namespace rune::engine::test {

std::unique_ptr<Engine> makeTestedEngine() {
  const char *bounds = std::getenv("RUNE_TESTED_BOUNDS");
  native::LibraryOptions options;
  options.compiler = makeLlvmCompiler();
  options.checkIr = true;
  options.bounds = bounds && std::string_view(bounds) == "dense"
                       ? native::Bounds::Dense
                       : native::Bounds::Guard;
  return makeNativeEngine(
      std::make_shared<native::CodeLibrary>(std::move(options)));
}

} // namespace rune::engine::test
