// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Encodings of a model that readers know by name. Any other name is a format
// of model files ("tensorflow-js"): the file as it was, for a device that can
// read it.
#pragma once

#include <string_view>

namespace rune::container {

/// A graph table of src/graph and its weights.
inline constexpr std::string_view graphEncoding = "rune-graph";
/// Nothing: the model is given when the Rune runs, as the data of the resource
/// that the stage's `modelArgument` refers to.
inline constexpr std::string_view resourceEncoding = "resource";
/// The argument by which a model stage refers to the resource it is read from.
/// Data given for that resource replaces the model.
inline constexpr std::string_view modelArgument = "model";

} // namespace rune::container
