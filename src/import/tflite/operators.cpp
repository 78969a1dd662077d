// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "import/tflite/operators.h"

#include <algorithm>

namespace rune::import {

#define RUNE_TFLITE_OPERATOR(code, name, function, newest, outputs, kinds)     \
  Imported importTflite##function(TfliteNode &);
#include "import/tflite/operators.def"
#undef RUNE_TFLITE_OPERATOR

namespace {

constexpr TfliteOperator operators[] = {
#define RUNE_TFLITE_OPERATOR(code, name, function, newest, outputs, kinds)     \
  {code, name, newest, outputs, kinds, importTflite##function},
#include "import/tflite/operators.def"
#undef RUNE_TFLITE_OPERATOR
};

} // namespace

bool TfliteOperator::callsGraphs() const {
  return name == "CALL" || name == "IF" || name == "WHILE" ||
         name == "CALL_ONCE" || name == "STABLEHLO_COMPOSITE";
}

std::span<const TfliteOperator> tfliteOperators() { return operators; }

const TfliteOperator *findOperator(const TfliteOperatorCode &code) {
  auto found = std::ranges::find_if(operators, [&](const TfliteOperator &op) {
    return code.code == customOperator
               ? op.code == customOperator && op.name == code.custom
               : op.code == code.code;
  });
  return found == std::end(operators) ? nullptr : found;
}

} // namespace rune::import
