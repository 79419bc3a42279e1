#include "http/secret.h"

#include <gtest/gtest.h>

#include <set>

namespace pixnerd::http {
namespace {

TEST(SecretTest, IsRandom) {
  std::set<std::string> all;
  for (int i = 0; i < 100; ++i) all.insert(random_hex(16));
  EXPECT_EQ(all.size(), 100U);
  EXPECT_EQ(all.begin()->size(), 32U);
  EXPECT_EQ(all.begin()->find_first_not_of("0123456789abcdef"), std::string::npos);
  EXPECT_EQ(random_hex(0), "");
}

TEST(SecretTest, IsComparedWhole) {
  EXPECT_TRUE(is_same_secret("token", "token"));
  EXPECT_TRUE(is_same_secret("", ""));
  EXPECT_FALSE(is_same_secret("", "token"));
  EXPECT_FALSE(is_same_secret("token", ""));
  EXPECT_FALSE(is_same_secret("toke", "token"));
  EXPECT_FALSE(is_same_secret("token ", "token"));
  EXPECT_FALSE(is_same_secret("Token", "token"));
  EXPECT_FALSE(is_same_secret(std::string_view("token\0x", 7), "token"));
}

TEST(SecretTest, IsSignedAsTheStandardSays) {  // RFC 4231, cases 2 and 6
  EXPECT_EQ(signature("Jefe", "what do ya want for nothing?"),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  EXPECT_EQ(signature(std::string(131, '\xaa'), "Test Using Larger Than Block-Size Key - Hash Key First"),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

}  // namespace
}  // namespace pixnerd::http
