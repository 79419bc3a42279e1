// What a connection sends: answers, and streams of pieces.
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <climits>
#include <cstdio>
#include <exception>
#include <optional>
#include <utility>

#include "core/errors.h"
#include "core/log.h"
#include "core/text.h"
#include "http/connection.h"

namespace pixnerd::http {
namespace {

// A stream's: what has been handed to the system can not be replaced any more by what is newer.
constexpr int kStreamSendBytes = 64 << 10;
constexpr int kKeepaliveSeconds = 30, kKeepaliveInterval = 10, kKeepaliveProbes = 3;

void set(int socket, int level, int option, int value) {
  ::setsockopt(socket, level, option, &value, sizeof(value));  // the defaults do as well
}

int milliseconds(double seconds) {
  return static_cast<int>(std::clamp(seconds * 1000, 1.0, double{INT_MAX}));
}

}  // namespace

// Besides Nagle's delay: a peer whose machine is off or unplugged says nothing, and is asked.
void Connection::set_up_socket() {
  const int socket = socket_.native_handle();
  set(socket, IPPROTO_TCP, TCP_NODELAY, 1);
  set(socket, SOL_SOCKET, SO_KEEPALIVE, 1);
  set(socket, IPPROTO_TCP, TCP_KEEPIDLE, kKeepaliveSeconds);
  set(socket, IPPROTO_TCP, TCP_KEEPINTVL, kKeepaliveInterval);
  set(socket, IPPROTO_TCP, TCP_KEEPCNT, kKeepaliveProbes);
  set(socket, IPPROTO_TCP, TCP_USER_TIMEOUT, milliseconds(surroundings_.options.write_seconds));
}

void Connection::answer(const std::shared_ptr<Turn>& turn, Response response) {
  if (turn == turn_ && turn->is_open()) send(std::move(response));
}

void Connection::fail(const std::shared_ptr<Turn>& turn, const std::string& sentence) {
  if (turn == turn_ && turn->is_open()) send(refusal(500, sentence));
}

void Connection::stream(const std::shared_ptr<Turn>& turn, Response head, Source source, std::string heartbeat) {
  if (turn != turn_ || !turn->is_open()) return;
  if (!is_sound(head)) return send(refusal(500, "the server has failed to answer it"));
  turn->begin_answer();
  framing_ = is_1_1_ ? Framing::chunked : Framing::until_close;
  if (is_without_body(head.status)) framing_ = Framing::none;
  if (framing_ == Framing::until_close) keeps_alive_ = false;
  set(socket_.native_handle(), SOL_SOCKET, SO_SNDBUF, kStreamSendBytes);
  is_source_done_ = is_head_ || framing_ == Framing::none;
  if (!is_source_done_) {
    source_ = std::move(source);
    heartbeat_ = std::move(heartbeat);
  }
  phase_ = Phase::streaming;
  writer_.write(head_text(head, {keeps_alive_, is_1_1_, framing_}));
}

void Connection::wake(const std::shared_ptr<Turn>& turn) {
  if (turn == turn_) pull();
}

Response Connection::refusal(int status, const std::string& sentence) {
  try {
    Response response = surroundings_.service.refusal(status, sentence);
    if (status == 503 && find(response.headers, "retry-after") == nullptr)
      response.headers.emplace_back("Retry-After", "1");
    if (is_sound(response)) return response;
  } catch (const std::exception& error) {
    log_warning(concat("an error could not be put into the service's words: ", printable(error.what())));
  }
  return http::response(status, "text/plain", sentence);
}

bool Connection::is_sound(const Response& response) {
  try {
    check_head(response);
    return true;
  } catch (const RequestError& error) {
    log_warning(error.what());
    return false;
  }
}

void Connection::send(Response response) {
  if (!is_sound(response)) response = refusal(500, "the server has failed to answer it");
  timer_.cancel();
  turn_->begin_answer();
  phase_ = Phase::answering;
  framing_ = is_without_body(response.status) ? Framing::none : Framing::length;
  std::string head = head_text(response, {keeps_alive_, is_1_1_, framing_});
  const bool has_body = !is_head_ && framing_ != Framing::none;
  writer_.write(std::move(head), has_body ? std::move(response.body) : nullptr);
}

void Connection::drained() {
  if (phase_ == Phase::answering || (phase_ == Phase::streaming && is_source_done_)) return end_turn();
  pull();
}

void Connection::end_turn() {
  const auto turn = std::exchange(turn_, nullptr);
  turn->end(false);
  source_ = nullptr;
  is_1_1_ = true;
  is_head_ = false;
  heartbeat_timer_.cancel();
  if (!keeps_alive_) return linger();
  wait(Phase::idle, surroundings_.options.idle_seconds);
  resume_reading();
  advance();
}

void Connection::pull() {
  if (phase_ != Phase::streaming || is_source_done_ || !writer_.is_idle()) return;
  std::optional<std::string> piece;
  try {
    piece = source_();
  } catch (const std::exception& error) {
    log_warning(concat("a streamed answer has failed: ", printable(error.what())));
    return close();  // without its end, from which the client knows
  }
  if (!piece) return end_stream();
  if (piece->empty()) return await_heartbeat();
  send_piece(std::move(*piece));
}

void Connection::send_piece(std::string piece) {
  heartbeat_timer_.cancel();
  is_heartbeat_due_ = false;
  if (framing_ == Framing::chunked) {
    char size[32];
    std::snprintf(size, sizeof(size), "%zx\r\n", piece.size());
    piece.insert(0, size).append("\r\n");
  }
  writer_.write(std::move(piece));
}

void Connection::end_stream() {
  is_source_done_ = true;
  source_ = nullptr;
  heartbeat_timer_.cancel();
  if (framing_ == Framing::chunked) return writer_.write("0\r\n\r\n");
  end_turn();
}

void Connection::await_heartbeat() {
  if (heartbeat_.empty() || is_heartbeat_due_) return;
  is_heartbeat_due_ = true;
  heartbeat_timer_.expires_after(duration(surroundings_.options.heartbeat_seconds));
  heartbeat_timer_.async_wait([this, self = shared_from_this()](boost::system::error_code error) {
    const bool is_early = Clock::now() < heartbeat_timer_.expiry();
    if (error || is_early || phase_ != Phase::streaming || is_source_done_ || !writer_.is_idle()) return;
    send_piece(heartbeat_);
  });
}

}  // namespace pixnerd::http
