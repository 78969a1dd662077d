// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The reader of version 1, in pieces. Each reports what is wrong with its piece
// and gives back what it could read; the caller looks at the report.
#pragma once

#include "runefile/fields.h"

namespace rune::runefile::v1 {

/// The document of a Runefile of version 1, but for its version.
void readDocument(const Reading &reading, const YamlNode &document,
                  const Fields &fields, Runefile &runefile);

/// One entry of `pipeline`; nothing if its kind cannot be told.
std::optional<Stage> readStage(const Reading &reading, const YamlEntry &entry);

/// One entry of `outputs`.
std::optional<Output> readOutput(const Reading &reading, const YamlNode &node);

/// The entries of `args`.
std::vector<Argument> readArguments(const Reading &reading,
                                    const YamlNode &map);

/// One entry of `resources`.
std::optional<Resource> readResource(const Reading &reading,
                                     const YamlEntry &entry);

/// False, and a report, if nothing could refer to that name.
bool checkName(const Reading &reading, const YamlNode &name,
               std::string_view of);

/// Reports a required key that is missing from the map that begins at `where`.
Diagnostic &missingField(const Reading &reading, Location where,
                         std::string_view name);

} // namespace rune::runefile::v1
