// An HTTP/1.1 server on one thread (Boost.Beast): connections that are slow, stalled or gone cost nobody else anything.
//
// Refused before a handler hears of it, with a status and a sentence, and the connection closed: headers and bodies
// beyond their limits (431, 413), other versions than HTTP/1.1 and 1.0 (505), codings beside chunked (501), what is not
// well-formed (400), such as folded headers and lines that do not end in CR LF, a request whose length can be read in
// two ways (Content-Length beside Transfer-Encoding, two lengths, even if alike, bad chunks: RFC 9112, 6.3), HTTP/1.1
// without exactly one Host, and connections and uploads beyond what there is room for (503). A header or body that
// stalls ends in 408.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "http/message.h"

namespace pixnerd::http {

// A streamed answer's next piece: text to send; "" where there is nothing yet, until wake(); nothing at the end.
// Called on the server's thread, and only once what came before has been handed to the system, so that whoever reads
// slowly is not written to in advance, and gets the newest state and not all that was.
using Source = std::function<std::optional<std::string>()>;

// A request, and the way to answer it. Every call from any thread.
class Exchange {
 public:
  virtual ~Exchange() = default;

  virtual const Request& request() const = 0;

  // The answer; the first one or stream counts. Does nothing if the client has gone. One that has a header which would
  // say something else than it seems to (a line end in it), or that is the server's to set, is answered by 500 instead.
  virtual void answer(Response response) = 0;

  // Or a streamed one: head.body is left aside; chunked where the client can. `heartbeat` is sent whenever nothing was
  // for heartbeat_seconds (": \n\n" of server-sent events). A source that throws cuts the stream off.
  virtual void stream(Response head, Source source, std::string heartbeat = {}) = 0;
  virtual void wake() = 0;  // ask the source again

  // Called once if the client goes before the answer was written whole, from the server's thread; at once if it has
  // gone already. A client that has closed its own side counts as gone. Set it before answer() or stream(). It may hold
  // the exchange, which then counts as dropped only when the client goes. After Server::run() nothing is called.
  virtual void when_gone(std::function<void()> call) = 0;
};

struct Service {
  virtual ~Service() = default;

  // The header has been read, the body not yet: a response refuses the request, and its body is not read (the
  // connection ends with it where there is one); nothing lets it in. On the server's thread; must not block. What it
  // throws is answered by 500.
  virtual std::optional<Response> admit(const Request& head) = 0;

  // On the server's thread; must not block: what takes time is left to other threads. What it throws is answered by
  // 500. An exchange that is dropped without an answer is, too.
  virtual void handle(std::shared_ptr<Exchange> exchange) = 0;

  // An answer to what was refused above: the project's form of an error.
  virtual Response refusal(int status, const std::string& sentence) = 0;
};

struct ServerOptions {
  std::string address = "127.0.0.1";  // of IPv4 or IPv6
  uint16_t port = 0;                  // 0: any that is free
  size_t most_connections = 1024;
  uint64_t most_header_bytes = 32 << 10;
  uint64_t most_body_bytes = 64 << 20;     // of one request
  uint64_t most_bodies_bytes = 512 << 20;  // of all that are being read or handled; beyond them 503 with Retry-After
  double header_seconds = 15;              // for a request's header, from its first byte
  double body_seconds = 30;                // without a byte of a body
  double idle_seconds = 75;                // between two requests
  double write_seconds = 120;              // without a byte of an answer being taken by the client's system
  double heartbeat_seconds = 15;
};

struct ServerStatistics {
  uint64_t connections = 0;  // now
  uint64_t requests = 0;     // since the start
  uint64_t refused = 0;
};

class Server {
 public:
  // Listens from here on. RequestError: an address that is none or not this machine's, a port that is taken.
  Server(const ServerOptions& options, Service& service);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  uint16_t port() const;

  // Serves until stop(). Any thread, once.
  void run();

  // No connection is accepted any more, idle ones are closed; exchanges that are not answered after `grace_seconds`
  // are closed, too, and run() returns. Any thread, any number of times.
  void stop(double grace_seconds);

  ServerStatistics statistics() const;

 private:
  class State;
  std::unique_ptr<State> state_;
};

}  // namespace pixnerd::http
