// A request out of the bytes of a connection, by Beast's parser. Stricter than it where two readers of the same bytes
// could disagree about where a request ends: lengths that are said twice, even if alike, codings beside chunked,
// folded headers and bare line ends are refused. Trailers are read over.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

#include "http/message.h"

namespace pixnerd::http {

// What ends a connection: the status and the sentence of its last answer.
struct Refusal : std::runtime_error {
  Refusal(int with_status, const std::string& sentence) : std::runtime_error(sentence), status(with_status) {}
  int status;
};

class RequestReader {
 public:
  RequestReader(uint64_t most_header_bytes, uint64_t most_body_bytes, std::string peer = {});
  ~RequestReader();
  RequestReader(const RequestReader&) = delete;
  RequestReader& operator=(const RequestReader&) = delete;

  // `bytes` is all that has come and was not taken yet; how many of them are taken. It stops at the end of the header,
  // so that it can be looked at, and at the end of the request. Throws Refusal, after which there is no going on.
  size_t take(std::string_view bytes);

  bool is_header_done() const { return is_header_done_; }
  bool is_done() const;  // with its body

  // Of the header:
  const Request& head() const { return request_; }
  bool keeps_alive() const;
  bool is_1_1() const;  // or else HTTP/1.0
  bool expects_continue() const { return expects_continue_; }
  std::optional<uint64_t> content_length() const;

  uint64_t body_bytes() const;  // so far
  Request finished();           // once is_done(); the reader is spent

 private:
  struct Parser;

  size_t take_header(std::string_view bytes);
  void check_lines(std::string_view bytes);
  void parse(std::string_view header);
  void check_lengths() const;
  void check_host() const;

  uint64_t most_header_bytes_;
  size_t seen_ = 0;  // of a header that has not ended yet
  bool is_header_done_ = false, expects_continue_ = false;
  Request request_;
  std::unique_ptr<Parser> parser_;
};

}  // namespace pixnerd::http
