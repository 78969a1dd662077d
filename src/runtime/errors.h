// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Whose fault an error of loading or running a Rune is; the command line maps
// it to its exit status (DESIGN, "The command line"). The table in errors.cpp
// is the whole list of codes this room makes.
#pragma once

#include <span>
#include <string_view>

namespace rune::runtime {

/// The value is the exit status of `rune run`.
enum class Fault : int {
  /// The user's input was refused: the file, an argument, a missing input.
  Input = 1,
  /// The guest (a block or a model) stopped, misbehaved, refused its values, or
  /// ran out of its limits.
  Guest = 3,
  /// The machine: reading, writing, memory.
  Machine = 4,
};

/// One error code and what it stands for.
struct ErrorCode {
  std::string_view code;
  Fault fault;
  std::string_view meaning;
};

/// Every code of this room and of the devices, sorted by code.
std::span<const ErrorCode> errorCodes();

/// The fault of any code; what is not in the table is the user's input (a file
/// that a reader refused), except `file.…`, which is the machine where a file
/// is there and cannot be read or written.
Fault faultOf(std::string_view code);

} // namespace rune::runtime
