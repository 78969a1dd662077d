// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What recurrent operators have in common: attributes, directions, functions.
#pragma once

#include "import/onnx/node.h"

#include <span>

namespace rune::import {

/// An activation by our name, with its numbers.
struct ChosenFunction {
  std::string name;
  double alpha = 0, beta = 0;
};

/// One layer, as the node states it.
struct RecurrentLayer {
  size_t directions = 1;
  bool reverseOnly = false;
  bool batchFirst = false;
  double clip = 0;
  /// Of each direction, one behind the other.
  std::vector<ChosenFunction> activations;
  ValueId x = noValue, weights = noValue, recurrent = noValue, bias = noValue,
          lengths = noValue, h = noValue, c = noValue, peephole = noValue;

  bool reverse(size_t direction) const { return reverseOnly || direction == 1; }
};

/// Reads inputs X to initial_h and the attributes; `defaults` are the functions
/// of one direction.
///
/// errors  `import.malformed`: a direction or functions that are none, ranks
Result<RecurrentLayer>
readRecurrent(OnnxNode &node, std::span<const std::string_view> defaults);

/// The attributes of one gate's function.
void addFunction(std::vector<Attribute> &attributes, std::string_view gate,
                 const ChosenFunction &chosen);

/// One direction of an input, or noValue; states stand along the second
/// dimension where the batch comes first.
Result<ValueId> directionOf(OnnxNode &node, ValueId value, size_t direction,
                            std::string_view name, int64_t axis = 0);

/// Y [T, D, N, H] or [N, T, D, H]; the last states [D, N, H] or [N, D, H].
Imported joinedDirections(OnnxNode &node, const RecurrentLayer &layer,
                          const std::vector<std::vector<ValueId>> &directions);

} // namespace rune::import
