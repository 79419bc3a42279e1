// A client of sockets alone, which also sends what no HTTP library would.
#pragma once

#include <string>
#include <string_view>

#include "core/descriptor.h"

namespace pixnerd::http {

class Client {
 public:
  // receive_bytes: a small buffer, of a client that reads slowly; 0: the system's.
  explicit Client(uint16_t port, int receive_bytes = 0);

  void send(std::string_view text);
  bool try_send(std::string_view text);  // false where the other side has closed
  size_t send_what_fits(size_t bytes);   // until the other side's system and ours take no more
  void close();
  void reset();           // closes so that the other side sees a reset
  void shut_down_send();  // what is sent ends, what is received does not

  // What comes until `end` has come (with it), or the connection ends, or patience ends (core/waiting.h).
  std::string read_until(std::string_view end);
  std::string read_some(size_t most);  // "" at the end
  std::string read_all();              // until the connection ends

  // A whole answer: its head, and its body by Content-Length.
  std::string answer();
  std::string ask(std::string_view text) {
    send(text);
    return answer();
  }

  // Whether it closes, sooner or later. What it sends before is dropped.
  bool is_closed_by_the_server();

 private:
  Descriptor socket_;
  std::string received_;  // and not returned yet

  bool receive();
};

// Requests; `more` are lines of their headers.
std::string get(std::string_view path, std::string_view more = {});
std::string post(std::string_view path, std::string_view body, std::string_view more = {});

// Of an answer.
int status_of(std::string_view answer);
std::string body_of(std::string_view answer);
std::string header_of(std::string_view answer, std::string_view name);  // "" if there is none

}  // namespace pixnerd::http
