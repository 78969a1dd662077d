// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Files that stand behind a model, as a zip archive at the end of the same
// file. Rune reads its directory and members that are stored or deflated; that
// is a page of code with every length checked, where a library would bring
// encryption, four other methods and archives that span disks.
//
// source  PKWARE, APPNOTE 6.3, §4.3
#pragma once

#include "base/bytes.h"
#include "base/result.h"

#include <optional>
#include <string>
#include <vector>

namespace rune::import {

constexpr size_t maxZipMembers = 1 << 10;
constexpr size_t maxZipNameBytes = 256;
/// One member, as it was before it was packed.
constexpr uint64_t maxZipMemberBytes = uint64_t{4} << 20;

struct ZipMember {
  std::string name;
  /// 0 stored, 8 deflated.
  uint16_t method = 0;
  uint32_t crc = 0;
  uint64_t packedBytes = 0;
  uint64_t bytes = 0;
  /// Where its own header stands in the file.
  uint64_t header = 0;
};

/// The members of an archive at the end of `file`; none where there is no
/// archive.
///
/// errors  `import.bad-archive`: damaged, parts outside of the file, encrypted,
///         split or larger than 4 GB; more members or longer names than allowed
Result<std::vector<ZipMember>> zipMembersIn(ByteSpan file);

/// What a member holds.
///
/// errors  `import.bad-archive`: another method, damaged, larger than it states
///         or than allowed
Result<std::string> contentsOf(ByteSpan file, const ZipMember &member);

} // namespace rune::import
