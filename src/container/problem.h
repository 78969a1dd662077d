// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "base/diagnostic.h"

namespace rune::container {

/// An error at a byte of the file.
template <class... Args>
Diagnostic problem(std::string_view code, const SourcePtr &source,
                   uint64_t offset, fmt::format_string<Args...> text,
                   Args &&...args) {
  return error(code, text, std::forward<Args>(args)...)
      .at(source ? Location{source, {offset, offset}} : Location{});
}

} // namespace rune::container
