// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The body of the section `rune.wiring`: the pipeline itself.
// docs/format.md, "rune.wiring", draws the tables.
#pragma once

#include "container/rune_file.h"
#include "container/section_reader.h"

namespace rune::container {

/// Name, image, Runefile version and stages of `file`, which `verify` accepts.
void writeWiring(const RuneFile &file, ByteWriter &out);

/// Fills in what writeWiring wrote. Checks the encoding only; `verify` checks
/// what the values mean.
///
/// errors  `container.malformed`
Result<> readWiring(SectionReader &in, RuneFile &file);

} // namespace rune::container
