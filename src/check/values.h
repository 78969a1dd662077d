// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Texts of arguments as values of the kind that is needed.
#pragma once

#include "check/signature_source.h"

#include <string_view>

namespace rune::check {

/// What `kind` is called in messages: "a whole number".
std::string_view kindName(ValueKind kind);

/// `text` as a value of that kind; nothing if it is none. Lists of numbers are
/// separated by commas or spaces, lists of texts are lines.
std::optional<ArgumentValue> valueOf(std::string_view text, ValueKind kind);

std::string_view trimmed(std::string_view text);

} // namespace rune::check
