// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Machine code as profilers and debuggers see it, each by its own way of being
// told (both name functions as the guest's maker did):
//   perf  a text file /tmp/perf-PID.map (Linux, tools/perf/Documentation/
//         jit-interface.txt)
//   gdb   an ELF object in memory, announced by the functions of its "JIT
//         Compilation Interface"; with symbols, and with call frame information
//         that follows from the frame pointers we keep
#pragma once

#include "engine/native/code_image.h"
#include "wasm/module.h"

namespace rune::engine::native {

struct DebugOptions {
  bool perf = false;
  bool gdb = false;
};

/// Code that was announced to a debugger, while this lives.
class DebugCode {
public:
  /// errors  `file.unwritable` the file for perf
  static Result<std::unique_ptr<DebugCode>>
  announce(const CodeImage &image, const wasm::Module &module,
           const DebugOptions &options);

  DebugCode(const DebugCode &) = delete;
  ~DebugCode();

private:
  DebugCode() = default;
  void tellGdb();

  /// The object file, and gdb's entry about it; null where gdb knows nothing.
  Bytes object_;
  struct Entry;
  std::unique_ptr<Entry> entry_;
};

/// A stretch of code and what it is called.
struct NamedCode {
  uint64_t begin;
  uint64_t bytes;
  std::string name;
};
std::vector<NamedCode> namedCode(const CodeImage &image,
                                 const wasm::Module &module);

/// An ELF object of this code where it lies: .text, .symtab, .eh_frame.
Bytes elfObject(ByteSpan code, const std::vector<NamedCode> &names);

} // namespace rune::engine::native
