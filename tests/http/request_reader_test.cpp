#include "http/request_reader.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace pixnerd::http {
namespace {

// Reads bytes that come in pieces of that size; how many were taken.
size_t read(RequestReader& reader, const std::string& bytes, size_t piece) {
  std::string pending;
  size_t taken = 0;
  for (size_t at = 0; at < bytes.size() && !reader.is_done(); at += piece) {
    pending += bytes.substr(at, piece);
    for (size_t now = 1; now > 0 && !reader.is_done() && !pending.empty();) {
      const bool was_head = reader.is_header_done();
      now = reader.take(pending);
      pending.erase(0, now);
      taken += now;
      if (!was_head && !reader.is_header_done()) break;
    }
  }
  return taken;
}

TEST(RequestReaderTest, ReadsTheSameHoweverItIsCut) {
  const std::string request =
      "\r\nPOST /a?b=c HTTP/1.1\r\nHost: h\r\nX: 1\r\nX:  2 \r\nEmpty:\r\nTransfer-Encoding: chunked\r\n\r\n"
      "5\r\nhello\r\n1;x\r\n!\r\n0\r\nTrailer: 1\r\n\r\n";
  for (size_t piece = 1; piece <= request.size(); ++piece) {
    RequestReader reader(1000, 1000, "peer");
    EXPECT_EQ(read(reader, request + "GET", piece), request.size()) << piece;
    ASSERT_TRUE(reader.is_done());
    EXPECT_TRUE(reader.keeps_alive());
    EXPECT_EQ(reader.body_bytes(), 6U);
    const Request result = reader.finished();
    EXPECT_EQ(result.method, "POST");
    EXPECT_EQ(result.path, "/a");
    EXPECT_EQ(result.query, (Fields{{"b", "c"}}));
    EXPECT_EQ(result.headers,
              (Fields{{"Host", "h"}, {"X", "1"}, {"X", "2"}, {"Empty", ""}, {"Transfer-Encoding", "chunked"}}));
    EXPECT_EQ(result.body, "hello!");
    EXPECT_EQ(result.peer, "peer");
  }
}

TEST(RequestReaderTest, StopsAtTheEndOfTheHeader) {
  RequestReader reader(1000, 1000);
  const std::string head = "PUT / HTTP/1.0\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n";
  EXPECT_EQ(reader.take(head + "abcGET"), head.size());
  EXPECT_TRUE(reader.is_header_done());
  EXPECT_FALSE(reader.is_done());
  EXPECT_FALSE(reader.is_1_1());
  EXPECT_FALSE(reader.keeps_alive());
  EXPECT_FALSE(reader.expects_continue());  // not of the older version
  EXPECT_EQ(reader.content_length(), 3U);
  EXPECT_EQ(reader.take("abcGET"), 3U);
  EXPECT_TRUE(reader.is_done());
}

TEST(RequestReaderTest, HoldsNoMoreThanHasCome) {
  RequestReader reader(1000, uint64_t{1} << 40);
  reader.take("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000000000\r\n\r\n");
  reader.take(std::string(1000, 'x'));
  EXPECT_EQ(reader.body_bytes(), 1000U);
  EXPECT_LT(reader.finished().body.capacity(), size_t{1} << 20);
}

TEST(RequestReaderTest, CountsAHeaderWhole) {
  const std::string head = "GET / HTTP/1.1\r\nHost: a\r\nA: " + std::string(100, 'a') + "\r\n\r\n";
  for (const size_t piece : {size_t{1}, size_t{40}, head.size()}) {
    RequestReader enough(head.size(), 0), too_little(head.size() - 1, 0);
    read(enough, head, piece);
    EXPECT_TRUE(enough.is_done());
    EXPECT_THROW(read(too_little, head, piece), Refusal);
  }
}

}  // namespace
}  // namespace pixnerd::http
