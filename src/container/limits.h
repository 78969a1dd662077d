// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What a `.rune` may state at most. Writers refuse values above these, readers
// refuse files above them, before anything is allocated for them.
// docs/format.md, "Limits", lists the same numbers.
#pragma once

#include <cstdint>

namespace rune::container {

constexpr uint64_t maxFileBytes = uint64_t{64} << 30;
constexpr uint64_t maxSections = 1 << 16;
constexpr uint64_t maxBlocks = 4096;
constexpr uint64_t maxModels = 4096;
constexpr uint64_t maxResources = 4096;
constexpr uint64_t maxWeightsSections = 1024;
/// Distinct weights in all pools together.
constexpr uint64_t maxPoolWeights = 1 << 20;
/// Weights that one model names.
constexpr uint64_t maxModelWeights = 1 << 20;
constexpr uint64_t maxStages = 1 << 16;
/// Arguments, inputs or outputs of one stage.
constexpr uint64_t maxPerStage = 4096;
constexpr uint64_t maxRank = 16;
/// Elements of a list argument.
constexpr uint64_t maxListElements = 1 << 20;

/// A name: of a stage, an argument, a dimension, a block, a model, a resource.
constexpr uint64_t maxNameBytes = 1024;
/// A text argument, or one element of a list of texts.
constexpr uint64_t maxTextBytes = 1 << 20;
constexpr uint64_t maxHeaderBytes = 1 << 16;
constexpr uint64_t maxWiringBytes = 16 << 20;
/// A whole section of a block, a model's table or a resource.
constexpr uint64_t maxPayloadBytes = 256 << 20;
/// A section of unknown purpose that may be skipped.
constexpr uint64_t maxUnknownBytes = 256 << 20;
/// What the length field of a WebAssembly section can say.
constexpr uint64_t maxWeightsSectionBytes = UINT32_MAX;
/// So that one weight, its table and its padding fit a section.
constexpr uint64_t maxWeightBytes = UINT32_MAX - 4096;

/// Weights start at a multiple of this, counted from the start of the file.
constexpr uint64_t weightAlignment = 64;
/// Zero bytes between two weights; room for writers that align to pages.
constexpr uint64_t maxWeightGap = 1 << 16;

} // namespace rune::container
