// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// From a tree to a pipeline that can be linked: names, order, arguments, types.
#pragma once

#include "check/pipeline.h"
#include "check/signature_source.h"
#include "runefile/runefile.h"

namespace rune::check {

struct CheckOptions {
  /// What the first system let pass (shapes, counts, a missing out) are errors.
  bool strict = false;
};

/// Checks everything that can be known before a Rune runs, and reports all of
/// it. Names that lead nowhere, cycles, arguments and types that a block
/// cannot take are errors. In version 1 what the first system built all the
/// same is a warning: shapes, numbers of inputs and outputs, the types of a
/// model, a missing out (facts of its test suite; DESIGN "The Runefile").
///
/// result  no pipeline if there were errors: then `Report::failure`
/// errors  `check.…` and what `signatures` says, in the report
Result<Pipeline> check(const runefile::Runefile &tree,
                       SignatureSource &signatures, const CheckOptions &options,
                       Report &report);

} // namespace rune::check
