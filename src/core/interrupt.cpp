#include "core/interrupt.h"

#include <poll.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstdint>

#include "core/descriptor.h"
#include "core/text.h"
#include "core/uncommitted_file.h"

namespace pixnerd {
namespace {

constexpr std::array<int, 3> kSignals{SIGINT, SIGTERM, SIGHUP};
constexpr int64_t kOneRequest = 100;  // milliseconds

std::atomic<bool> in_scope{false};
std::atomic<int64_t> noted{0};  // when a signal came, in milliseconds; 0: none
std::atomic<bool> without_reader{false};
static_assert(std::atomic<bool>::is_always_lock_free && std::atomic<int64_t>::is_always_lock_free);
std::array<struct sigaction, kSignals.size()> before;
std::array<char, 512> answer;
size_t answer_bytes = 0;
std::string (*answer_form)(const std::string& answer) = nullptr;

int64_t milliseconds() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return int64_t{1000} * now.tv_sec + now.tv_nsec / 1'000'000 + 1;
}

// Only where that cannot wait.
void say_answer() {
  pollfd error{STDERR_FILENO, POLLOUT, 0};
  if (::poll(&error, 1, 0) != 1 || (error.revents & POLLOUT) == 0) return;
  static_cast<void>(!::write(STDERR_FILENO, answer.data(), answer_bytes));
}

bool note() {
  int64_t none = 0;
  return noted.compare_exchange_strong(none, milliseconds());
}

// Calls nothing but what is safe in a signal handler.
extern "C" void on_signal(int number) {
  const int saved = errno;
  if (in_scope && note()) {
    say_answer();
  } else if (!in_scope || (number != SIGHUP && milliseconds() - noted > kOneRequest)) {
    remove_uncommitted_files();
    ::signal(number, SIG_DFL);
    ::kill(::getpid(), number);
  }
  errno = saved;
}

struct sigaction handler() {
  struct sigaction action {};
  action.sa_handler = on_signal;
  sigemptyset(&action.sa_mask);
  for (const int each : kSignals) sigaddset(&action.sa_mask, each);
  action.sa_flags = static_cast<int>(SA_RESTART);
  return action;
}

bool is_ignored(int number) {
  struct sigaction now {};
  return ::sigaction(number, nullptr, &now) == 0 && (now.sa_flags & SA_SIGINFO) == 0 && now.sa_handler == SIG_IGN;
}

void prepare_answer(const std::string& what) {
  std::string text = concat("stopping: ", printable(what, 150), "; once more ends at once");
  if (answer_form != nullptr) {
    text = answer_form(text);
  } else if (::isatty(STDERR_FILENO) == 1) {
    text.insert(0, 1, '\n');  // a progress bar may stand in the line, and "^C"
  }
  text += '\n';
  answer_bytes = std::min(text.size(), answer.size());
  std::copy_n(text.begin(), answer_bytes, answer.begin());
}

}  // namespace

void set_up_signals() {
  ::signal(SIGPIPE, SIG_IGN);
  ::signal(SIGXFSZ, SIG_IGN);
  const struct sigaction action = handler();
  for (const int each : kSignals) {
    if (!is_ignored(each)) ::sigaction(each, &action, nullptr);
  }
}

void set_answer_form(std::string (*line_of)(const std::string& answer)) {
  answer_form = line_of;
}

InterruptScope::InterruptScope(const std::string& what) {
  prepare_answer(what);
  noted = 0;
  without_reader = false;
  in_scope = true;
  const struct sigaction action = handler();
  for (size_t i = 0; i < kSignals.size(); ++i) {
    const int number = kSignals.at(i);
    ::sigaction(number, is_ignored(number) ? nullptr : &action, &before.at(i));
  }
}

InterruptScope::~InterruptScope() {
  in_scope = false;
  for (size_t i = 0; i < kSignals.size(); ++i) ::sigaction(kSignals.at(i), &before.at(i), nullptr);
}

bool InterruptScope::interrupted() {
  return noted != 0 || without_reader;
}

bool is_without_reader() {
  if (!is_reader_gone(STDERR_FILENO)) return false;
  without_reader = true;
  return !in_scope;
}

}  // namespace pixnerd
