#include "http/connection.h"

#include <boost/asio/buffer.hpp>
#include <exception>
#include <utility>

#include "core/log.h"
#include "core/text.h"

namespace pixnerd::http {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

constexpr size_t kReadBytes = 64 << 10, kFirstReadBytes = 4 << 10;
constexpr size_t kMostEarlyBytes = 64 << 10;  // of requests that are not at their turn
constexpr double kLingerSeconds = 2, kMostLingerSeconds = 10;

std::string address_of(const asio::ip::tcp::socket& socket) {
  error_code error;
  const auto address = socket.remote_endpoint(error).address();
  if (error) return {};
  if (address.is_v6() && address.to_v6().is_v4_mapped()) {
    return asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6()).to_string();
  }
  return address.to_string();
}

}  // namespace

Connection::Connection(asio::ip::tcp::socket socket, Surroundings& surroundings)
    : socket_(std::move(socket)),
      surroundings_(surroundings),
      writer_(socket_, surroundings.options.write_seconds),
      timer_(socket_.get_executor()),
      heartbeat_timer_(socket_.get_executor()),
      peer_(address_of(socket_)),
      body_(surroundings.body_bytes) {}

void Connection::start() {
  set_up_socket();
  writer_.start({weak_from_this(), [this] { drained(); }, [this] { close(); }});
  wait(Phase::idle, surroundings_.options.idle_seconds);
  read();
}

void Connection::start_refused(int status, const std::string& sentence) {
  start();
  refuse(status, sentence);
}

void Connection::stop() {
  keeps_alive_ = false;
  if (phase_ == Phase::idle || phase_ == Phase::header) close();
}

void Connection::close() {
  if (phase_ == Phase::closed) return;
  const auto self = shared_from_this();
  phase_ = Phase::closed;
  writer_.close();
  timer_.cancel();
  heartbeat_timer_.cancel();
  error_code ignored;
  socket_.close(ignored);
  source_ = nullptr;
  reader_.reset();
  body_.set(0);
  if (const auto turn = std::exchange(turn_, nullptr)) turn->end(true);
  surroundings_.ended(*this);
}

bool Connection::may_read() const {
  const bool is_at_turn = phase_ == Phase::idle || phase_ == Phase::header || phase_ == Phase::body;
  return is_at_turn || phase_ == Phase::lingering || pending_.size() < kMostEarlyBytes;
}

void Connection::read() {
  if (is_reading_ || phase_ == Phase::closed) return;
  is_reading_ = true;
  if (!may_read()) return pause_reading();
  const size_t bytes = phase_ == Phase::body || phase_ == Phase::lingering ? kReadBytes : kFirstReadBytes;
  if (incoming_.size() != bytes) incoming_ = std::vector<char>(bytes);
  socket_.async_read_some(asio::buffer(incoming_), [this, self = shared_from_this()](error_code error, size_t size) {
    is_reading_ = false;
    if (phase_ == Phase::closed) return;
    if (error) return close();
    received(size);
  });
}

// Until resume_reading(); a reset is noticed all the same.
void Connection::pause_reading() {
  is_paused_ = true;
  socket_.async_wait(asio::socket_base::wait_error, [this, self = shared_from_this()](error_code error) {
    is_reading_ = is_paused_ = false;
    if (phase_ == Phase::closed) return;
    if (error != asio::error::operation_aborted) return close();
    read();
  });
}

void Connection::resume_reading() {
  error_code ignored;
  if (is_paused_) socket_.cancel(ignored);  // nothing is being written at this time
  read();
}

void Connection::received(size_t bytes) {
  if (phase_ == Phase::lingering) {
    if (Clock::now() > lingers_until_) return close();
    wait(Phase::lingering, kLingerSeconds);
    return read();
  }
  pending_.append(incoming_.data(), bytes);
  if (phase_ == Phase::body) wait(Phase::body, surroundings_.options.body_seconds);
  advance();
  read();
}

// As far as what has been received goes.
void Connection::advance() {
  try {
    while ((phase_ == Phase::idle || phase_ == Phase::header || phase_ == Phase::body) && take()) continue;
  } catch (const Refusal& refused) {
    refuse(refused.status, refused.what());
  } catch (const std::exception& error) {
    log_warning(concat("a request has failed: ", printable(error.what())));
    refuse(500, "the server has failed at it");
  }
}

// Whether there may be more to take.
bool Connection::take() {
  if (pending_.empty()) return false;
  const ServerOptions& options = surroundings_.options;
  if (reader_ == nullptr) {
    reader_ = std::make_unique<RequestReader>(options.most_header_bytes, options.most_body_bytes, peer_);
  }
  pending_.erase(0, reader_->take(pending_));
  if (phase_ == Phase::body) {
    count_body();
    if (reader_->is_done()) begin_turn();
    return false;
  }
  if (reader_->is_header_done()) {
    begin_body();
    return true;
  }
  if (phase_ == Phase::idle && !pending_.empty()) wait(Phase::header, options.header_seconds);
  return false;
}

void Connection::begin_body() {
  ++surroundings_.requests;
  is_1_1_ = reader_->is_1_1();
  is_head_ = reader_->head().method == "HEAD";
  keeps_alive_ = reader_->keeps_alive() && !surroundings_.is_stopping;
  wait(Phase::body, surroundings_.options.body_seconds);
  if (auto refused = surroundings_.service.admit(reader_->head())) {
    ++surroundings_.refused;
    if (!reader_->is_done()) keeps_alive_ = false;
    reader_.reset();
    turn_ = std::make_shared<Turn>(Request{}, Counted(nullptr));
    return send(std::move(*refused));
  }
  count_body();
  if (reader_->is_done()) return begin_turn();
  if (reader_->expects_continue() && pending_.empty()) writer_.write("HTTP/1.1 100 Continue\r\n\r\n");
}

// What a length promises is refused at once where there is no room for it, but counts only when it comes.
void Connection::count_body() {
  const uint64_t bytes = reader_->body_bytes();
  const uint64_t missing = bytes == 0 ? reader_->content_length().value_or(0) : 0;
  if (body_.set(bytes) + missing > surroundings_.options.most_bodies_bytes) {
    throw Refusal(503, "too much is being uploaded at once; try again in a moment");
  }
}

void Connection::begin_turn() {
  timer_.cancel();
  phase_ = Phase::handling;
  turn_ = std::make_shared<Turn>(reader_->finished(), std::exchange(body_, Counted(surroundings_.body_bytes)));
  reader_.reset();
  const auto turn = turn_;
  try {
    surroundings_.service.handle(make_exchange(surroundings_.loop, turn, weak_from_this()));
  } catch (const std::exception& error) {
    log_warning(concat("a request to ", quoted(turn->request.path), " has failed: ", printable(error.what())));
    // After what the handler may have posted before.
    surroundings_.loop->post([self = shared_from_this(), turn] { self->fail(turn, "the server has failed at it"); });
  }
}

void Connection::refuse(int status, const std::string& sentence) {
  ++surroundings_.refused;
  keeps_alive_ = false;
  reader_.reset();
  body_.set(0);
  turn_ = std::make_shared<Turn>(Request{}, Counted(nullptr));
  send(refusal(status, sentence));
}

void Connection::wait(Phase phase, double seconds) {
  phase_ = phase;
  timer_.expires_after(duration(seconds));
  timer_.async_wait([this, self = shared_from_this()](error_code error) {
    if (!error && phase_ != Phase::closed && Clock::now() >= timer_.expiry()) run_late();
  });
}

void Connection::run_late() {
  if (phase_ == Phase::header) return refuse(408, "the header took too long to come");
  if (phase_ == Phase::body) return refuse(408, "the body has stalled");
  if (phase_ == Phase::idle || phase_ == Phase::lingering) close();
}

// A socket that is closed while something is unread resets the connection, and with it the answer that is under way.
void Connection::linger() {
  error_code error;
  socket_.shutdown(asio::ip::tcp::socket::shutdown_send, error);
  if (error || (surroundings_.is_stopping && pending_.empty())) return close();
  lingers_until_ = Clock::now() + duration(kMostLingerSeconds);
  pending_ = {};
  wait(Phase::lingering, kLingerSeconds);
  resume_reading();
}

}  // namespace pixnerd::http
