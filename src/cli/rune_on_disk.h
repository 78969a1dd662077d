// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "base/files.h"
#include "container/read.h"

#include <string>

namespace rune::cli {

/// A Rune that was read and checked; `file` points into `bytes`.
struct RuneOnDisk {
  FileBytes bytes;
  container::RuneFile file;
};

constexpr uint64_t maxRuneBytes = uint64_t{4} << 30;

/// errors  `file.*`, `container.*`
Result<RuneOnDisk> openRune(const std::string &path);

/// True if the file begins as WebAssembly does; false also where it cannot be
/// read.
bool looksLikeRune(const std::string &path);

} // namespace rune::cli
