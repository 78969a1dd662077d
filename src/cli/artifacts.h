// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The blocks, models and resources that a Runefile names, each read once, and
// what they say of themselves.
#pragma once

#include "check/signature_source.h"
#include "cli/block_file.h"
#include "cli/model_file.h"
#include "engine/engine.h"
#include "runtime/arguments.h"
#include "runtime/block_instance.h"

#include <map>
#include <memory>
#include <string>

namespace rune::cli {

class Artifacts final : public check::SignatureSource {
public:
  /// Sizes that models leave open, each `name=8`, by the stage; under the empty
  /// name those for all.
  using Shapes = std::map<std::string, std::vector<std::string>>;
  /// Which of the signatures that models offer, by the stage; likewise.
  using Signatures = std::map<std::string, std::string>;
  /// `folder` is where relative paths start.
  Artifacts(std::string folder, Report &report, Shapes shapes = {},
            Signatures signatures = {});

  Result<check::BlockSignature> block(const check::Stage &stage) override;
  Result<std::vector<TensorType>>
  blockOutputs(const check::Stage &stage, const std::vector<TensorType> &inputs,
               const std::vector<check::Resource> &resources) override;
  Result<check::ModelSignature>
  model(const check::Stage &stage,
        const std::vector<check::Resource> &resources) override;

  /// The block's module; the second time the one that was read before.
  Result<BlockFile *> blockOf(const check::Stage &stage);
  /// Likewise the model; null where it is given at run time.
  Result<const ModelFile *>
  modelOf(const check::Stage &stage,
          const std::vector<check::Resource> &resources);
  /// Likewise the data of a resource; none where it is given at run time.
  ///
  /// errors  `file.…`, `link.bad-folder`, at the resource
  Result<std::optional<ByteSpan>> dataOf(const check::Resource &resource);

private:
  /// The texts that the arguments of a stage refer to; empty for the rest.
  Result<runtime::ResourceTexts>
  textsFor(const check::Stage &stage,
           const std::vector<check::Resource> &resources);
  Result<runtime::BlockInstance> start(const check::Stage &stage);
  /// Of a stage that `block` has started, or a new one.
  Result<runtime::BlockInstance> instanceFor(const check::Stage &stage);
  Result<const runtime::block::Metadata *>
  metadataOf(const check::Stage &stage);

  /// A resource's file, or its folder zipped, or its text.
  struct Data {
    std::shared_ptr<const FileBytes> file;
    Bytes own;
    ByteSpan bytes;
  };
  Result<Data> readResource(const check::Resource &resource) const;
  /// Those that the Runefile and the user give for the model of a stage.
  std::vector<std::string> shapesOf(const check::Stage &stage) const;
  /// The user's counts before the Runefile's, that of the stage before that of
  /// all.
  std::string signatureOf(const check::Stage &stage) const;

  std::string folder_;
  Report &report_;
  Shapes shapes_;
  Signatures signatures_;
  std::unique_ptr<engine::Engine> engine_;
  /// By what the Runefile calls them.
  std::map<std::string, BlockFile> blocks_;
  std::map<std::string, runtime::block::Metadata> metadata_;
  std::map<std::string, ModelFile> models_; // and by shapes and signature
  std::map<std::string, Data> resources_;
  /// By stage: started to say what they are, not yet used.
  std::map<std::string, runtime::BlockInstance> started_;
};

/// Limit on what a Runefile may name.
constexpr uint64_t maxResourceBytes = uint64_t{1} << 30;

} // namespace rune::cli
