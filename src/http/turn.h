// One request's turn on its connection, and the Exchange that answers it.
#pragma once

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "http/server.h"

namespace pixnerd::http {

class Connection;

// What the server's thread runs; who else wants something posts it here. After end() nothing is taken any more: what
// would wait there for ever may hold an exchange, and so the loop itself.
class Loop {
 public:
  boost::asio::io_context context{1};

  template <class Call>
  void post(Call call) {
    const std::lock_guard lock(mutex_);
    if (!is_ended_) boost::asio::post(context, std::move(call));
  }

  void end() {
    {
      const std::lock_guard lock(mutex_);
      is_ended_ = true;
    }
    context.restart();
    context.poll();
  }

 private:
  std::mutex mutex_;
  bool is_ended_ = false;
};

// Bytes that count while they are there.
class Counted {
 public:
  explicit Counted(std::shared_ptr<std::atomic<uint64_t>> sum) : sum_(std::move(sum)) {}
  Counted(Counted&& other) noexcept : sum_(std::move(other.sum_)), bytes_(std::exchange(other.bytes_, 0)) {}
  Counted& operator=(Counted&& other) noexcept {
    std::swap(sum_, other.sum_);
    std::swap(bytes_, other.bytes_);
    return *this;
  }
  ~Counted() { set(0); }

  // The sum with it.
  uint64_t set(uint64_t bytes) {
    if (sum_ == nullptr) return 0;
    const uint64_t before = std::exchange(bytes_, bytes);
    return sum_->fetch_add(bytes - before) + bytes - before;  // modulo 2^64, as is the sum
  }

 private:
  std::shared_ptr<std::atomic<uint64_t>> sum_;
  uint64_t bytes_ = 0;
};

// All but the request belongs to the server's thread. What is called may hold the exchange, and so this: that ends with
// end(), which comes on every way that a turn can take.
class Turn {
 public:
  Turn(Request with, Counted body) : request(std::move(with)), body_(std::move(body)) {}

  const Request request;
  std::atomic<bool> is_wake_posted = false;

  bool is_open() const { return state_ == State::open; }  // nothing has been answered, and somebody waits
  bool is_over() const { return state_ == State::over || state_ == State::gone; }
  void begin_answer() { state_ = State::answering; }
  void end(bool is_gone);  // calls when_gone
  void when_gone(std::function<void()> call);

 private:
  enum class State { open, answering, over, gone };

  State state_ = State::open;
  std::function<void()> when_gone_;
  Counted body_;
};

std::shared_ptr<Exchange> make_exchange(std::shared_ptr<Loop> loop, std::shared_ptr<Turn> turn,
                                        std::weak_ptr<Connection> connection);

}  // namespace pixnerd::http
