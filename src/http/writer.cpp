#include "http/writer.h"

#include <linux/sockios.h>
#include <sys/ioctl.h>

#include <algorithm>
#include <array>
#include <boost/asio/buffer.hpp>

#include "http/clock.h"

namespace pixnerd::http {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

asio::const_buffer rest_of(const std::string& text, size_t sent) {
  return asio::buffer(text) + std::min(sent, text.size());
}

}  // namespace

Writer::Writer(asio::ip::tcp::socket& socket, double seconds)
    : socket_(socket), timer_(socket.get_executor()), seconds_(seconds) {}

void Writer::write(std::string text, std::shared_ptr<const std::string> body) {
  if (is_closed_) return;
  const bool was_idle = pieces_.empty();
  pieces_.push_back({std::move(text), std::move(body)});
  if (!was_idle) return;
  send();
  watch();
}

void Writer::send() {
  const Piece& piece = pieces_.front();
  std::array<asio::const_buffer, 2> buffers{rest_of(piece.text, piece.sent), {}};
  if (piece.body) buffers[1] = rest_of(*piece.body, piece.sent - std::min(piece.sent, piece.text.size()));
  socket_.async_write_some(buffers, [this, owner = calls_.owner.lock()](error_code error, size_t sent) {
    if (is_closed_) return;
    if (error) return fail();
    take(sent);
  });
}

void Writer::take(size_t sent) {
  Piece& piece = pieces_.front();
  piece.sent += sent;
  if (piece.sent >= piece.size()) pieces_.pop_front();
  if (!pieces_.empty()) {
    send();
    return watch();
  }
  timer_.cancel();
  calls_.drained();
}

void Writer::watch() {
  waited_for_ = waiting_bytes();
  timer_.expires_after(duration(seconds_));
  timer_.async_wait([this, owner = calls_.owner.lock()](error_code error) {
    if (!error && !is_closed_) judge();
  });
}

void Writer::judge() {
  if (pieces_.empty() || Clock::now() < timer_.expiry()) return;
  if (waiting_bytes() >= waited_for_) return fail();
  watch();
}

void Writer::fail() {
  close();
  calls_.failed();
}

void Writer::close() {
  is_closed_ = true;
  timer_.cancel();
}

int Writer::waiting_bytes() {
  int bytes = 0;
  return ::ioctl(socket_.native_handle(), SIOCOUTQ, &bytes) == 0 ? bytes : 0;
}

}  // namespace pixnerd::http
