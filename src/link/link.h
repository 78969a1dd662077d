// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The last step of a build: a checked pipeline and what its stages need become
// one file. Linking is wiring: no code is merged, no block is changed, and
// equal input gives equal bytes.
#pragma once

#include "check/pipeline.h"
#include "container/write.h"

namespace rune::link {

/// The module of a proc-block stage. The bytes outlive the call.
struct BlockArtifact {
  std::string name;
  ByteSpan wasm;
};

/// The model of a model stage, in its stored form. The bytes outlive the call.
struct ModelArtifact {
  std::string name;
  /// As container/encodings.h; for a file that nothing here can read, the name
  /// of its format, no table, and the file as the one weight.
  std::string encoding;
  ByteSpan table;
  std::vector<ByteSpan> weights;
};

/// What one stage needs besides its wiring; nothing for capabilities and outs.
using Artifact = std::variant<std::monostate, BlockArtifact, ModelArtifact>;

struct LinkRequest {
  const check::Pipeline &pipeline;
  /// Of the Rune.
  std::string name;
  /// "rune 0.1.0"
  std::string producer;
  /// One for each stage of the pipeline, in its order.
  std::vector<Artifact> artifacts;
  /// One for each resource of the pipeline, in its order; none for a resource
  /// that is given at run time.
  std::vector<std::optional<ByteSpan>> resources;
};

/// The bytes of a Rune. Equal blocks and equal models are stored once, under
/// the first name.
///
/// errors  `link.no-artifact` a stage without its block or model ·
///         `link.bad-block` not a valid module · `link.command-module` ·
///         `link.missing-export` · `link.wrong-export` · `link.import-refused`
///         · `link.bad-resource` · what `container::write` says. All of them
///         are in `report`, each at its stage
Result<Bytes> link(const LinkRequest &request, Report &report);

} // namespace rune::link
