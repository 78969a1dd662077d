// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "base/bytes.h"

#include <string>
#include <vector>

namespace rune::runtime {

/// Lines of three numbers, one line behind the other.
struct AccelerationTable {
  std::vector<float> values;
  /// Lines read, which may be more than were kept.
  uint64_t samples = 0;
};

/// Reads a csv without a header: three finite numbers a line, between commas.
/// Spaces around a number, quotes around a number and empty lines are passed
/// over; lines end in LF, CRLF or CR. All lines are checked.
///
/// in      `kept`: so many lines at most go into `values`
/// errors  `accel.bad-line`, `accel.bad-number`, `accel.not-csv`, each with the
///         line; messages begin as the first system's
/// source  the first system's reader of accelerometer samples
Result<AccelerationTable>
readAcceleration(ByteSpan bytes, std::string_view name, uint64_t kept);

} // namespace rune::runtime
