#include "http/multipart.h"

#include <gtest/gtest.h>

#include "core/errors.h"
#include "core/text.h"

namespace pixnerd::http {
namespace {

constexpr std::string_view kType = "multipart/form-data; boundary=XX";

// One part of that content, with further lines in its header.
std::string form(std::string_view content, std::string_view lines = {}) {
  return concat("--XX\r\nContent-Disposition: form-data; name=\"a\"; filename=\"f.png\"\r\n", lines, "\r\n", content,
                "\r\n--XX--\r\n");
}

std::string content_of(std::string_view content, std::string_view lines = {}) {
  const auto parts = parse_multipart(kType, form(content, lines));
  EXPECT_EQ(parts.size(), 1U);
  return parts.empty() ? "" : parts[0].content;
}

// The name and file name that a disposition gives.
FormPart named(std::string_view disposition) {
  return parse_multipart(kType, concat("--XX\r\ncontent-disposition:", disposition, "\r\n\r\n\r\n--XX--")).at(0);
}

TEST(MultipartTest, ReadsFieldsAndFiles) {
  const auto parts = parse_multipart("Multipart/Form-Data; charset=utf-8; boundary=\"a b'()+_,-./:=?\"",
                                     "--a b'()+_,-./:=?\r\n"
                                     "Content-Disposition: form-data; name=\"prompt\"\r\n\r\n"
                                     "a fox\r\n"
                                     "--a b'()+_,-./:=? \t\r\n"
                                     "Content-Type: image/png\r\n"
                                     "content-disposition: Form-Data; filename=\"C:\\\\x.png\"; name=\"image[]\"\r\n"
                                     "X-Other: 1\r\n\r\n"
                                     "\x89PNG\r\n"
                                     "--a b'()+_,-./:=?--\r\nwhat follows is nothing");
  ASSERT_EQ(parts.size(), 2U);
  EXPECT_EQ(parts[0].name, "prompt");
  EXPECT_EQ(parts[0].file_name, "");
  EXPECT_EQ(parts[0].content_type, "");
  EXPECT_EQ(parts[0].content, "a fox");
  EXPECT_EQ(parts[1].name, "image[]");
  EXPECT_EQ(parts[1].file_name, "C:\\x.png");
  EXPECT_EQ(parts[1].content_type, "image/png");
  EXPECT_EQ(parts[1].content, "\x89PNG");
}

TEST(MultipartTest, KeepsEveryByteOfAFile) {
  std::string pairs;
  for (int a = 0; a < 256; ++a) {
    for (int b = 0; b < 256; ++b) pairs.append({static_cast<char>(a), static_cast<char>(b)});
  }
  for (const std::string& content : {std::string(),
                                     std::string("a\0b\0", 4),
                                     std::string("\r"),
                                     std::string("\n"),
                                     std::string("\r\n"),
                                     std::string("\r\n\r\n"),
                                     std::string("no end of line"),
                                     std::string("ends\r"),
                                     std::string("ends\n"),
                                     std::string("ends\r\n"),
                                     std::string("\r\nbegins"),
                                     std::string("\r\n--XY\r\n"),
                                     std::string("\r\n--XXY\r\n"),
                                     std::string("\r\n--X"),
                                     std::string("\r\n--XX-\r\n"),
                                     std::string("\r\n--XX--x"),
                                     std::string("x\n--XX\ny"),
                                     std::string("x\n--XX--\ny"),
                                     std::string("x\r--XX\r\ny"),
                                     std::string("--XX\r\n"),
                                     std::string("--XX--"),
                                     std::string("\r\n.\r\nFrom me\r\n"),
                                     std::string(100000, '\r'),
                                     std::string(100000, '\n'),
                                     std::string(100000, '-'),
                                     pairs}) {
    EXPECT_EQ(content_of(content), content);
  }
}

TEST(MultipartTest, LooksIntoNoPart) {
  const std::string inner = "--YY\r\nContent-Disposition: form-data; name=\"b\"\r\n\r\nx\r\n--YY--\r\n";
  EXPECT_EQ(content_of(inner, "Content-Type: multipart/form-data; boundary=YY\r\n"), inner);
  EXPECT_EQ(content_of("Subject: x\r\n\r\ny", "Content-Type: message/rfc822\r\n"), "Subject: x\r\n\r\ny");
  EXPECT_EQ(content_of("AAAA", "Content-Transfer-Encoding: binary\r\n"), "AAAA");
}

TEST(MultipartTest, ReadsNames) {
  EXPECT_EQ(named(" form-data; name=a").name, "a");
  EXPECT_EQ(named("form-data;NAME=\"a b\"").name, "a b");
  EXPECT_EQ(named(" form-data; name=\"a\\\"b\\\\c\"").name, "a\"b\\c");
  EXPECT_EQ(named(" form-data; name=\"a;filename=b\"").file_name, "");
  EXPECT_EQ(named(" form-data; name=\"\xc3\xa4\"").name, "\xc3\xa4");
  EXPECT_EQ(named(" form-data; name=x; filename=\"../../x\"").file_name, "../../x");
  EXPECT_EQ(named(" form-data; name=x; filename*=UTF-8''y; filename=z").file_name, "z");
}

TEST(MultipartTest, HasNoParts) {
  EXPECT_TRUE(parse_multipart(kType, "--XX--").empty());
  EXPECT_TRUE(parse_multipart(kType, "\r\n--XX--\r\n").empty());
}

TEST(MultipartTest, RefusesTypesWithoutABoundary) {
  for (const std::string& type :
       {std::string(), std::string("multipart/form-data"), std::string("multipart/form-data; boundary="),
        std::string("multipart/form-data; boundary=\"\""), std::string("multipart/mixed; boundary=XX"),
        std::string("multipart/form-data; charset=XX"), std::string("application/json; boundary=XX"),
        std::string("multipart/form-data; boundary=XX; boundary=YY"),
        "multipart/form-data; boundary=" + std::string(71, 'X')}) {
    EXPECT_THROW(parse_multipart(type, form("x")), DataError) << type;
  }
}

TEST(MultipartTest, RefusesEveryCut) {
  const std::string whole = form("abc\r\n", "Content-Type: text/plain\r\n");
  const size_t end = whole.size() - 2;  // the last line's end may be missing
  for (size_t size = 0; size < end; ++size) {
    EXPECT_THROW(parse_multipart(kType, whole.substr(0, size)), DataError) << size;
  }
  EXPECT_EQ(parse_multipart(kType, whole.substr(0, end)).size(), 1U);
}

TEST(MultipartTest, RefusesWhatIsNoForm) {
  const std::string part = "\r\nContent-Disposition: form-data; name=a\r\n\r\nx\r\n";
  for (const std::string& body : {
           std::string("x"),
           "preamble\r\n--XX" + part + "--XX--",
           "--XX" + part + "--XXX",
           std::string("--XX\r\n\r\nx\r\n--XX--"),
           std::string("--XX\r\nContent-Disposition: form-data\r\n\r\nx\r\n--XX--"),
           std::string("--XX\r\nContent-Disposition: form-data; name=\"\"\r\n\r\nx\r\n--XX--"),
           std::string("--XX\r\nContent-Disposition: form-data; name=\"a\r\n\r\nx\r\n--XX--"),
           std::string("--XX\r\nContent-Disposition: attachment; name=a\r\n\r\nx\r\n--XX--"),
           std::string("--XX\r\nContent-Disposition: form-data; name=a; name=b\r\n\r\nx\r\n--XX--"),
           std::string("--XX\r\nContent-Disposition: form-data; name=a\r\nContent-Disposition: form-data; "
                       "name=b\r\n\r\nx\r\n--XX--"),
           std::string("--XX\r\nContent-Disposition: form-data; name=a\r\n folded: x\r\nno colon\r\n\r\nx\r\n--XX--"),
           std::string("--XX\nContent-Disposition: form-data; name=a\n\nx\n--XX--"),
           form("AAAA", "Content-Transfer-Encoding: base64\r\n"),
           form("x", "A: " + std::string(9000, 'a') + "\r\n"),
       }) {
    EXPECT_THROW(parse_multipart(kType, body), DataError) << body.substr(0, 100);
  }
}

TEST(MultipartTest, RefusesTooManyParts) {
  std::string body;
  for (int i = 0; i < 64; ++i) body += "--XX\r\nContent-Disposition: form-data; name=a\r\n\r\nx\r\n";
  EXPECT_EQ(parse_multipart(kType, body + "--XX--").size(), 64U);
  body += "--XX\r\nContent-Disposition: form-data; name=a\r\n\r\nx\r\n";
  EXPECT_THROW(parse_multipart(kType, body + "--XX--"), DataError);
}

}  // namespace
}  // namespace pixnerd::http
