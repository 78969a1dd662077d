// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Trees as files list them, on their way to the operator `tree_ensemble`: nodes
// are put in an order in which each leads only to later ones, which shows
// cycles; what no root reaches is left out.
#pragma once

#include "import/onnx/compose.h"

namespace rune::import {

/// Where a branch leads: a node, or ~k for leaf k.
using TreeTarget = int64_t;

struct TreeNode {
  int64_t feature = 0;
  /// As `tree_ensemble` counts them: ≤ < ≥ > = ≠.
  int64_t mode = 0;
  bool nanIsTrue = false;
  double split = 0;
  TreeTarget ifTrue = 0, ifFalse = 0;
};

struct Trees {
  std::vector<TreeNode> nodes;
  std::vector<TreeTarget> roots;
  /// From which entry to which.
  std::vector<std::pair<int64_t, int64_t>> leaves;
  Integers targets;
  std::vector<double> weights;
};

/// errors  targets of branches that do not exist, cycles
Result<Trees> inOrder(const OnnxNode &node, Trees trees);

/// The operator, on x [N, F] of f32 or f64: [N, targets].
Result<ValueId> treeEnsemble(Composer &make, ValueId x, const Trees &trees,
                             int64_t targets, std::string_view aggregate);

/// The attributes nodes_* of TreeEnsembleRegressor and -Classifier, with the
/// leaves of `prefix` (target or class).
Result<Trees> listedTrees(OnnxNode &node, const std::string &prefix);

/// `name`, or the tensor `name`_as_tensor (since 3).
Result<std::vector<double>> numbersOrTensor(OnnxNode &node,
                                            const std::string &name);

} // namespace rune::import
