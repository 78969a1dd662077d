// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "device/cpu/program_cache.h"
#include "runtime/device.h"

#include <functional>

namespace rune::device {

/// The device "cpu": graphs compiled for the processor of this machine when
/// they are loaded, once for each set of input sizes.
///
/// in      `cache`: where compiled models are kept for the next run; may be
///         null; `note` gets what it could not do, and layers that run in
///         integers instead of the model's floats
std::unique_ptr<runtime::Device>
makeCpu(std::shared_ptr<const ProgramCache> cache = nullptr,
        std::function<void(const Diagnostic &)> note = nullptr,
        const compile::Options &options = {});

} // namespace rune::device
