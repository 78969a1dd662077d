// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "engine/native/code_file.h"

#include "base/files.h"
#include "base/hmac.h"
#include "engine/native/code_cache.h"

#include <openssl/crypto.h>

namespace rune::engine::native {

static constexpr uint64_t artifactAlignment = 4096;

Result<SealKey> SealKey::ofThisUser() {
  std::string folder = CodeCache::usualFolder();
  if (folder.empty())
    return error("engine.cache-folder",
                 "this user has no home folder, so no key of their own")
        .withHelp("name a key: `--code-key FILE`");
  return SealKey(Bytes(RUNE_TRY(CodeCache::open(folder)).secret()));
}

Result<SealKey> SealKey::fromFile(const std::string &path) {
  constexpr uint64_t most = 1 << 16;
  FileBytes file = RUNE_TRY(FileBytes::open(path, most));
  if (file.bytes().size() < bytes)
    return error("engine.bad-key", "`{}` has {} bytes, a key needs {} or more",
                 path, file.bytes().size(), bytes)
        .withHelp("make one with `head -c 32 /dev/urandom`");
  return SealKey(Bytes(file.bytes().begin(), file.bytes().end()));
}

Sha256 SealKey::sealOf(ByteSpan message) const {
  return hmacSha256(secret_, {message});
}

Bytes writeCodeFile(const std::vector<Bytes> &artifacts, const SealKey &key) {
  ByteWriter writer;
  for (const Bytes &artifact : artifacts) {
    writer.zeros(alignTo(writer.size(), artifactAlignment) - writer.size());
    writer.raw(artifact);
  }
  writer.raw(key.sealOf(writer.bytes()).bytes);
  return writer.take();
}

Result<std::vector<ByteSpan>> readCodeFile(ByteSpan bytes, const SealKey &key) {
  if (bytes.size() < sizeof(Sha256))
    return error("engine.bad-code", "no machine code of ours: it is too short");
  ByteSpan all = bytes.first(bytes.size() - sizeof(Sha256));
  // First what the file is, so that another kind of file is not called forged.
  RUNE_TRY(artifactSize(all));
  Sha256 seal = key.sealOf(all);
  if (CRYPTO_memcmp(seal.bytes.data(), bytes.data() + all.size(),
                    sizeof(Sha256)) != 0)
    return error("engine.untrusted-code",
                 "this code was made under another key, or changed since")
        .withHelp("machine code runs unchecked: make it here with `rune "
                  "compile`, or name the key that it was sealed with");
  std::vector<ByteSpan> artifacts;
  for (uint64_t at = 0; at < all.size(); at = alignTo(at, artifactAlignment)) {
    uint64_t size = RUNE_TRY(artifactSize(all.subspan(at)));
    if (size > all.size() - at)
      return error("engine.bad-code", "no machine code of ours: it ends early");
    artifacts.push_back(all.subspan(at, size));
    at += size;
  }
  return artifacts;
}

} // namespace rune::engine::native
