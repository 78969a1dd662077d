// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cli/rune_on_disk.h"

#include <fstream>

namespace rune::cli {

Result<RuneOnDisk> openRune(const std::string &path) {
  FileBytes bytes = RUNE_TRY(FileBytes::open(path, maxRuneBytes));
  SourcePtr source = Source::binary(path);
  container::RuneFile file = RUNE_TRY(container::read(bytes.bytes(), source));
  return RuneOnDisk{std::move(bytes), std::move(file)};
}

bool looksLikeRune(const std::string &path) {
  char magic[4] = {};
  std::ifstream(path, std::ios::binary).read(magic, sizeof magic);
  return std::string_view(magic, sizeof magic) == std::string_view("\0asm", 4);
}

} // namespace rune::cli
