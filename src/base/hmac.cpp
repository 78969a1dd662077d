// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Two hashes by OpenSSL's plain functions (base/hash.cpp): its HMAC goes
// through EVP, which sets up providers and reads the user's openssl.cnf first.
// That took 5 ms, more than all else of a start from the cache together.
#include "base/hmac.h"

#include <openssl/crypto.h>
#include <openssl/sha.h>

#include <algorithm>

namespace rune {

namespace {

using Block = std::array<uint8_t, SHA256_CBLOCK>;

Sha256 hashOf(const Block &first, std::initializer_list<ByteSpan> rest) {
  Sha256 digest;
  SHA256_CTX state;
  SHA256_Init(&state);
  SHA256_Update(&state, first.data(), first.size());
  for (ByteSpan part : rest)
    SHA256_Update(&state, part.data(), part.size());
  SHA256_Final(digest.bytes.data(), &state);
  OPENSSL_cleanse(&state, sizeof state);
  return digest;
}

} // namespace

Sha256 hmacSha256(ByteSpan secret, std::initializer_list<ByteSpan> message) {
  Sha256 shortened;
  if (secret.size() > SHA256_CBLOCK) {
    shortened = sha256(secret);
    secret = shortened.bytes;
  }
  Block inner{}, outer{};
  std::ranges::copy(secret, inner.begin());
  std::ranges::copy(secret, outer.begin());
  for (uint8_t &byte : inner)
    byte ^= 0x36;
  for (uint8_t &byte : outer)
    byte ^= 0x5c;
  Sha256 hash = hashOf(inner, message);
  hash = hashOf(outer, {hash.bytes});
  OPENSSL_cleanse(inner.data(), inner.size());
  OPENSSL_cleanse(outer.data(), outer.size());
  return hash;
}

} // namespace rune
