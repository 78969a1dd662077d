// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "import/onnx/operators.h"

#include <algorithm>

namespace rune::import {

// One pass over all lists: each domain has its own prefix for the functions, so
// that two domains may have an operator of one name.
#define RUNE_ONNX_OPERATOR(name, outputs, ...)                                 \
  Imported import##name(OnnxNode &);
#include "import/onnx/operators.def"
#undef RUNE_ONNX_OPERATOR
#define RUNE_ONNX_OPERATOR(name, outputs, ...)                                 \
  Imported importMl##name(OnnxNode &);
#include "import/onnx/operators_ml.def"
#undef RUNE_ONNX_OPERATOR
#define RUNE_ONNX_OPERATOR(name, outputs, ...)                                 \
  Imported importPreview##name(OnnxNode &);
#include "import/onnx/operators_preview.def"
#undef RUNE_ONNX_OPERATOR
#define RUNE_ONNX_OPERATOR(name, outputs, ...)                                 \
  Imported importTraining##name(OnnxNode &);
#include "import/onnx/operators_training.def"
#undef RUNE_ONNX_OPERATOR
#define RUNE_ONNX_OPERATOR(name, outputs, ...)                                 \
  Imported importMicrosoft##name(OnnxNode &);
#include "import/onnx/operators_microsoft.def"
#undef RUNE_ONNX_OPERATOR

namespace {

template <int64_t... versions> constexpr int64_t sinceOf[] = {versions...};

/// By domain, then by name.
constexpr OnnxOperator operators[] = {
#define RUNE_ONNX_OPERATOR(name, outputs, ...)                                 \
  {"", #name, outputs, sinceOf<__VA_ARGS__>, import##name},
#include "import/onnx/operators.def"
#undef RUNE_ONNX_OPERATOR
#define RUNE_ONNX_OPERATOR(name, outputs, ...)                                 \
  {"ai.onnx.ml", #name, outputs, sinceOf<__VA_ARGS__>, importMl##name},
#include "import/onnx/operators_ml.def"
#undef RUNE_ONNX_OPERATOR
#define RUNE_ONNX_OPERATOR(name, outputs, ...)                                 \
  {"ai.onnx.preview", #name, outputs, sinceOf<__VA_ARGS__>,                    \
   importPreview##name},
#include "import/onnx/operators_preview.def"
#undef RUNE_ONNX_OPERATOR
#define RUNE_ONNX_OPERATOR(name, outputs, ...)                                 \
  {"ai.onnx.preview.training", #name, outputs, sinceOf<__VA_ARGS__>,           \
   importTraining##name},
#include "import/onnx/operators_training.def"
#undef RUNE_ONNX_OPERATOR
#define RUNE_ONNX_OPERATOR(name, outputs, ...)                                 \
  {"com.microsoft", #name, outputs, sinceOf<__VA_ARGS__>,                      \
   importMicrosoft##name},
#include "import/onnx/operators_microsoft.def"
#undef RUNE_ONNX_OPERATOR
};

constexpr OnnxDomain domains[] = {{"", newestOpset},
                                  {"ai.onnx.ml", 5},
                                  {"ai.onnx.preview", 1},
                                  {"ai.onnx.preview.training", 1},
                                  {"com.microsoft", 1}};

constexpr auto keyOf(const OnnxOperator &op) {
  return std::pair(op.domain, op.name);
}

constexpr bool isSorted() {
  for (size_t i = 1; i < std::size(operators); ++i)
    if (keyOf(operators[i]) <= keyOf(operators[i - 1]))
      return false;
  return true;
}
static_assert(isSorted(), "each list is sorted by name, without repetition");

} // namespace

std::span<const OnnxOperator> onnxOperators() { return operators; }

std::string_view plainDomain(std::string_view domain) {
  return domain == "ai.onnx" ? "" : domain;
}

const OnnxDomain *findDomain(std::string_view domain) {
  auto found =
      std::ranges::find(domains, plainDomain(domain), &OnnxDomain::name);
  return found == std::end(domains) ? nullptr : found;
}

const OnnxOperator *findOperator(std::string_view domain,
                                 std::string_view name) {
  std::pair key(plainDomain(domain), name);
  auto found = std::ranges::lower_bound(operators, key, {}, keyOf);
  return found != std::end(operators) && keyOf(*found) == key ? found : nullptr;
}

} // namespace rune::import
