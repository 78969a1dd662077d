// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "engine/native/code_image.h"

#include "engine/native/address_ranges.h"

#include <sys/mman.h>

#include <cerrno>
#include <cstring>

namespace rune::engine::native {

CodeImage::CodeImage(Artifact artifact)
    : bounds_(artifact.bounds), fuel_(artifact.fuel), module_(artifact.module),
      functions_(std::move(artifact.functions)),
      entries_(std::move(artifact.entries)),
      ranges_(std::move(artifact.ranges)) {}

Result<std::shared_ptr<const CodeImage>> CodeImage::load(ByteSpan bytes) {
  Artifact artifact = RUNE_TRY(readArtifact(bytes));
  if (!runsOn(artifact.target, hostTarget()))
    return error("engine.foreign-code",
                 "this code is for {}, the machine is {}",
                 artifact.target.str(), hostTarget().str());
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
  if (code.empty())
    return {};
  auto failed = [&] {
    return error("engine.out-of-memory", "cannot map {} bytes of code: {}",
                 code.size(), std::strerror(errno));
  };
  void *at = mmap(nullptr, code.size(), PROT_READ | PROT_WRITE,
                  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (at == MAP_FAILED)
    return failed();
  base_ = static_cast<uint8_t *>(at);
  bytes_ = code.size();
  std::memcpy(base_, code.data(), code.size());
  if (mprotect(base_, bytes_, PROT_READ | PROT_EXEC) != 0)
    return failed();
  __builtin___clear_cache(reinterpret_cast<char *>(base_),
                          reinterpret_cast<char *>(base_) + bytes_);
  codeRanges().add(base_, bytes_);
  return {};
}

CodeImage::~CodeImage() {
  if (!base_)
    return;
  codeRanges().remove(base_);
  munmap(base_, bytes_);
}

} // namespace rune::engine::native
