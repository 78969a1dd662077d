// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// OpenSSL's one-pass functions: the EVP interface would look for providers and
// configuration files at each start, and pull a dynamic loader into the static
// binary.
#include "base/hash.h"

#include <openssl/sha.h>

namespace rune {

std::string Sha256::hex() const {
  std::string text;
  for (uint8_t byte : bytes)
    text += fmt::format("{:02x}", byte);
  return text;
}

Sha256 sha256(ByteSpan bytes) {
  Sha256 digest;
  SHA256_CTX state;
  SHA256_Init(&state);
  SHA256_Update(&state, bytes.data(), bytes.size());
  SHA256_Final(digest.bytes.data(), &state);
  return digest;
}

} // namespace rune
