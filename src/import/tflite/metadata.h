// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the makers of a model say of it in words: a FlatBuffer in one of the
// model's buffers, and the files it names, in an archive behind the model. None
// of it is needed to run the model, so what is wrong there is a warning.
//
// source  TensorFlow Lite Support, metadata_schema.fbs, "M001"
#pragma once

#include "import/import.h"
#include "import/tflite/file.h"

namespace rune::import {

/// Larger metadata is not read; longer texts are cut.
constexpr size_t maxMetadataBytes = 16 << 20;
constexpr size_t maxMetadataTextBytes = 4096;
/// Files that metadata may name, and lines of all of them.
constexpr size_t maxAttachedFiles = 256;
constexpr size_t maxAttachedLines = 1 << 20;

/// Fills `info.description`.
///
/// in      `file` seen from the graph that is imported
/// errors  warnings into `report`: `import.bad-metadata`, `import.bad-archive`
void readMetadata(const TfliteFile &file, const SourcePtr &source,
                  Report &report, ModelInfo &info);

} // namespace rune::import
