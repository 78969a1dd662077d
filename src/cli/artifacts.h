// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The blocks and models that a Runefile names, read once, and what they say of
// themselves.
#pragma once

#include "base/files.h"
#include "blocks/library.h"
#include "check/signature_source.h"
#include "engine/engine.h"
#include "graph/store.h"
#include "import/import.h"
#include "runtime/arguments.h"
#include "runtime/block_instance.h"

#include <map>
#include <memory>
#include <string>

namespace rune::cli {

/// A block's module, from the library or from a file.
struct BlockArtifact {
  std::string name;
  ByteSpan wasm;
  /// Keeps a file's bytes; empty for library blocks.
  std::shared_ptr<const FileBytes> file;
};

/// A model, imported and in its stored form.
struct ModelArtifact {
  std::string name;
  import::ImportedModel imported;
  graph::StoredGraph stored;
};

class Artifacts final : public check::SignatureSource {
public:
  /// `folder` is where relative paths start.
  Artifacts(std::string folder, Report &report);

  Result<check::BlockSignature> block(const check::Stage &stage) override;
  Result<std::vector<TensorType>>
  blockOutputs(const check::Stage &stage, const std::vector<TensorType> &inputs,
               const std::vector<check::Resource> &resources) override;
  Result<check::ModelSignature>
  model(const check::Stage &stage,
        const std::vector<check::Resource> &resources) override;

  /// What `block` and `model` have read, by the stage's `what`.
  Result<const BlockArtifact *> blockOf(const check::Stage &stage);
  Result<const ModelArtifact *>
  modelOf(const check::Stage &stage,
          const std::vector<check::Resource> &resources);

  /// A path of the Runefile, seen from where the command was started.
  std::string resolve(const std::string &path) const;

private:
  /// The text of each resource as far as it is known now; empty for the rest.
  Result<runtime::ResourceTexts>
  texts(const std::vector<check::Resource> &resources) const;
  Result<runtime::BlockInstance> start(const check::Stage &stage);

  std::string folder_;
  Report &report_;
  std::unique_ptr<engine::Engine> engine_;
  std::map<std::string, BlockArtifact> blocks_;
  std::map<std::string, ModelArtifact> models_;
};

/// Limits on what a Runefile may name.
constexpr uint64_t maxModelBytes = uint64_t{2} << 30;
constexpr uint64_t maxBlockBytes = uint64_t{64} << 20;
constexpr uint64_t maxResourceBytes = uint64_t{1} << 30;

/// Reads and imports one model file, for `model-info` and `verify` too.
Result<import::ImportedModel> readModel(const std::string &path,
                                        Report &report);

} // namespace rune::cli
