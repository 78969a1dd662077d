// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "machine/mapped_code.h"

#include <sys/mman.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace rune::machine {

Result<MappedCode> MappedCode::map(ByteSpan code) {
  MappedCode mapped;
  if (code.empty())
    return mapped;
  auto failed = [&] {
    return error("machine.out-of-memory", "cannot map {} bytes of code: {}",
                 code.size(), std::strerror(errno));
  };
  void *at = mmap(nullptr, code.size(), PROT_READ | PROT_WRITE,
                  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (at == MAP_FAILED)
    return failed();
  mapped.base_ = static_cast<uint8_t *>(at);
  mapped.bytes_ = code.size();
  std::memcpy(mapped.base_, code.data(), code.size());
  if (mprotect(mapped.base_, mapped.bytes_, PROT_READ | PROT_EXEC) != 0)
    return failed();
  auto *begin = reinterpret_cast<char *>(mapped.base_);
  __builtin___clear_cache(begin, begin + mapped.bytes_);
  return mapped;
}

MappedCode::MappedCode(MappedCode &&other) noexcept
    : base_(std::exchange(other.base_, nullptr)),
      bytes_(std::exchange(other.bytes_, 0)) {}

MappedCode &MappedCode::operator=(MappedCode &&other) noexcept {
  std::swap(base_, other.base_);
  std::swap(bytes_, other.bytes_);
  return *this;
}

MappedCode::~MappedCode() {
  if (base_)
    munmap(base_, bytes_);
}

} // namespace rune::machine
