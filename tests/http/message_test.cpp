#include "http/message.h"

#include <gtest/gtest.h>

namespace pixnerd::http {
namespace {

TEST(MessageTest, FindsAFieldByItsName) {
  const Fields fields = {{"Host", "a"}, {"X-Y", "1"}, {"x-y", "2"}};
  ASSERT_NE(find(fields, "x-Y"), nullptr);
  EXPECT_EQ(*find(fields, "x-Y"), "1");
  EXPECT_EQ(find(fields, "x"), nullptr);
  EXPECT_EQ(find({}, ""), nullptr);
}

TEST(MessageTest, MakesAResponse) {
  const Response made = response(201, "text/plain", "abc", {{"A", "b"}});
  EXPECT_EQ(made.status, 201);
  EXPECT_EQ(*find(made.headers, "content-type"), "text/plain");
  EXPECT_EQ(*find(made.headers, "a"), "b");
  EXPECT_EQ(*made.body, "abc");
}

TEST(MessageTest, KnowsTheReasonsOfStatuses) {
  EXPECT_EQ(reason_of(200), "OK");
  EXPECT_EQ(reason_of(404), "Not Found");
  EXPECT_EQ(reason_of(422), "Unprocessable Entity");
  EXPECT_EQ(reason_of(429), "Too Many Requests");
  EXPECT_EQ(reason_of(431), "Request Header Fields Too Large");
  EXPECT_EQ(reason_of(299), "");
  EXPECT_EQ(reason_of(-1), "");
  EXPECT_EQ(reason_of(1 << 20), "");
}

TEST(TargetTest, IsAPathAndAQuery) {
  const auto target = parse_target("/a%20b/%C3%A4?x=1&y=%26+z&flag&x=2&=v");
  ASSERT_TRUE(target.has_value());
  EXPECT_EQ(target->path, "/a b/\xc3\xa4");
  EXPECT_EQ(target->query, (Fields{{"x", "1"}, {"y", "& z"}, {"flag", ""}, {"x", "2"}, {"", "v"}}));
}

TEST(TargetTest, LeavesThePathAsItIs) {
  for (const auto& [target, path] : Fields{{"/", "/"},
                                           {"/a+b", "/a+b"},
                                           {"/../../etc/passwd", "/../../etc/passwd"},
                                           {"/%2e%2E/x", "/../x"},
                                           {"/a/./b//", "/a/./b//"},
                                           {"/a%2Fb", "/a/b"},
                                           {"/x?", "/x"},
                                           {"/x??a", "/x"},
                                           {"/%25zz", "/%zz"},
                                           {"/a:b@c", "/a:b@c"}}) {
    const auto parsed = parse_target(target);
    ASSERT_TRUE(parsed.has_value()) << target;
    EXPECT_EQ(parsed->path, path);
  }
  EXPECT_TRUE(parse_target("/x?")->query.empty());
  EXPECT_EQ(parse_target("/x?%25=%2525")->query, (Fields{{"%", "%25"}}));
}

TEST(TargetTest, IsNothingElse) {
  for (const char* target :
       {"",       "x",    "*",    "?a=b",   "http://host/x", "https://host", "//host/x", "host:80", "/%",
        "/%4",    "/%zz", "/%00", "/a%00b", "/x?%00",        "/x?a=%00",     "/x?a=%",   "/a b",    "/a\tb",
        "/a\x7f", "/x#y", "/\\",  "/<",     "/\xc3\xa4",     "/x?\"",        "/%u0041"}) {
    EXPECT_FALSE(parse_target(target).has_value()) << target;
  }
  EXPECT_FALSE(parse_target(std::string_view("/a\0b", 4)).has_value());
}

TEST(CookieTest, IsFoundAmongOthers) {
  Request request;
  request.headers = {{"Cookie", "a=1; token=\"x=y\";b = 2 ; empty=; flag"}, {"cookie", "c=3; a=4"}};
  EXPECT_EQ(cookie(request, "a"), "1");
  EXPECT_EQ(cookie(request, "token"), "x=y");
  EXPECT_EQ(cookie(request, "b"), "2");
  EXPECT_EQ(cookie(request, "empty"), "");
  EXPECT_EQ(cookie(request, "c"), "3");
  EXPECT_EQ(cookie(request, "flag"), std::nullopt);
  EXPECT_EQ(cookie(request, "A"), std::nullopt);
  EXPECT_EQ(cookie(request, "oken"), std::nullopt);
  EXPECT_EQ(cookie({}, "a"), std::nullopt);
}

}  // namespace
}  // namespace pixnerd::http
