// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compile/archive.h"

#include <llvm/Object/ArchiveWriter.h>
#include <llvm/Support/MemoryBuffer.h>

namespace rune::compile {

Result<Bytes> archiveOf(const std::string &member, ByteSpan object) {
  llvm::MemoryBufferRef bytes(
      llvm::StringRef(reinterpret_cast<const char *>(object.data()),
                      object.size()),
      member);
  std::vector<llvm::NewArchiveMember> members;
  members.emplace_back(bytes);
  auto archive = llvm::writeArchiveToBuffer(
      members, llvm::SymtabWritingMode::NormalSymtab,
      llvm::object::Archive::K_GNU, /*Deterministic=*/true, /*Thin=*/false);
  if (!archive)
    return error("compile.internal", "the library cannot be written: {}",
                 llvm::toString(archive.takeError()));
  llvm::StringRef text = (*archive)->getBuffer();
  return Bytes(text.bytes_begin(), text.bytes_end());
}

} // namespace rune::compile
