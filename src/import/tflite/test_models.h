// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// For tests: stored models, inputs and outputs that lie in ../shared/data. Only
// the tests include this.
#pragma once

#include "import/import.h"

#include <gtest/gtest.h>

namespace rune::import::testing {

/// `../shared/data/PATH` from the top of the source tree.
std::string sharedData(const std::string &path);
bool isThere(const std::string &path);

/// A tensor of that type whose bytes are `bytes`.
Tensor tensorOf(const TensorType &type, ByteSpan bytes);
/// The declared type with 1 for each open size.
TensorType fixedType(TensorType type);

struct LoadedModel {
  std::optional<graph::Graph> graph;
  ModelInfo info;
  /// "code: message", one a line, warnings too.
  std::string messages;
};
LoadedModel loadModel(const std::string &path);

/// What a model gave, and what it should have given.
struct StoredRun {
  std::vector<Tensor> got;
  std::vector<Tensor> wanted;
  std::string messages;

  /// Empty if all outputs agree: integers equal, floats within `tolerance`,
  /// relative to the largest wanted one, at least to 1.
  std::string difference(double tolerance) const;
};
/// Runs the model on STEM.in0.bin, …; wants STEM.out0.bin, ….
StoredRun runStored(const std::string &model, const std::string &stem);
/// Runs it on given inputs.
StoredRun runOn(const LoadedModel &model, const std::vector<Tensor> &inputs);

} // namespace rune::import::testing
