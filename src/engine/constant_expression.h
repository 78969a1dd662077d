// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Constant expressions: what globals, tables and segments start with, and where
// segments go. One evaluator for all engines.
//
// source  core 3.0, section 3.4.13
#pragma once

#include "engine/engine.h"

namespace rune::engine {

/// What an engine knows of an instance in the making.
struct ConstantSpaces {
  std::function<Value(uint32_t function)> function;
  std::function<Value(uint32_t global)> global;
};

/// The value of an expression of a validated module.
Value evaluateConstant(const wasm::Module &module,
                       const wasm::ConstantExpression &expression,
                       const ConstantSpaces &spaces);

} // namespace rune::engine
