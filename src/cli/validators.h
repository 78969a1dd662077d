// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the command line refuses before a verb sees it.
#pragma once

#include <CLI/App.hpp>
#include <fmt/format.h>

namespace rune::cli {

/// Takes what `parse` can read: "`soon` is no time such as 1s".
template <class Parse> CLI::Validator quantity(const char *what, Parse parse) {
  return CLI::Validator(
      [what, parse](std::string &text) {
        return parse(text) ? std::string()
                           : fmt::format("`{}` is no {}", text, what);
      },
      "");
}

} // namespace rune::cli
