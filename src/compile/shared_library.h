// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// An object of ours as a shared library. Such an object has nothing that a
// linker is for: no undefined symbol, no writable data, no address that is
// settled when it is loaded. So the blob that code in this process would be
// (machine/llvm/link_blob.h) gets the tables around it by which a loader finds
// its functions, and needs no relocation; in memory, without another program.
//
//   read      ELF header, .hash, .dynsym, .dynstr · constants
//   run       code
//   write     .dynamic, where loaders put addresses; read-only from then on
//
// source  System V ABI, chapters 4 and 5 (Linux Standard Base for GNU_RELRO)
#pragma once

#include "base/bytes.h"
#include "machine/llvm/target_machine.h"

namespace rune::compile {

/// in      `exports`: functions of the object; no others can be seen
///         `soname`: what programs that are linked with it will look for
/// errors  `machine.internal`: the object needs something
Result<Bytes> sharedLibraryOf(machine::ObjectBytes object,
                              machine::Target target,
                              const std::vector<std::string> &exports,
                              const std::string &soname);

} // namespace rune::compile
