#include "core/interrupt.h"

#include <array>
#include <atomic>
#include <csignal>

namespace pixnerd {
namespace {

constexpr std::array<int, 2> kSignals{SIGINT, SIGTERM};

std::atomic<bool> noted{false};
static_assert(std::atomic<bool>::is_always_lock_free);
std::array<struct sigaction, 2> before;

extern "C" void note_signal(int) {
  noted = true;
}

}  // namespace

InterruptScope::InterruptScope() {
  noted = false;
  struct sigaction action {};
  action.sa_handler = note_signal;
  sigemptyset(&action.sa_mask);
  action.sa_flags = static_cast<int>(SA_RESTART | SA_RESETHAND);
  for (size_t i = 0; i < kSignals.size(); ++i) sigaction(kSignals.at(i), &action, &before.at(i));
}

InterruptScope::~InterruptScope() {
  for (size_t i = 0; i < kSignals.size(); ++i) sigaction(kSignals.at(i), &before.at(i), nullptr);
}

bool InterruptScope::interrupted() {
  return noted;
}

}  // namespace pixnerd
