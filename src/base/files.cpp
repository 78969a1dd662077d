// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "base/files.h"

#include <cerrno>
#include <cstdlib>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace rune {

namespace {

constexpr uint64_t copiedUpTo = 1 << 20;

class Descriptor {
public:
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(const Descriptor &) = delete;
  ~Descriptor() {
    if (fd_ >= 0)
      ::close(fd_);
  }
  int get() const { return fd_; }

private:
  int fd_;
};

Diagnostic unreadable(const std::string &path) {
  int reason = errno;
  return error(reason == ENOENT ? "file.not-found" : "file.unreadable",
               "unable to read `{}`: {}", path, std::strerror(reason));
}

Result<Bytes> readAll(int fd, uint64_t size, const std::string &path) {
  Bytes bytes(size);
  uint64_t got = 0;
  while (got < size) {
    ssize_t count = ::read(fd, bytes.data() + got, size - got);
    if (count < 0 && errno == EINTR)
      continue;
    if (count < 0)
      return unreadable(path);
    if (count == 0)
      break;
    got += static_cast<uint64_t>(count);
  }
  bytes.resize(got);
  return bytes;
}

bool writeAll(int fd, ByteSpan bytes) {
  while (!bytes.empty()) {
    ssize_t count = ::write(fd, bytes.data(), bytes.size());
    if (count < 0 && errno != EINTR)
      return false;
    bytes = bytes.subspan(count < 0 ? 0 : static_cast<size_t>(count));
  }
  return true;
}

} // namespace

Result<FileBytes> FileBytes::open(const std::string &path, uint64_t maxBytes) {
  Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat info;
  if (file.get() < 0 || ::fstat(file.get(), &info) != 0)
    return unreadable(path);
  if (!S_ISREG(info.st_mode))
    return error("file.not-regular", "`{}` is {}, not a file", path,
                 S_ISDIR(info.st_mode) ? "a directory" : "a device or a pipe");
  uint64_t size = static_cast<uint64_t>(info.st_size);
  if (size > maxBytes)
    return error("file.too-big", "`{}` has {} bytes, the limit is {}", path,
                 size, maxBytes);
  FileBytes result;
  if (size <= copiedUpTo) {
    result.copy_ = RUNE_TRY(readAll(file.get(), size, path));
    result.bytes_ = result.copy_;
    return result;
  }
  void *at = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file.get(), 0);
  if (at == MAP_FAILED)
    return unreadable(path);
  result.bytes_ = {static_cast<const uint8_t *>(at), size};
  result.mapped_ = true;
  return result;
}

FileBytes::FileBytes(FileBytes &&other) noexcept { *this = std::move(other); }

FileBytes &FileBytes::operator=(FileBytes &&other) noexcept {
  std::swap(copy_, other.copy_);
  std::swap(bytes_, other.bytes_);
  std::swap(mapped_, other.mapped_);
  return *this;
}

FileBytes::~FileBytes() {
  if (mapped_)
    ::munmap(const_cast<uint8_t *>(bytes_.data()), bytes_.size());
}

static Diagnostic unwritable(const std::string &path) {
  return error("file.unwritable", "unable to write `{}`: {}", path,
               std::strerror(errno));
}

Result<> writeFileAtomically(const std::string &path, ByteSpan bytes) {
  std::string temporary = path + ".XXXXXX";
  Descriptor file(::mkostemp(temporary.data(), O_CLOEXEC));
  if (file.get() < 0)
    return unwritable(path);
  mode_t mask = ::umask(0);
  ::umask(mask);
  bool written = writeAll(file.get(), bytes) &&
                 ::fchmod(file.get(), 0666 & ~mask) == 0 &&
                 ::rename(temporary.c_str(), path.c_str()) == 0;
  if (!written) {
    Diagnostic why = unwritable(path);
    ::unlink(temporary.c_str());
    return why;
  }
  return {};
}

} // namespace rune
