// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// source  RFC 4231, test cases 1 to 4, 6 and 7
#include "base/hmac.h"

#include <gtest/gtest.h>

namespace rune {
namespace {

std::string markOf(const Bytes &secret, std::string_view message) {
  // in two parts, which must not matter
  size_t half = message.size() / 2;
  ByteSpan bytes = asBytes(message);
  return hmacSha256(secret, {bytes.first(half), bytes.subspan(half)}).hex();
}

Bytes bytesOf(std::string_view text) {
  ByteSpan bytes = asBytes(text);
  return {bytes.begin(), bytes.end()};
}

TEST(Hmac, IsThatOfTheStandard) {
  EXPECT_EQ(markOf(Bytes(20, 0x0b), "Hi There"),
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
  EXPECT_EQ(markOf(bytesOf("Jefe"), "what do ya want for nothing?"),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  EXPECT_EQ(markOf(Bytes(20, 0xaa), std::string(50, '\xdd')),
            "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe");
  Bytes counted;
  for (uint8_t i = 1; i <= 25; ++i)
    counted.push_back(i);
  EXPECT_EQ(markOf(counted, std::string(50, '\xcd')),
            "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b");
}

TEST(Hmac, LongSecretsAreHashedFirst) {
  Bytes secret(131, 0xaa);
  EXPECT_EQ(
      markOf(secret, "Test Using Larger Than Block-Size Key - Hash Key First"),
      "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
  EXPECT_EQ(
      markOf(secret,
             "This is a test using a larger than block-size key and a larger "
             "than block-size data. The key needs to be hashed before being "
             "used by the HMAC algorithm."),
      "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2");
}

} // namespace
} // namespace rune
