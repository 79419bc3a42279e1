// What a connection sends, piece after piece. None is copied, and a reader may take them as slowly as it likes, as long
// as it takes something within `seconds`: bytes that its system has confirmed, not calls that went through, as of a
// large send buffer the system tells only when a third of it is free again.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <deque>
#include <functional>
#include <memory>
#include <string>

namespace pixnerd::http {

class Writer {
 public:
  // Calls back, holding `owner`, when everything has been handed to the system, or that can be done no more.
  struct Calls {
    std::weak_ptr<void> owner;
    std::function<void()> drained, failed;
  };

  Writer(boost::asio::ip::tcp::socket& socket, double seconds);

  void start(Calls calls) { calls_ = std::move(calls); }
  void write(std::string text, std::shared_ptr<const std::string> body = nullptr);
  bool is_idle() const { return pieces_.empty(); }
  void close();  // no call comes after it

 private:
  struct Piece {
    std::string text;
    std::shared_ptr<const std::string> body;
    size_t sent = 0;  // of both

    size_t size() const { return text.size() + (body == nullptr ? 0 : body->size()); }
  };

  void send();
  void take(size_t sent);
  void watch();
  void judge();
  void fail();
  int waiting_bytes();

  boost::asio::ip::tcp::socket& socket_;
  boost::asio::steady_timer timer_;
  double seconds_;
  Calls calls_;
  std::deque<Piece> pieces_;
  int waited_for_ = 0;  // bytes in the system when it was last looked at
  bool is_closed_ = false;
};

}  // namespace pixnerd::http
