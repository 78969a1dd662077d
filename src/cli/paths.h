// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Paths of a Runefile, and what to say of those that cannot be read.
#pragma once

#include "base/diagnostic.h"

#include <string>

namespace rune::cli {

/// A path of the Runefile in `folder`, seen from where the command was started.
std::string resolvePath(const std::string &path, const std::string &folder);

bool isFolder(const std::string &path);

/// An error of reading `path` in the words of the first system: `Unable to read
/// "<as written>" for "<user>": <reason>`.
Diagnostic unableToRead(const Diagnostic &why, const std::string &path,
                        const std::string &asWritten, const std::string &user);

} // namespace rune::cli
