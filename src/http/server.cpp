#include "http/server.h"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <exception>
#include <unordered_map>
#include <vector>

#include "core/errors.h"
#include "core/text.h"
#include "http/clock.h"
#include "http/connection.h"

namespace pixnerd::http {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

constexpr size_t kMostRefused = 64;  // connections beyond their number that are told so; others are closed
constexpr double kAcceptPauseSeconds = 0.1;

void expect(const error_code& error, const ServerOptions& options) {
  if (!error) return;
  const std::string where = concat("cannot listen on ", quoted(options.address), ", port ", options.port, ": ");
  if (error == asio::error::address_in_use) {
    throw RequestError(concat(where, "another program does already; name another port, or 0 for any that is free"));
  }
  if (error == asio::error::access_denied) {
    throw RequestError(concat(where, "ports below 1024 are the system's; name a higher one"));
  }
  throw RequestError(concat(where, printable(error.message())));
}

tcp::acceptor listening(asio::io_context& context, const ServerOptions& options) {
  error_code error;
  const auto address = asio::ip::make_address(options.address, error);
  if (error) {
    throw RequestError(concat("cannot listen on ", quoted(options.address),
                              ", which is no address; give one in numbers, such as 127.0.0.1 or ::1"));
  }
  const tcp::endpoint endpoint(address, options.port);
  tcp::acceptor acceptor(context);
  expect(acceptor.open(endpoint.protocol(), error), options);
  expect(acceptor.set_option(tcp::acceptor::reuse_address(true), error), options);
  expect(acceptor.bind(endpoint, error), options);
  expect(acceptor.listen(asio::socket_base::max_listen_connections, error), options);
  return acceptor;
}

}  // namespace

class Server::State {
 public:
  State(const ServerOptions& options, Service& service)
      : loop_(std::make_shared<Loop>()),
        surroundings_{options, service, loop_, std::make_shared<std::atomic<uint64_t>>(0)},
        acceptor_(listening(loop_->context, options)),
        timer_(loop_->context),
        port_(acceptor_.local_endpoint().port()) {
    surroundings_.ended = [this](Connection& connection) { forget(connection); };
    accept();
  }

  ~State() {
    finish();
    loop_->end();
  }

  uint16_t port() const { return port_; }

  void run() {
    loop_->context.run();
    loop_->end();
  }

  void stop(double grace_seconds) {
    loop_->post([this, grace_seconds] { begin_stop(grace_seconds); });
  }

  ServerStatistics statistics() const { return {open_, surroundings_.requests, surroundings_.refused}; }

 private:
  void accept() {
    acceptor_.async_accept([this](error_code error, tcp::socket socket) {
      if (surroundings_.is_stopping) return;
      if (!error) {
        take(std::move(socket));
        return accept();
      }
      // Mostly that there are no more file descriptors: they come back when connections end.
      timer_.expires_after(duration(kAcceptPauseSeconds));
      timer_.async_wait([this](error_code) {
        if (!surroundings_.is_stopping) accept();
      });
    });
  }

  void take(tcp::socket socket) {
    const size_t most = surroundings_.options.most_connections;
    if (connections_.size() >= most + kMostRefused) return;
    const bool is_one_too_many = connections_.size() >= most;
    const auto connection = std::make_shared<Connection>(std::move(socket), surroundings_);
    connections_.emplace(connection.get(), connection);
    open_ = connections_.size();
    if (!is_one_too_many) return connection->start();
    connection->start_refused(503, "too many connections are open; try again in a moment");
  }

  void forget(Connection& connection) {
    connections_.erase(&connection);
    open_ = connections_.size();
    if (surroundings_.is_stopping && connections_.empty()) timer_.cancel();
  }

  std::vector<std::shared_ptr<Connection>> connections() const {
    std::vector<std::shared_ptr<Connection>> all;
    for (const auto& [key, connection] : connections_) all.push_back(connection);
    return all;
  }

  // A second call may shorten the time.
  void begin_stop(double grace_seconds) {
    surroundings_.is_stopping = true;
    error_code ignored;
    acceptor_.close(ignored);
    for (const auto& connection : connections()) connection->stop();
    timer_.cancel();
    if (connections_.empty()) return;
    timer_.expires_after(duration(grace_seconds));
    timer_.async_wait([this](error_code error) {
      if (!error) finish();
    });
  }

  void finish() {
    surroundings_.is_stopping = true;
    error_code ignored;
    acceptor_.close(ignored);
    for (const auto& connection : connections()) connection->close();
    timer_.cancel();
  }

  std::shared_ptr<Loop> loop_;
  Surroundings surroundings_;
  tcp::acceptor acceptor_;
  asio::steady_timer timer_;  // of an accept that failed, then of the grace
  uint16_t port_;
  std::unordered_map<const Connection*, std::shared_ptr<Connection>> connections_;
  std::atomic<uint64_t> open_ = 0;
};

Server::Server(const ServerOptions& options, Service& service) : state_(std::make_unique<State>(options, service)) {}
Server::~Server() = default;

uint16_t Server::port() const {
  return state_->port();
}

void Server::run() {
  state_->run();
}

void Server::stop(double grace_seconds) {
  state_->stop(grace_seconds);
}

ServerStatistics Server::statistics() const {
  return state_->statistics();
}

}  // namespace pixnerd::http
