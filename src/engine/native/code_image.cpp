// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "engine/native/code_image.h"

#include "engine/native/address_ranges.h"

namespace rune::engine::native {

CodeImage::CodeImage(Artifact artifact)
    : bounds_(artifact.bounds), fuel_(artifact.fuel), module_(artifact.module),
      functions_(std::move(artifact.functions)),
      entries_(std::move(artifact.entries)),
      ranges_(std::move(artifact.ranges)) {}

Result<std::shared_ptr<const CodeImage>> CodeImage::load(ByteSpan bytes) {
  Artifact artifact = RUNE_TRY(readArtifact(bytes));
  if (!machine::runsOn(artifact.target, machine::hostTarget()))
    return error("engine.foreign-code",
                 "this code is for {}, the machine is {}",
                 artifact.target.str(), machine::hostTarget().str());
  if (!isForThisEngine(artifact.maker))
    return error("engine.stale-code",
                 "this code was made for another engine: by `{}`, this is `{}`",
                 artifact.maker, engineId())
        .withHelp("make it again with this `rune compile`");
  ByteSpan code = artifact.code;
  std::shared_ptr<CodeImage> image(new CodeImage(std::move(artifact)));
  RUNE_TRY(image->map(code));
  return std::shared_ptr<const CodeImage>(std::move(image));
}

Result<> CodeImage::map(ByteSpan code) {
  auto mapped = machine::MappedCode::map(code);
  if (!mapped)
    return error("engine.out-of-memory", "{}", mapped.error().message);
  mapped_ = *std::move(mapped);
  if (!code.empty())
    codeRanges().add(mapped_.data(), mapped_.size());
  return {};
}

CodeImage::~CodeImage() {
  if (mapped_.data())
    codeRanges().remove(mapped_.data());
}

} // namespace rune::engine::native
