// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "runtime/device.h"

namespace rune::device {

/// The device "cpu": graphs compiled for the processor of this machine when
/// they are loaded, once for each set of input sizes.
std::unique_ptr<runtime::Device> makeCpu();

} // namespace rune::device
