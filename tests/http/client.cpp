#include "tests/http/client.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <stdexcept>
#include <utility>

#include "core/text.h"
#include "tests/core/waiting.h"

namespace pixnerd::http {
namespace {

constexpr int kPatience = 1000 * static_cast<int>(kPatientSeconds);  // milliseconds

bool is_readable(int socket, int milliseconds) {
  pollfd one{socket, POLLIN, 0};
  return ::poll(&one, 1, milliseconds) == 1;
}

}  // namespace

Client::Client(uint16_t port, int receive_bytes) : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  if (receive_bytes > 0) ::setsockopt(socket_.get(), SOL_SOCKET, SO_RCVBUF, &receive_bytes, sizeof(receive_bytes));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(socket_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
    throw std::runtime_error("no connection");
  }
}

bool Client::try_send(std::string_view text) {
  while (!text.empty()) {
    const ssize_t sent = ::send(socket_.get(), text.data(), text.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    text.remove_prefix(static_cast<size_t>(sent));
  }
  return true;
}

void Client::send(std::string_view text) {
  if (!try_send(text)) throw std::runtime_error("the server has closed");
}

size_t Client::send_what_fits(size_t bytes) {
  constexpr int patience = 200;  // milliseconds
  const std::string some(65536, '\n');
  size_t sent = 0;
  pollfd one{socket_.get(), POLLOUT, 0};
  while (sent < bytes && ::poll(&one, 1, patience) == 1) {
    const ssize_t size = ::send(socket_.get(), some.data(), some.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (size <= 0) break;
    sent += static_cast<size_t>(size);
  }
  return sent;
}

void Client::close() {
  socket_ = Descriptor();
}

void Client::reset() {
  const linger now{1, 0};
  ::setsockopt(socket_.get(), SOL_SOCKET, SO_LINGER, &now, sizeof(now));
  close();
}

void Client::shut_down_send() {
  ::shutdown(socket_.get(), SHUT_WR);
}

bool Client::receive() {
  char bytes[16384];
  if (!is_readable(socket_.get(), kPatience)) return false;
  const ssize_t size = ::recv(socket_.get(), bytes, sizeof(bytes), 0);
  if (size <= 0) return false;
  received_.append(bytes, static_cast<size_t>(size));
  return true;
}

std::string Client::read_until(std::string_view end) {
  size_t at;
  while ((at = received_.find(end)) == std::string::npos) {
    if (!receive()) return std::exchange(received_, {});
  }
  const std::string text = received_.substr(0, at + end.size());
  received_.erase(0, text.size());
  return text;
}

std::string Client::read_some(size_t most) {
  if (received_.empty() && is_readable(socket_.get(), kPatience)) {
    received_.resize(most);
    const ssize_t size = ::recv(socket_.get(), received_.data(), most, 0);
    received_.resize(size > 0 ? static_cast<size_t>(size) : 0);
  }
  const std::string text = received_.substr(0, most);
  received_.erase(0, text.size());
  return text;
}

std::string Client::read_all() {
  while (receive()) continue;
  return std::exchange(received_, {});
}

std::string Client::answer() {
  std::string text = read_until("\r\n\r\n");
  const std::string length = header_of(text, "content-length");
  const size_t size = length.empty() ? 0 : std::stoul(length);
  while (received_.size() < size && receive()) continue;
  text += received_.substr(0, size);
  received_.erase(0, size);
  return text;
}

bool Client::is_closed_by_the_server() {
  while (receive()) received_.clear();
  char byte = 0;
  return is_readable(socket_.get(), 0) && ::recv(socket_.get(), &byte, 1, 0) <= 0;
}

std::string get(std::string_view path, std::string_view more) {
  return concat("GET ", path, " HTTP/1.1\r\nHost: a\r\n", more, "\r\n");
}

std::string post(std::string_view path, std::string_view body, std::string_view more) {
  return concat("POST ", path, " HTTP/1.1\r\nHost: a\r\n", more, "Content-Length: ", body.size(), "\r\n\r\n", body);
}

int status_of(std::string_view answer) {
  return answer.starts_with("HTTP/1.1 ") ? std::stoi(std::string(answer.substr(9, 3))) : 0;
}

std::string body_of(std::string_view answer) {
  const size_t end = answer.find("\r\n\r\n");
  return end == std::string_view::npos ? std::string() : std::string(answer.substr(end + 4));
}

std::string header_of(std::string_view answer, std::string_view name) {
  const std::string head = std::string(answer.substr(0, answer.find("\r\n\r\n"))) + "\r\n";
  const std::string line = concat("\r\n", ascii_lower(std::string(name)), ": ");
  const size_t at = ascii_lower(head).find(line);
  if (at == std::string::npos) return {};
  return head.substr(at + line.size(), head.find("\r\n", at + 2) - at - line.size());
}

}  // namespace pixnerd::http
