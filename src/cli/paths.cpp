// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cli/paths.h"

#include <filesystem>

namespace rune::cli {

namespace fs = std::filesystem;

std::string resolvePath(const std::string &path, const std::string &folder) {
  fs::path asked(path);
  return (asked.is_absolute() ? asked : fs::path(folder) / asked)
      .lexically_normal()
      .string();
}

bool isFolder(const std::string &path) {
  std::error_code ignored;
  return fs::is_directory(path, ignored);
}

Diagnostic unableToRead(const Diagnostic &why, const std::string &path,
                        const std::string &asWritten, const std::string &user) {
  std::string_view reason = why.message;
  std::string lead = fmt::format("unable to read `{}`: ", path);
  if (reason.starts_with(lead))
    reason.remove_prefix(lead.size());
  return error(why.code, "Unable to read \"{}\" for \"{}\": {}", asWritten,
               user, reason)
      .withHelp(why.help);
}

} // namespace rune::cli
