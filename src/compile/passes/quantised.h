// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What a dequantised value is made of, and a product of two of them: what
// fold-quantisation asks before it changes anything.
#pragma once

#include "compile/passes/editor.h"

namespace rune::compile {

/// (integers - zero) · scale.
struct Stepped {
  /// Of 8 bits. `noValue` where they are no value of the graph but `constant`.
  graph::ValueId integers = graph::noValue;
  /// Known ones.
  std::optional<graph::Constant> constant;
  /// One, or one for each index along `axis`.
  std::vector<double> scales;
  size_t axis = 0;
  /// As many as scales or one; empty for zero.
  std::vector<int32_t> zeros;
  DType dtype = DType::I8;
};

/// A step that numbers can be multiplied by and divided by without leaving the
/// range of f32.
bool isUsualScale(double scale);

/// The integers of a constant of up to 32 bits.
std::vector<int32_t> integersOf(const graph::Constant &constant);
std::vector<double> realsOf(const graph::Constant &constant);

/// Nothing for a value that is not made by a dequantisation of 8-bit integers
/// to f32 whose steps are known.
std::optional<Stepped> steppedOf(Editor &graph, graph::ValueId id);

/// The same of constants, also where they are transposed behind it, or
/// quantised before it.
std::optional<Stepped> steppedWeights(Editor &graph, graph::ValueId id);

/// x · weights + bias, in steps: conv or matmul.
struct SteppedProduct {
  /// Which node of the graph.
  const graph::Node *node = nullptr;
  Stepped x, weights;
  /// One for all columns, or one for each: that of x · that of the weights.
  std::vector<double> scales;
  /// In these steps; empty for none, or where `realBias` says what they cannot.
  std::vector<int32_t> bias;
  std::vector<double> realBias;
  int64_t columns = 0;
};

/// The product that makes a value, a bias added behind a matmul included.
/// Nothing where its sums could leave 32 bits.
std::optional<SteppedProduct> steppedProduct(Editor &graph, graph::ValueId id);

} // namespace rune::compile
