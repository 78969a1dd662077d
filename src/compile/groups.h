// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Fusion: which nodes become one loop. A group is an operator that has a fast
// kernel (its anchor) with the elementwise operators that follow it, or
// elementwise operators alone. What passes from one to the next stays in
// registers or in a tile; only the last result is written to memory.
//
// A value may pass inside a group if nobody else needs it and it has the shape
// of the group's result. The group runs where its last node stands.
#pragma once

#include "compile/byte_steps.h"
#include "compile/float_steps.h"
#include "compile/regions.h"
#include "machine/target.h"

namespace rune::compile {

/// A node with a fast kernel, by the kernel: anchors.def.
enum class Anchor : uint8_t {
#define RUNE_ANCHOR(name, kernel) name,
#include "compile/anchors.def"
#undef RUNE_ANCHOR
};

/// True for anchors whose weights are packed while compiling.
constexpr bool isPacked(Anchor kind) {
  return kind != Anchor::None && kind < Anchor::MatMulDynamic;
}

/// True for sums of products of integers.
constexpr bool sumsIntegers(Anchor kind) {
  return kind == Anchor::ConvInteger || kind == Anchor::DepthwiseInteger ||
         kind == Anchor::MatMulInteger || kind == Anchor::ConvDots ||
         kind == Anchor::MatMulDots || kind == Anchor::ThinInteger ||
         kind == Anchor::DepthwiseBands;
}

/// True for anchors with several results, which they write themselves: nothing
/// follows them in a group.
constexpr bool writesResults(Anchor kind) {
  return kind == Anchor::Lstm || kind == Anchor::Gru || kind == Anchor::Rnn;
}

struct Group {
  /// Ascending; the last one makes the result.
  std::vector<uint32_t> nodes;
  Anchor kind = Anchor::None;
  /// Which of the nodes.
  uint32_t anchor = 0;
  /// How the requantisation of the anchor's sums is computed, if not as it is
  /// written; its tables stand behind the packed weights.
  std::optional<FloatSteps> steps = {};
  /// The same for requantisations of bytes.
  std::vector<ByteSteps> byteSteps = {};

  /// The group that makes the first operand of a chain's anchor, if it is one:
  /// in pieces, which never are in memory. Its nodes are not among `nodes`.
  std::vector<Group> feeder;

  uint32_t last() const { return nodes.back(); }
  /// Ascending, those of the feeder too.
  std::vector<uint32_t> allNodes() const;
};

struct Groups {
  std::vector<Group> all;
  /// For each node its group; `none` for those that are called alone.
  std::vector<uint32_t> of;
  static constexpr uint32_t none = UINT32_MAX;

  bool isInside(uint32_t node) const {
    return of[node] != none && all[of[node]].last() != node;
  }
};

/// in      `library`: names of the functions there are
Groups findGroups(const graph::Graph &graph,
                  const std::set<std::string> &library, machine::Target target);

/// Bytes of a vector register.
int vectorBytes(machine::Target target);
/// Dot products of four bytes: x86 multiplies unsigned elements by signed
/// weights, AArch64 signed ones.
bool dotsTakeSigned(machine::Target target);

/// "rune_fast_ConvF32_32", the kernel of the anchor (of no anchor as well).
std::string fastKernelName(Anchor kind, machine::Target target);
/// "rune_body_Add_f32_f32", one element of an elementwise operator.
std::string bodyName(const graph::Graph &graph, const graph::Node &node);

/// The sizes of a body's operand as they are aligned, at the right, with those
/// of a result of that rank: parameters along an axis stand there.
std::vector<int64_t> alignedSizes(const graph::Graph &graph,
                                  const graph::Node &node, size_t input,
                                  size_t rank);

/// Columns of the tiles that the anchor's kernel makes; 0 without an anchor.
int tileColumns(Anchor kind, machine::Target target);

/// Bytes, in multiples of 64.
struct Scratch {
  uint64_t shared = 0;
  uint64_t worker = 0;
};
Scratch scratchOf(const graph::Graph &graph, const Group &group,
                  machine::Target target);

/// True for a requantisation whose shifts are known and all negative.
bool shiftsOnlyRight(const graph::Graph &graph, const graph::Node &node);

/// Operands of an operator's body, those that are missing counted.
size_t bodyOperands(const graph::Node &node);

} // namespace rune::compile
