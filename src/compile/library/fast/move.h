// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What a kernel that moves elements sees. The compiler has merged what lies
// together (compile/emit_moves.cpp); here are bytes, whatever their type.
#pragma once

#include "compile/library/call.h"

namespace rune::library {

constexpr int32_t mostMoved = 2 * maxRank;

/// For each index of the outer dimensions: `count` elements of `bytes`, and of
/// matrices that are turned `columns` in each of them. All steps in bytes.
struct Move {
  const uint8_t *from;
  uint8_t *to;
  const Control *control;
  const int64_t *sizes;
  const int64_t *fromSteps;
  const int64_t *toSteps;
  int64_t rank;
  int64_t bytes;
  int64_t count;
  int64_t fromStep;
  int64_t toStep;
  int64_t columns;
  int64_t columnStep;
};

} // namespace rune::library

#define RUNE_MOVE(Name)                                                        \
  extern "C" [[gnu::noinline]] int32_t rune_move_##Name(                       \
      const rune::library::Move &move)
