// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The loader: an artifact's code as memory that can run. It needs no LLVM and
// changes no byte of the code. Pages are written first and then made
// executable, never both.
#pragma once

#include "engine/native/artifact.h"
#include "machine/mapped_code.h"

#include <memory>

namespace rune::engine::native {

class CodeImage {
public:
  /// errors  `engine.bad-code` (artifact.h), `engine.foreign-code` (for another
  ///         processor, or for more than this one can), `engine.stale-code`
  ///         (for another engine), `engine.out-of-memory`
  static Result<std::shared_ptr<const CodeImage>> load(ByteSpan artifact);

  CodeImage(const CodeImage &) = delete;
  ~CodeImage();

  const void *function(uint32_t index) const {
    return mapped_.data() + functions_[index];
  }
  /// The trampoline for functions of a type: (code, context, slots). Null if
  /// there is none.
  const void *entry(uint32_t type) const {
    return entries_[type] == nowhere ? nullptr
                                     : mapped_.data() + entries_[type];
  }
  size_t functionCount() const { return functions_.size(); }
  size_t typeCount() const { return entries_.size(); }
  const Sha256 &module() const { return module_; }
  Bounds bounds() const { return bounds_; }
  bool countsFuel() const { return fuel_; }
  size_t codeBytes() const { return mapped_.size(); }

  /// Where what begins, and where it lies; for debuggers (debug_code.h).
  const std::vector<CodeRange> &ranges() const { return ranges_; }
  ByteSpan code() const { return {mapped_.data(), mapped_.size()}; }

  bool holds(uint64_t address) const {
    return address - reinterpret_cast<uint64_t>(mapped_.data()) <
           mapped_.size();
  }
  /// The guest's function at an address of the code.
  std::optional<uint32_t> functionAt(uint64_t address) const {
    return native::functionAt(
        ranges_, address - reinterpret_cast<uint64_t>(mapped_.data()));
  }

private:
  explicit CodeImage(Artifact artifact);
  Result<> map(ByteSpan code);

  machine::MappedCode mapped_;
  Bounds bounds_;
  bool fuel_;
  Sha256 module_;
  std::vector<uint32_t> functions_;
  std::vector<uint32_t> entries_;
  std::vector<CodeRange> ranges_;
};

} // namespace rune::engine::native
