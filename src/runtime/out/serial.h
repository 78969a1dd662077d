// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "base/tensor.h"

#include <string>

namespace rune::runtime {

struct RunResult;

/// The line that the first system printed for a run, byte by byte, without the
/// line break: one key for each SERIAL out, in ascending order, and under it a
/// list of the tensors that reached it:
/// `{"3":[{"element-type":"f32","dimensions":[1,1],"elements":[0.69727874]}]}`.
/// Text tensors have `element_type` for `element-type`, as there.
std::string serialJson(const RunResult &result);

/// One tensor in that form.
std::string serialJson(const TensorView &tensor);

/// A number as the first system's printer (serde_json over ryu) writes it: the
/// shortest digits that read back as the same number, `1.0` for whole ones,
/// `1e-7` and `1e16` where plain digits get long, `null` for what is not
/// finite.
std::string shortestDecimal(float number);
std::string shortestDecimal(double number);

} // namespace rune::runtime
