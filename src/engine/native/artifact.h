// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Machine code of one module as a file: position-independent code without
// relocations, and beside it where each function begins, which is all that
// calls and backtraces need. The same bytes serve the cache, `rune compile` and
// code inside a Rune. Numbers are little endian:
//
//   magic "RuneCode" · u32 format · u8 family · u8 level · u8 bounds · u8 fuel
//   32 bytes SHA-256 of the wasm bytes · u32 size of a Value · u32 helpers
//   u32 functions (imported ones first) · u32 types · u32 ranges
//   u64 code size · u32 n, n bytes: what made the code
//   functions × u32: offset of each, in the code
//   types × u32: offset of the entry for each type, or 0xffffffff
//   ranges × {u32 begin, u32 function or 0xffffffff}, ascending
//   zeros to a multiple of 4096, then the code
//
// Reading checks form, not intent: machine code does what it likes, so it may
// come only from this machine's cache (code_cache.h) or from a file that a
// trusted key has sealed (code_file.h).
#pragma once

#include "base/bytes.h"
#include "base/hash.h"
#include "machine/target.h"

#include <optional>
#include <vector>

namespace rune::engine::native {

/// Raised whenever code of before would misbehave now: the layout of the
/// context, the helpers, the meaning of any field.
constexpr uint32_t artifactFormat = 2;

/// How accesses to memory are kept inside: by pages that cannot be touched, or
/// by a comparison before each access.
enum class Bounds : uint8_t { Guard = 0, Dense = 1 };

/// No entry, or no function.
constexpr uint32_t nowhere = UINT32_MAX;

struct CodeRange {
  uint32_t begin;
  /// The wasm function whose code begins here; `nowhere` for what is no
  /// function of the module.
  uint32_t function;
};

struct Artifact {
  machine::Target target{machine::Family::X86_64, 2};
  Bounds bounds = Bounds::Guard;
  /// The code counts fuel.
  bool fuel = false;
  Sha256 module;
  /// The compiler's `buildId`.
  std::string maker;
  std::vector<uint32_t> functions;
  std::vector<uint32_t> entries;
  std::vector<CodeRange> ranges;
  ByteSpan code;
};

Bytes writeArtifact(const Artifact &artifact);

/// errors  `engine.bad-code`: another format, a helper table or Value of
///         another size, or sizes and offsets that do not fit the bytes
Result<Artifact> readArtifact(ByteSpan bytes);

/// What the artifact's header says of its size; `bytes` may go on behind it.
///
/// errors  `engine.bad-code`
Result<uint64_t> artifactSize(ByteSpan bytes);

/// The engine that this code is for: a hash of the sources that settle what
/// engine and machine code expect of each other. A compiler's `buildId` begins
/// with it and a space.
std::string_view engineId();
/// Whether code of this maker is for this engine.
bool isForThisEngine(std::string_view maker);

/// The function whose code holds `offset`, if it is one of the module's.
std::optional<uint32_t> functionAt(const std::vector<CodeRange> &ranges,
                                   uint64_t offset);

} // namespace rune::engine::native
