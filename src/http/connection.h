// One connection: reads a request, has it handled, writes the answer, and so on. It always reads, so that it notices
// when the client goes; what comes early waits for its turn, until it is too much: then nothing is read for a while.
//
// Everything runs on the server's thread.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "http/clock.h"
#include "http/request_reader.h"
#include "http/response_head.h"
#include "http/turn.h"
#include "http/writer.h"

namespace pixnerd::http {

// What the connections of a server have in common.
struct Surroundings {
  const ServerOptions options;
  Service& service;
  const std::shared_ptr<Loop> loop;
  const std::shared_ptr<std::atomic<uint64_t>> body_bytes;
  std::atomic<uint64_t> requests = 0, refused = 0;
  bool is_stopping = false;
  std::function<void(Connection&)> ended{};
};

class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(boost::asio::ip::tcp::socket socket, Surroundings& surroundings);

  void start();
  void start_refused(int status, const std::string& sentence);
  void stop();   // as soon as what has been asked is answered
  void close();  // now

  // Of an exchange. They do nothing for a turn that is not open any more.
  void answer(const std::shared_ptr<Turn>& turn, Response response);
  void stream(const std::shared_ptr<Turn>& turn, Response head, Source source, std::string heartbeat);
  void wake(const std::shared_ptr<Turn>& turn);
  void fail(const std::shared_ptr<Turn>& turn, const std::string& sentence);  // answers 500

 private:
  enum class Phase { idle, header, body, handling, answering, streaming, lingering, closed };

  // connection.cpp: what comes in
  void read();
  void pause_reading();
  void resume_reading();
  void received(size_t bytes);
  void advance();
  bool take();
  void begin_body();
  void count_body();
  void begin_turn();
  void refuse(int status, const std::string& sentence);
  void wait(Phase phase, double seconds);
  void run_late();
  void linger();
  bool may_read() const;

  // connection_output.cpp: what goes out
  void set_up_socket();
  Response refusal(int status, const std::string& sentence);
  static bool is_sound(const Response& response);
  void send(Response response);
  void drained();
  void end_turn();
  void pull();
  void send_piece(std::string piece);
  void end_stream();
  void await_heartbeat();

  boost::asio::ip::tcp::socket socket_;
  Surroundings& surroundings_;
  Writer writer_;
  boost::asio::steady_timer timer_, heartbeat_timer_;
  std::vector<char> incoming_;  // what is being read now
  std::string pending_;         // what has been read and not been understood yet
  Phase phase_ = Phase::idle;
  bool is_reading_ = false, is_paused_ = false;
  bool keeps_alive_ = true;  // after this answer
  std::string peer_;
  Clock::time_point lingers_until_;

  std::unique_ptr<RequestReader> reader_;  // while in header and body
  Counted body_;
  std::shared_ptr<Turn> turn_;

  // Of the answer on its way:
  bool is_1_1_ = true, is_head_ = false;
  Framing framing_ = Framing::length;
  Source source_;
  std::string heartbeat_;
  bool is_source_done_ = false, is_heartbeat_due_ = false;
};

}  // namespace pixnerd::http
