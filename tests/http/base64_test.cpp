#include "http/base64.h"

#include <gtest/gtest.h>

#include <utility>

#include "core/errors.h"

namespace pixnerd::http {
namespace {

TEST(Base64Test, IsWhatTheStandardSays) {  // RFC 4648, 10
  const std::pair<const char*, const char*> vectors[] = {{"", ""},
                                                         {"f", "Zg=="},
                                                         {"fo", "Zm8="},
                                                         {"foo", "Zm9v"},
                                                         {"foob", "Zm9vYg=="},
                                                         {"fooba", "Zm9vYmE="},
                                                         {"foobar", "Zm9vYmFy"}};
  for (const auto& [bytes, text] : vectors) {
    EXPECT_EQ(base64(bytes), text);
    EXPECT_EQ(base64_decoded(text), bytes);
  }
}

TEST(Base64Test, KeepsAllBytes) {
  std::string bytes;
  for (int i = 0; i < 1000; ++i) {
    EXPECT_EQ(base64_decoded(base64(bytes)), bytes);
    bytes += static_cast<char>(i * 37);
  }
}

TEST(Base64Test, PassesOverBlanksAndMissingPadding) {
  EXPECT_EQ(base64_decoded(" Zm9v\r\nYg\t= =\n"), "foob");
  EXPECT_EQ(base64_decoded("Zm9vYg"), "foob");
  EXPECT_EQ(base64_decoded("Zm9vYmE"), "fooba");
  EXPECT_EQ(base64_decoded("\n"), "");
}

TEST(Base64Test, RefusesWhatIsNone) {
  for (const char* text : {"Z", "Zm9vY", "Zg=", "Zg===", "Zm8==", "Zm9v=", "Zm9v====", "=", "Zg==Zg==", "Zm-v", "Zm_v",
                           "Zm9v!", "Zm\xc3\xa4v", "data:image/png;base64,Zm9v"}) {
    EXPECT_THROW(base64_decoded(text), DataError) << text;
  }
  EXPECT_THROW(base64_decoded(std::string_view("Zm9\0", 4)), DataError);
}

}  // namespace
}  // namespace pixnerd::http
