// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// `rune verify`: a model on stored inputs against stored outputs, in the layout
// of ONNX's backend tests: test_data_set_0/input_0.pb, …, output_0.pb, …. Each
// may also be a .npy, or a .bin: bare bytes of the model's type; or all of them
// stand in inputs.npz and outputs.npz.
// Whoever runs the model is a function, so that every device meets one judge.
#pragma once

#include "graph/bounds.h"
#include "graph/plan.h"

#include <functional>

namespace rune::import {

/// A float passes if |got - want| ≤ absolute + relative · |want|; NaN matches
/// NaN, an infinity only itself. Everything else must be equal.
struct Tolerance {
  double relative = 1e-3;
  double absolute = 1e-7;
};

/// What ONNX's own runner takes, 1e-3 and 1e-7, for f32 and f64. For 16-bit
/// floats a relative step is already 1e-3 (f16) or 8e-3 (bf16), and sums
/// cancel: two steps, and as much absolutely as a step near 1.
///
/// result  f16 2e-3 and 1e-3; bf16 1.6e-2 and 1e-2
Tolerance defaultTolerance(DType dtype);

/// What the user asked for; what is missing comes from defaultTolerance.
struct ToleranceOptions {
  std::optional<double> relative;
  std::optional<double> absolute;
  /// Instead: so far at most, of the largest magnitude that is wanted.
  std::optional<graph::FloatBound> bound = {};
};

/// How one output compares.
struct Comparison {
  bool equal = true;
  uint64_t count = 0;
  uint64_t wrong = 0;
  /// The largest |got - want| and where; infinite if only one is a number. Of
  /// text, and where type or sizes differ, nothing.
  double largestError = 0;
  std::vector<int64_t> place;
  /// Why they differ, as a person reads it; empty if they do not.
  std::string why;
};

/// Element by element; element type and sizes must be the same.
Comparison compareTensors(const TensorView &got, const TensorView &want,
                          const ToleranceOptions &options = {});

/// The same for sequences and optional values: as many tensors, each of which
/// compares; or nothing in both.
Comparison compareItems(const graph::Item &got, const graph::Item &want,
                        const ToleranceOptions &options = {});

struct CaseOutcome {
  std::string folder;
  struct Output {
    std::string name;
    Comparison comparison;
  };
  std::vector<Output> outputs;

  bool passed() const;
  /// One line for each output that differs.
  std::string failures() const;
};

using Runner = std::function<Result<std::vector<Tensor>>(
    std::span<const TensorView> inputs)>;

/// The same for models that take or give sequences and optional values.
using ItemRunner = std::function<Result<graph::Items>(graph::Items inputs)>;

/// The folders of stored inputs and outputs: `directory` itself if it holds
/// output_0, else its test_data_set_N by number.
///
/// errors  `verify.no-data`, `file.not-found`
Result<std::vector<std::string>> dataSets(const std::string &directory);

/// Runs one data set. Inputs are matched by name where all files carry the
/// names of the graph's inputs, otherwise by number.
///
/// errors  `verify.no-data`: fewer or more files than inputs or outputs · as
///         readItemFile · what `runner` returns · `graph.interface`: a value
///         that is no tensor, for a runner of tensors
Result<CaseOutcome> verifyCase(const graph::Graph &graph,
                               const std::string &dataSet,
                               const ToleranceOptions &options,
                               const ItemRunner &runner);
Result<CaseOutcome> verifyCase(const graph::Graph &graph,
                               const std::string &dataSet,
                               const ToleranceOptions &options,
                               const Runner &runner);

} // namespace rune::import
