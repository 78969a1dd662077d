// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The engine that the room's tests are about. They are compiled once and linked
// twice: each program says what this is (tested_engine_main.cpp).
#pragma once

#include "engine/engine.h"

namespace rune::engine::test {

std::unique_ptr<Engine> makeTestedEngine();

} // namespace rune::engine::test
