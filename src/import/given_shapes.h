// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Sizes that the user gives for a model whose file leaves them open:
// `--shape batch=8` for a dimension, `--shape input=1x3x224x224` for an input.
// A name that an input's shape settles is settled everywhere.
#pragma once

#include "base/tensor_type.h"

#include <map>
#include <set>
#include <string>
#include <vector>

namespace rune::import {

class GivenShapes {
public:
  /// Texts of the form `name=8` or `name=1x3x?x224`; `?` leaves a size as it
  /// is.
  ///
  /// errors  `usage.shape`
  static Result<GivenShapes> parse(const std::vector<std::string> &texts);

  bool empty() const { return given_.empty(); }

  /// Learns what the shape that is given for an input says of its names. All
  /// inputs first, then `check`, then `applied`.
  ///
  /// errors  `import.shape-mismatch`: another number of dimensions, another
  ///         number, two numbers for one name
  Result<> bind(const std::string &input, const TensorType &declared);
  /// errors  `import.unknown-shape`: neither an input nor a dimension is called
  ///         so
  Result<> check();
  /// The type of an input, or of any other value, with the sizes that are
  /// given.
  TensorType applied(const std::string &input, TensorType type) const;

private:
  Result<> bindName(const std::string &name, int64_t size);

  /// A size each, nothing where it is left open.
  std::map<std::string, Dims> given_;
  std::set<std::string> inputs_;
  std::set<std::string> dimensions_;
  std::map<std::string, int64_t> sizes_;
};

} // namespace rune::import
