// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "base/result.h"

#include "rune/outcome.hpp"

namespace rune::capi {

/// A Diagnostic as the public interface shows it.
Message messageOf(const Diagnostic &why);

template <class T> Outcome<T> outcomeOf(Result<T> result) {
  if (!result)
    return messageOf(result.error());
  return std::move(result).value();
}
inline Outcome<Done> outcomeOf(Result<> result) {
  if (!result)
    return messageOf(result.error());
  return Done{};
}

} // namespace rune::capi
