// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A folder as one file, for models that are folders (TensorFlow.js: a
// description and shards of weights). Equal folders give equal bytes: entries
// stand in the order of their names, and no time, owner or mode goes in.
//
// source  .ZIP File Format Specification (APPNOTE) 6.3.9; RFC 1951
#pragma once

#include "base/bytes.h"

#include <string>

namespace rune::link {

/// The most files in a folder.
constexpr size_t maxFolderFiles = 4096;

/// Every file in and below `folder`, deflated, by its path in it with `/`.
///
/// in      `maxBytes`: of all files together, below 4 GiB
/// errors  `file.…` a folder or file that cannot be read ·
///         `link.bad-folder` too many files or bytes, a link to a folder or a
///         device in it, a name that is not UTF-8
Result<Bytes> zipFolder(const std::string &folder, uint64_t maxBytes);

} // namespace rune::link
