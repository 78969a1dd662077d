// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The options of a custom operator: numbers by name in a FlexBuffer. Rune reads
// maps of numbers only, with its own few lines: the library's verifier lets
// names run past the end and numbers stand unaligned.
//
// source  FlatBuffers, "FlexBuffers": a root at the end, offsets to the front
#pragma once

#include "import/tflite/node.h"

namespace rune::import {

/// More than any operator needs.
constexpr size_t maxFlexBytes = 1 << 16;
constexpr size_t maxFlexOptions = 256;

class FlexOptions {
public:
  /// errors  `import.malformed`: damaged, or no map · `import.limit`
  static Result<FlexOptions> of(const TfliteNode &node);

  /// A whole number from `low` to `high`, both included.
  ///
  /// errors  `import.malformed`: it is not there, is none, or lies outside
  Result<int64_t> integer(std::string_view name, int64_t low,
                          int64_t high) const;
  /// Also 0 or 1.
  Result<bool> flag(std::string_view name) const;
  bool has(std::string_view name) const { return options_.contains(name); }
  /// Any number, as f32, which is finite.
  ///
  /// errors  `import.malformed`: it is not there, or is none
  Result<float> number(std::string_view name) const;

private:
  explicit FlexOptions(const TfliteNode &node) : node_(node) {}

  const TfliteNode &node_;
  struct Value {
    std::optional<int64_t> whole;
    std::optional<double> real;
  };
  /// Those that are no numbers have neither.
  std::map<std::string_view, Value> options_;
};

} // namespace rune::import
