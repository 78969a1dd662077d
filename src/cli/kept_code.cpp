// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cli/kept_code.h"

#include "base/files.h"
#include "engine/native/artifact.h"
#include "engine/native/code_cache.h"
#ifdef RUNE_HAS_LLVM
#include "compile/artifact.h"
#endif

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <tuple>

namespace rune::cli {

namespace {

namespace fs = std::filesystem;
using engine::native::CodeCache;

constexpr uint64_t mostData = uint64_t{1} << 40;

std::optional<Sha256> keyOf(const fs::path &path) {
  std::string digits = path.stem().string();
  Sha256 key;
  if (path.extension() != ".code" || digits.size() != 2 * key.bytes.size())
    return {};
  for (size_t i = 0; i < key.bytes.size(); ++i) {
    const char *at = digits.data() + 2 * i;
    if (std::from_chars(at, at + 2, key.bytes[i], 16).ptr != at + 2)
      return {};
  }
  return key;
}

/// What is wrong with the weights beside a model's code; empty if nothing.
std::string faultOfData([[maybe_unused]] const CodeCache &cache,
                        [[maybe_unused]] const Sha256 &key,
                        [[maybe_unused]] ByteSpan head,
                        [[maybe_unused]] bool hash) {
#ifdef RUNE_HAS_LLVM
  auto mark = compile::dataMarkOf(head);
  if (!mark)
    return mark.error().message;
  auto data = FileBytes::open(cache.dataPathOf(key), mostData);
  if (!data)
    return data.error().message;
  if (data->bytes().size() != mark->bytes)
    return "its weights have another size";
  if (hash && sha256(data->bytes()) != mark->hash)
    return "its weights have changed";
#endif
  return {};
}

KeptCode look(const CodeCache &cache, const Sha256 &key, bool hash) {
  KeptCode entry{key, {}, {}, 0};
  auto code = cache.find(key);
  if (!code) {
    bool tried = cache.wasTried(key);
    entry.kind = tried ? "attempt" : "bad";
    entry.fault = tried ? "" : "its seal is broken";
  } else if (asText(*code).starts_with("RuneProg")) {
    entry.fault = faultOfData(cache, key, *code, hash);
    entry.kind = entry.fault.empty() ? "model" : "bad";
  } else if (asText(*code).starts_with("RuneCode")) {
    auto artifact = engine::native::readArtifact(*code);
    entry.fault = artifact ? "" : artifact.error().message;
    entry.kind = artifact ? "blocks" : "bad";
  } else {
    entry.kind = code->size() == sizeof(Sha256) ? "hash" : "bad";
    entry.fault = entry.kind == "bad" ? "it is of no kind we know" : "";
  }
  return entry;
}

} // namespace

Result<std::vector<KeptCode>> listKeptCode(const std::string &folder,
                                           bool data) {
  std::vector<KeptCode> entries;
  if (!fs::exists(folder))
    return entries;
  CodeCache cache = RUNE_TRY(CodeCache::open(folder));
  std::error_code failed;
  for (fs::directory_iterator at(folder, failed), end; !failed && at != end;
       at.increment(failed))
    if (auto key = keyOf(at->path())) {
      std::error_code gone;
      KeptCode entry = look(cache, *key, data);
      entry.bytes = fs::file_size(at->path(), gone);
      if (uint64_t more = fs::file_size(cache.dataPathOf(*key), gone); !gone)
        entry.bytes += more;
      entries.push_back(std::move(entry));
    }
  if (failed)
    return error("engine.cache-folder", "unable to read `{}`: {}", folder,
                 failed.message());
  std::ranges::sort(entries, {}, [](const KeptCode &entry) {
    return std::tie(entry.kind, entry.key);
  });
  return entries;
}

void removeKeptCode(const std::string &folder, const Sha256 &key) {
  std::error_code ignored; // gone already, which is what is wanted
  for (const char *extension : {".code", ".data", ".lock"})
    fs::remove(fs::path(folder) / (key.hex() + extension), ignored);
}

} // namespace rune::cli
