#include "http/request_reader.h"

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/beast/core/buffers_range.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>

#include "core/text.h"

namespace pixnerd::http {
namespace {

namespace beast = boost::beast::http;
using boost::beast::error_code;

constexpr uint64_t kFirstBodyBytes = 64 << 10;
constexpr size_t kMostChunkLineBytes = 16 << 10;  // and of a trailer
constexpr std::string_view kEmptyLine = "\r\n";

// A body in a string that grows as bytes come: Beast's own reserves what Content-Length promises.
struct GrowingBody {
  using value_type = std::string;

  class reader {  // NOLINT(readability-identifier-naming): Beast's name
   public:
    template <bool is_request, class Fields>
    reader(beast::header<is_request, Fields>&, value_type& body) : body_(body) {}

    void init(const boost::optional<uint64_t>& length, error_code& error) {
      if (length) length_ = *length;
      error = {};
    }

    template <class Buffers>
    size_t put(const Buffers& buffers, error_code& error) {
      error = {};
      const size_t size = boost::asio::buffer_size(buffers);
      make_room(size);
      for (const auto buffer : boost::beast::buffers_range_ref(buffers)) {
        body_.append(static_cast<const char*>(buffer.data()), buffer.size());
      }
      return size;
    }

    void finish(error_code& error) { error = {}; }

   private:
    void make_room(size_t more) {
      const uint64_t needed = body_.size() + more;
      if (needed <= body_.capacity()) return;
      const uint64_t ahead = std::max<uint64_t>(kFirstBodyBytes, body_.capacity() * 2);
      body_.reserve(std::max(needed, std::min(ahead, length_)));
    }

    value_type& body_;
    uint64_t length_ = UINT64_MAX;
  };
};

Refusal refusal(const error_code& error, uint64_t most_body_bytes) {
  if (error == beast::error::body_limit) {
    return {413, concat("the body is longer than ", human_bytes(most_body_bytes), ", the most that is taken here")};
  }
  if (error == beast::error::bad_version) return {505, "only HTTP/1.1 and HTTP/1.0 are spoken here"};
  return {400, concat("the request is not well-formed HTTP/1.1: ", printable(error.message()))};
}

int count_of(const Fields& fields, std::string_view name) {
  return static_cast<int>(
      std::count_if(fields.begin(), fields.end(), [&](const auto& field) { return ascii_lower(field.first) == name; }));
}

bool is_number(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

struct RequestReader::Parser {
  explicit Parser(uint64_t limit) : most_body_bytes(limit) {
    beast.header_limit(UINT32_MAX);  // is counted here: Beast forgets what it has taken when bytes come one by one
    beast.body_limit(limit);
  }

  size_t put(std::string_view bytes, error_code& error) {
    return beast.put(boost::asio::buffer(bytes.data(), bytes.size()), error);
  }

  uint64_t most_body_bytes;
  beast::request_parser<GrowingBody> beast;
};

RequestReader::RequestReader(uint64_t most_header_bytes, uint64_t most_body_bytes, std::string peer)
    : most_header_bytes_(most_header_bytes), parser_(std::make_unique<Parser>(most_body_bytes)) {
  request_.peer = std::move(peer);
}

RequestReader::~RequestReader() = default;

bool RequestReader::is_done() const {
  return is_header_done_ && parser_->beast.is_done();
}

bool RequestReader::keeps_alive() const {
  return parser_->beast.keep_alive();
}

bool RequestReader::is_1_1() const {
  return parser_->beast.get().version() == 11;
}

std::optional<uint64_t> RequestReader::content_length() const {
  const auto length = parser_->beast.content_length();
  return length ? std::optional<uint64_t>(*length) : std::nullopt;
}

uint64_t RequestReader::body_bytes() const {
  return parser_->beast.get().body().size();
}

Request RequestReader::finished() {
  request_.body = std::move(parser_->beast.get().body());
  return std::move(request_);
}

size_t RequestReader::take(std::string_view bytes) {
  if (!is_header_done_) return take_header(bytes);
  error_code error;
  size_t taken = 0;
  while (taken < bytes.size() && !is_done() && !error) taken += parser_->put(bytes.substr(taken), error);
  if (error && error != beast::error::need_more) throw refusal(error, parser_->most_body_bytes);
  if (!is_done() && bytes.size() - taken > kMostChunkLineBytes) {
    throw Refusal(400, "the size of a chunk is followed by too much");
  }
  return taken;
}

// The parser gets a header whole, so that what it makes of it does not depend on the pieces in which it came.
size_t RequestReader::take_header(std::string_view bytes) {
  size_t skipped = 0;
  while (seen_ == 0 && bytes.starts_with(kEmptyLine)) {  // before a request: RFC 9112, 2.2
    bytes.remove_prefix(kEmptyLine.size());
    skipped += kEmptyLine.size();
  }
  check_lines(bytes);
  const size_t end = bytes.find("\r\n\r\n", seen_ < 3 ? 0 : seen_ - 3);
  const size_t size = end == std::string_view::npos ? bytes.size() : end + 4;
  if (size > most_header_bytes_) {
    throw Refusal(431, concat("the header is longer than ", human_bytes(most_header_bytes_)));
  }
  if (end == std::string_view::npos) {
    seen_ = bytes == "\r" ? 0 : bytes.size();
    return skipped;
  }
  parse(bytes.substr(0, size));
  return skipped + size;
}

// As early as can be: what waits for the end of something that is no header would wait for long.
void RequestReader::check_lines(std::string_view bytes) {
  if (!bytes.empty() && bytes[0] != '\r' && (bytes[0] < '!' || bytes[0] > '~')) {
    throw Refusal(400, "what was sent is no HTTP; is it meant for https?");
  }
  for (size_t i = seen_; i < bytes.size(); ++i) {
    const char before = i > 0 ? bytes[i - 1] : '\0';
    if (before == '\n' && i > 1 && (bytes[i] == ' ' || bytes[i] == '\t')) {
      throw Refusal(400, "a header field goes on in a second line, which is obsolete; write it in one");
    }
    if ((bytes[i] == '\n') != (before == '\r')) throw Refusal(400, "lines of a header end in CR and LF together");
    if (i >= 3 && bytes.substr(i - 3, 4) == "\r\n\r\n") return;
  }
}

void RequestReader::parse(std::string_view header) {
  error_code error;
  while (!error && !parser_->beast.is_header_done() && !header.empty()) {
    header.remove_prefix(parser_->put(header, error));
  }
  if (error) throw refusal(error, parser_->most_body_bytes);
  if (!header.empty() || !parser_->beast.is_header_done()) throw Refusal(400, "the header ends where it should not");

  const auto& message = parser_->beast.get();
  request_.method = std::string(message.method_string());
  for (const auto& field : message) {
    request_.headers.emplace_back(std::string(field.name_string()), std::string(field.value()));
  }
  check_lengths();
  check_host();
  const std::string* const expected = find(request_.headers, "expect");
  expects_continue_ = expected != nullptr && is_1_1();
  if (expected != nullptr && ascii_lower(*expected) != "100-continue") {
    throw Refusal(417, "of what can be expected only 100-continue is known");
  }
  auto target = parse_target({message.target().data(), message.target().size()});
  if (!target) throw Refusal(400, "the request's target is not a path with a query in good form");
  request_.path = std::move(target->path);
  request_.query = std::move(target->query);
  parser_->beast.eager(true);
  is_header_done_ = true;
}

// RFC 9112, 6.3. What is said twice is refused even if it is the same: another reader may have taken the other one.
void RequestReader::check_lengths() const {
  const int lengths = count_of(request_.headers, "content-length");
  const int codings = count_of(request_.headers, "transfer-encoding");
  if (lengths + codings > 1) throw Refusal(400, "the length of the body is given more than once");
  if (lengths == 1 && !is_number(*find(request_.headers, "content-length"))) {
    throw Refusal(400, "Content-Length is no number");
  }
  if (codings == 0) return;
  if (!is_1_1()) throw Refusal(400, "HTTP/1.0 has no Transfer-Encoding");
  if (ascii_lower(*find(request_.headers, "transfer-encoding")) != "chunked") {
    throw Refusal(501, "of the transfer codings only chunked, by itself, is known");
  }
}

void RequestReader::check_host() const {
  const int hosts = count_of(request_.headers, "host");
  if (hosts > 1 || (hosts == 0 && is_1_1())) throw Refusal(400, "a request has exactly one Host");
}

}  // namespace pixnerd::http
