// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "runtime/device.h"

namespace rune::device {

/// The device "evaluator": stored graphs of our own run by plain loops. Slow,
/// and right; it judges the others.
std::unique_ptr<runtime::Device> makeEvaluator();

} // namespace rune::device
