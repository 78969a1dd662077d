// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What operators on sequences share: positions that come as data, and axes of
// tensors whose rank may be open.
#pragma once

#include "graph/ops/blocks.h"
#include "graph/ops/common.h"
#include "graph/ops/indices.h"
#include "graph/plan.h"

namespace rune::graph {

inline bool isSequence(const ValueType &type) {
  return type.form == Form::Sequence;
}
/// The tensors of a sequence, as a type.
ValueType elementOf(ValueType sequence);
ValueType sequenceOf(ValueType element);

/// One i32 or i64.
bool isPosition(const ValueType &type);

inline const std::vector<SharedTensor> &tensorsOf(const Item &item) {
  return item.list->tensors;
}

} // namespace rune::graph
