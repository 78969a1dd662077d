// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "device/cpu/program_cache.h"

#include "base/files.h"

#include <sys/stat.h>

namespace rune::device {

namespace {

/// Half of what all files may take.
constexpr uint64_t mostData = engine::native::CodeCache::mostBytes / 2;

} // namespace

Result<ProgramCache> ProgramCache::open(const std::string &folder) {
  return ProgramCache(RUNE_TRY(engine::native::CodeCache::open(folder)));
}

Sha256 ProgramCache::keyOf(const ModelIdentity &model, const Sizes &sizes,
                           const compile::Options &options) const {
  ByteWriter text;
  text.text(compilerId());
  text.raw(model.bytes);
  text.text(options.target.str());
  text.text(options.kernels.value_or(options.target).str());
  text.u32(options.workers);
  text.u8(options.fast ? 1 : 0);
  text.u8(options.stepForEachCall ? 1 : 0);
  text.u8(options.exact ? 1 : 0);
  text.u32(static_cast<uint32_t>(sizes.size()));
  for (const std::vector<int64_t> &input : sizes) {
    text.u32(static_cast<uint32_t>(input.size()));
    for (int64_t size : input)
      text.u64(static_cast<uint64_t>(size));
  }
  return sha256(text.bytes());
}

std::optional<compile::Program>
ProgramCache::find(const Sha256 &key, std::span<const ByteSpan> known) const {
  std::optional<Bytes> head = cache_.find(key);
  if (!head)
    return {};
  auto data = FileBytes::open(cache_.dataPathOf(key), mostData);
  if (!data)
    return {};
  auto owner = std::make_shared<FileBytes>(std::move(data).value());
  auto program = compile::load(*head, owner->bytes(), owner, known);
  return program ? std::optional(std::move(program).value()) : std::nullopt;
}

Result<> ProgramCache::keep(const Sha256 &key, const compile::Program &program,
                            std::span<const ByteSpan> known) const {
  compile::Artifact artifact = RUNE_TRY(compile::store(program, known));
  if (artifact.data.size() > mostData)
    return error("device.cache-full",
                 "the compiled model has {} bytes of weights, at most {} are "
                 "kept for the next run",
                 artifact.data.size(), mostData);
  // The data first: who finds a head finds its data.
  RUNE_TRY(writeFileAtomically(cache_.dataPathOf(key), artifact.data));
  return cache_.keep(key, artifact.head);
}

Sha256 ProgramCache::hashOf(const std::string &path, ByteSpan bytes) const {
  struct stat status = {};
  if (::stat(path.c_str(), &status) != 0 ||
      static_cast<uint64_t>(status.st_size) != bytes.size())
    return sha256(bytes);
  ByteWriter text;
  text.text("hash of a file");
  for (uint64_t number :
       {uint64_t{status.st_dev}, uint64_t{status.st_ino},
        uint64_t(bytes.size()), static_cast<uint64_t>(status.st_mtim.tv_sec),
        static_cast<uint64_t>(status.st_mtim.tv_nsec),
        static_cast<uint64_t>(status.st_ctim.tv_sec),
        static_cast<uint64_t>(status.st_ctim.tv_nsec)})
    text.u64(number);
  Sha256 key = sha256(text.bytes()), hash;
  auto known = cache_.find(key);
  if (known && known->size() == hash.bytes.size()) {
    std::ranges::copy(*known, hash.bytes.begin());
    return hash;
  }
  hash = sha256(bytes);
  (void)cache_.keep(key, hash.bytes); // else it is computed again
  return hash;
}

ModelIdentity identityOf(const graph::Graph &graph, ByteSpan file,
                         const Sha256 &fileHash, std::string_view how) {
  ByteWriter text;
  text.text(how);
  text.raw(fileHash.bytes);
  for (ByteSpan data : compile::constantsOf(graph)) {
    bool isInFile = data.data() >= file.data() &&
                    data.data() + data.size() <= file.data() + file.size();
    text.u8(isInFile);
    if (isInFile)
      text.u64(static_cast<uint64_t>(data.data() - file.data()));
    else
      text.raw(sha256(data).bytes);
    text.u64(data.size());
  }
  return sha256(text.bytes());
}

} // namespace rune::device
