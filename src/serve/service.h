// The server as a whole: from a list of checkpoints to answers.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "http/server.h"
#include "serve/gate.h"
#include "serve/jobs.h"
#include "serve/order.h"
#include "serve/shelf.h"

namespace pixnerd::serve {

struct ServeOptions {
  std::vector<std::string> checkpoints;
  std::filesystem::path folder;  // of the history and the pictures
  http::ServerOptions server;    // its address and port, too
  GateOptions gate;
  JobLimits jobs;
  RequestLimits requests;
  ShelfOptions shelf;
  std::string version;
};

class Server {
 public:
  // Opens everything and listens. Errors as Catalogue's, store::History's, models::PromptEncoder's and http::Server's.
  explicit Server(ServeOptions options);
  ~Server();

  uint16_t port() const;
  size_t waiting() const;  // jobs of before, which are drawn now

  // Serves until stop(); then waits for connections that wait for pictures, `grace` seconds at most. What is kept and
  // not drawn is in the history and drawn the next time.
  void run();
  void stop(double grace);  // from any thread

 private:
  class State;
  std::unique_ptr<State> state_;
};

}  // namespace pixnerd::serve
