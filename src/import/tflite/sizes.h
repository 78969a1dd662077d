// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Sizes that are numbers or names: what operators that only move elements make
// of them.
#pragma once

#include "import/tflite/node.h"

namespace rune::import {

/// `value` under other sizes. Several that are open are those that are open in
/// `value`, in their order.
///
/// errors  `import.unsupported`: another number of open sizes
Result<ValueId> withSizes(const TfliteNode &node, ValueId value,
                          const Dims &sizes, std::string_view part = {});

/// Elements [start, end) along `axis`.
Result<ValueId> sliced(const TfliteNode &node, ValueId value, int64_t axis,
                       int64_t start, int64_t end, std::string_view part);

/// 0, step, 2 · step …: `count` numbers of i64, along dimension `axis` of
/// `rank`.
Result<ValueId> counted(const TfliteNode &node, int64_t count, int64_t step,
                        int64_t axis, int64_t rank, std::string_view part);

/// Axes of an i32 operand, from the front, ascending, each once.
Result<Integers> axesOf(const TfliteNode &node, ValueId axes, int64_t rank);

} // namespace rune::import
