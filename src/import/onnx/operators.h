// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "import/onnx/node.h"

namespace rune::import {

/// The newest version of the standard operators whose changes are known here.
constexpr int64_t newestOpset = 28;

/// A set of operators with a numbering of its own; the standard one is "".
struct OnnxDomain {
  std::string_view name;
  /// The newest version whose changes are known here.
  int64_t newest = 0;
};

struct OnnxOperator {
  std::string_view domain;
  std::string_view name;
  size_t outputs;
  /// Versions in which its definition changed, from the first.
  std::span<const int64_t> since;
  Imported (*import)(OnnxNode &);
};

/// All of operators*.def, by domain and name.
std::span<const OnnxOperator> onnxOperators();
/// `domain`, with both spellings of the standard one as "".
std::string_view plainDomain(std::string_view domain);
/// Null if Rune imports nothing of it.
const OnnxDomain *findDomain(std::string_view domain);
/// Null if Rune does not import it.
const OnnxOperator *findOperator(std::string_view domain,
                                 std::string_view name);

} // namespace rune::import
