// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "engine/native/code_cache.h"

#include "base/files.h"
#include "base/hmac.h"

#include <fcntl.h>
#include <openssl/crypto.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <filesystem>

namespace rune::engine::native {

namespace {

namespace fs = std::filesystem;

constexpr size_t secretBytes = 32;
constexpr uint64_t fileMost = uint64_t{1} << 30;

fs::path dataOf(fs::path code) { return code.replace_extension(".data"); }

Diagnostic refused(const std::string &folder, std::string_view why) {
  return error("engine.cache-folder", "no code is kept in `{}`: {}", folder,
               why);
}

/// The whole file, in memory of our own: nobody can change it under us.
std::optional<Bytes> readWhole(const std::string &path) {
  int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  if (file < 0)
    return {};
  struct stat status = {};
  std::optional<Bytes> bytes;
  if (fstat(file, &status) == 0 && S_ISREG(status.st_mode) &&
      static_cast<uint64_t>(status.st_size) <= fileMost) {
    bytes.emplace(static_cast<size_t>(status.st_size));
    size_t at = 0;
    while (at < bytes->size()) {
      ssize_t got = ::read(file, bytes->data() + at, bytes->size() - at);
      if (got <= 0)
        break;
      at += static_cast<size_t>(got);
    }
    if (at != bytes->size())
      bytes.reset();
  }
  ::close(file);
  return bytes;
}

/// The user's key; made by whoever comes first, which `link` decides.
std::optional<Bytes> secretOf(const std::string &folder) {
  std::string path = folder + "/key";
  if (auto known = readWhole(path); known && known->size() == secretBytes)
    return known;
  Bytes fresh(secretBytes);
  if (getrandom(fresh.data(), fresh.size(), 0) !=
      static_cast<ssize_t>(fresh.size()))
    return {};
  // A name that no other thread or process, nor one long dead, has.
  std::string temporary = path + ".XXXXXX";
  int file = ::mkostemp(temporary.data(), O_CLOEXEC);
  if (file < 0)
    return {};
  bool written = ::write(file, fresh.data(), fresh.size()) ==
                 static_cast<ssize_t>(fresh.size());
  ::close(file);
  struct stat there = {};
  if (written && ::link(temporary.c_str(), path.c_str()) != 0 &&
      errno == EEXIST && ::stat(path.c_str(), &there) == 0 &&
      static_cast<size_t>(there.st_size) != secretBytes)
    ::rename(temporary.c_str(), path.c_str()); // a torn key is no key
  ::unlink(temporary.c_str());
  auto known = readWhole(path);
  return known && known->size() == secretBytes ? known : std::nullopt;
}

} // namespace

std::string CodeCache::usualFolder() {
  if (const char *own = std::getenv("RUNE_CACHE"))
    return own;
  const char *cache = std::getenv("XDG_CACHE_HOME");
  if (cache && *cache == '/')
    return std::string(cache) + "/rune/code";
  const char *home = std::getenv("HOME");
  return home && *home == '/' ? std::string(home) + "/.cache/rune/code"
                              : std::string();
}

Result<CodeCache> CodeCache::open(const std::string &folder) {
  std::error_code failed;
  fs::path path(folder);
  fs::create_directories(path.parent_path(), failed);
  if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST)
    return refused(folder, std::strerror(errno));
  struct stat status = {};
  if (::lstat(folder.c_str(), &status) != 0 || !S_ISDIR(status.st_mode))
    return refused(folder, "it is no folder");
  if (status.st_uid != geteuid() || (status.st_mode & 077) != 0)
    return refused(folder, "others can reach it");
  std::optional<Bytes> secret = secretOf(folder);
  if (!secret)
    return refused(folder, "a key can be neither read nor made there");
  return CodeCache(folder, std::move(*secret));
}

std::string CodeCache::pathOf(const Sha256 &key) const {
  return folder_ + "/" + key.hex() + ".code";
}

std::string CodeCache::dataPathOf(const Sha256 &key) const {
  return folder_ + "/" + key.hex() + ".data";
}

Sha256 CodeCache::seal(const Sha256 &key, ByteSpan code) const {
  return hmacSha256(secret_, {key.bytes, code});
}

std::optional<Bytes> CodeCache::find(const Sha256 &key) const {
  std::optional<Bytes> code = findAny(key);
  return code && !code->empty() ? std::move(code) : std::nullopt;
}

int CodeCache::claim(const Sha256 &key) const {
  std::string path = folder_ + "/" + key.hex() + ".lock";
  int file =
      ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (file < 0)
    return -1;
  struct stat held = {}, named = {};
  // Who had it before has removed the file when done; then another is at it.
  if (::flock(file, LOCK_EX | LOCK_NB) == 0 && ::fstat(file, &held) == 0 &&
      ::stat(path.c_str(), &named) == 0 && held.st_ino == named.st_ino)
    return file;
  ::close(file);
  return -1;
}

void CodeCache::release(const Sha256 &key, int claimed) const {
  ::unlink((folder_ + "/" + key.hex() + ".lock").c_str());
  ::close(claimed);
}

void CodeCache::noteAttempt(const Sha256 &key) const { (void)keep(key, {}); }

bool CodeCache::wasTried(const Sha256 &key) const {
  constexpr time_t day = 24 * 60 * 60;
  struct stat status = {};
  return ::stat(pathOf(key).c_str(), &status) == 0 &&
         std::time(nullptr) - status.st_mtime < day && findAny(key) &&
         !find(key);
}

std::optional<Bytes> CodeCache::findAny(const Sha256 &key) const {
  std::string path = pathOf(key);
  std::optional<Bytes> bytes = readWhole(path);
  if (!bytes || bytes->size() < sizeof(Sha256))
    return {};
  size_t size = bytes->size() - sizeof(Sha256);
  Sha256 expected = seal(key, ByteSpan(*bytes).first(size));
  if (CRYPTO_memcmp(expected.bytes.data(), bytes->data() + size,
                    sizeof(Sha256)) != 0)
    return {};
  if (size > 0)
    ::utimensat(AT_FDCWD, path.c_str(), nullptr, 0); // used now
  bytes->resize(size);
  return bytes;
}

Result<> CodeCache::keep(const Sha256 &key, ByteSpan code) const {
  Bytes bytes(code.begin(), code.end());
  Sha256 mark = seal(key, code);
  bytes.insert(bytes.end(), mark.bytes.begin(), mark.bytes.end());
  RUNE_TRY(writeFileAtomically(pathOf(key), bytes));
  removeOldest();
  return {};
}

void CodeCache::removeOldest() const {
  struct Kept {
    fs::file_time_type used;
    uint64_t bytes;
    fs::path path;
  };
  std::vector<Kept> files;
  uint64_t total = 0;
  std::error_code failed;
  for (fs::directory_iterator at(folder_, failed), end; !failed && at != end;
       at.increment(failed)) {
    if (at->path().extension() != ".code")
      continue;
    std::error_code gone;
    Kept file{at->last_write_time(gone), at->file_size(gone), at->path()};
    if (gone)
      continue;
    if (uint64_t data = fs::file_size(dataOf(file.path), gone); !gone)
      file.bytes += data;
    total += file.bytes;
    files.push_back(std::move(file));
  }
  std::sort(files.begin(), files.end(),
            [](const Kept &a, const Kept &b) { return a.used < b.used; });
  for (const Kept &file : files) {
    if (total <= mostBytes)
      return;
    if (!fs::remove(file.path, failed))
      continue;
    fs::remove(dataOf(file.path), failed);
    total -= file.bytes;
  }
}

} // namespace rune::engine::native
