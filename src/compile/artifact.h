// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A compiled program as bytes, for another run: tables and code (the head), and
// beside them the weights that the code reads (the data), which are mapped and
// never read as a whole. Weights that lie in the model as the code wants them
// are not stored again: the head says which of the model's constants they are.
// Numbers are little endian:
//
//   magic "RuneProg" · u32 format · u8 family · u8 level · u16 0 · u32 sections
//   sections × {u32 kind · u32 0 · u64 offset · u64 size}, then their bytes
//   numbers   u64 arena bytes · u64 place of the scratch · u64 bytes of the
//   data
//             · 32 bytes SHA-256 of the data
//   graph     the graph table (docs/format-graph.md)
//   weights   {u32 constant of the model, 0xffffffff for the data, 0xfffffffe
//             for none · u64 offset · u64 size} for each weight of the table;
//             none: nobody reads it, as the code has it packed
//   packed    {u64 offset in the data · u64 size} each
//   steps     {u32 first node · u32 last · u32 entry, or 0xffffffff} each
//   places    {u8 kind · u64 at} for each value
//   code      as it is mapped
//
// Reading checks form, not intent: machine code does what it likes, so a head
// may come only from where nobody else can write (device/cpu/program_cache.h).
#pragma once

#include "base/hash.h"
#include "compile/compile.h"

namespace rune::compile {

/// Raised whenever one of the fields above changes its meaning.
constexpr uint32_t artifactFormat = 1;

struct Artifact {
  Bytes head;
  Bytes data;
};

/// The constants of a graph and its bodies, in the order in which they stand.
std::vector<ByteSpan> constantsOf(const graph::Graph &graph);

/// in      `known`: the constants of the model that the program was made of
/// errors  as graph::store
Result<Artifact> store(const Program &program, std::span<const ByteSpan> known);

/// in      `data`: kept alive by `owner`; at a multiple of 64
///         `known`: as in `store`; they outlive the program
/// errors  `compile.bad-artifact`; of the graph table `graph.…`
Result<Program> load(ByteSpan head, ByteSpan data,
                     std::shared_ptr<const void> owner,
                     std::span<const ByteSpan> known);

/// The size and the hash that the data must have.
struct DataMark {
  uint64_t bytes = 0;
  Sha256 hash;
};

/// errors  `compile.bad-artifact`
Result<DataMark> dataMarkOf(ByteSpan head);

} // namespace rune::compile
