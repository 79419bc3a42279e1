#include "cli/terminal_progress.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <iostream>
#include <string_view>

#include "core/errors.h"
#include "core/interrupt.h"
#include "core/log.h"
#include "core/text.h"
#include "core/timing.h"

namespace pixnerd::cli {
namespace {

constexpr int kWidestBar = 30;
constexpr int kNarrowestBar = 5;

// A speed as people read it: 1234, 56, 7.8, 0.12.
std::string speed(double per_second) {
  const double digits = per_second >= 10 ? 1 : per_second >= 1 ? 10 : 100;
  return concat(std::round(per_second * digits) / digits);
}

}  // namespace

Screen standard_error() {
  Screen screen{&std::cerr};
  screen.is_standard_error = true;
  screen.form = progress_form();
  const char* const kind = std::getenv("TERM");
  screen.terminal = screen.form == ProgressForm::bar && isatty(STDERR_FILENO) == 1 &&
                    !(kind != nullptr && std::string_view(kind) == "dumb");
  winsize size{};
  if (screen.terminal && ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) screen.columns = size.ws_col;
  return screen;
}

TerminalProgress::TerminalProgress(std::string label, std::string unit, Screen screen, RateMeter::Clock clock)
    : label_(std::move(label)),
      unit_(std::move(unit)),
      screen_(screen),
      clock_(clock ? std::move(clock) : RateMeter::Clock(steady_seconds)),
      rate_(30, clock_),
      began_(clock_()),
      last_(began_) {
  if (screen_.terminal) set_log_sink([this](std::string_view line) { show_above(line); });
}

TerminalProgress::~TerminalProgress() {
  if (screen_.terminal) set_log_sink({});
  clear();
  if (is_told_) tell_of_end();
}

void TerminalProgress::update(int64_t done, int64_t total, std::string_view note) {
  const std::lock_guard<std::mutex> lock(mutex_);
  const double now = clock_();
  if (!begun_) begun_ = done;
  const bool is_last = done == total && done_ != done;
  done_ = done;
  total_ = total;
  rate_.update(done);
  if (screen_.form == ProgressForm::none || !(is_due(now) || (is_last && is_told_))) return;
  if (screen_.form == ProgressForm::json) {
    tell(note);
  } else if (screen_.terminal) {
    draw(bar(note));
  } else {
    *screen_.out << label_ << ": " << numbers(note) << std::endl;
  }
  last_ = now;
  if (!has_reader()) throw DataError("nobody reads standard error any more");
}

bool TerminalProgress::is_due(double now) const {
  if (screen_.form == ProgressForm::json) return !is_told_ || now - last_ >= kSecondsBetweenEvents;
  if (!screen_.terminal) return now - last_ >= kSecondsBetweenLines;
  return drawn_.empty() || now - last_ >= kSecondsBetweenDraws || done_ == total_;
}

void TerminalProgress::leave_out_pause() {
  const std::lock_guard<std::mutex> lock(mutex_);
  rate_.leave_out_pause();
}

void TerminalProgress::finish() {
  const std::lock_guard<std::mutex> lock(mutex_);
  clear();
  if (screen_.form == ProgressForm::none) return;
  if (screen_.form == ProgressForm::json) {
    if (!is_told_) tell("");
    return tell_of_end();
  }
  const double seconds = clock_() - began_;
  const int64_t here = done_ - begun_.value_or(0);
  *screen_.out << label_ << ": " << here << ' ' << unit_ << " in " << human_duration(seconds);
  if (seconds > 0) *screen_.out << ", " << speed(static_cast<double>(here) / seconds) << " a second";
  *screen_.out << std::endl;
}

std::vector<std::pair<std::string, config::Value>> TerminalProgress::facts() const {
  const auto number = [](auto value) { return config::plain_value(concat(value)); };
  return {{"label", config::text_value(label_)},
          {"unit", config::text_value(unit_)},
          {"done", number(done_)},
          {"total", total_ > 0 ? number(total_) : config::Value()}};
}

// "start" or "update".
void TerminalProgress::tell(std::string_view note) {
  auto fields = facts();
  if (is_told_) {
    const auto rounded = [](double value) { return config::plain_value(concat(std::round(value * 1000) / 1000)); };
    const std::optional<double> left = total_ > 0 ? rate_.seconds_left(total_) : std::nullopt;
    fields.emplace_back("per_second", rounded(rate_.per_second()));
    fields.emplace_back("seconds_left", left ? rounded(*left) : config::Value());
    if (!note.empty()) fields.emplace_back("note", config::text_value(std::string(note)));
  }
  *screen_.out << event_line(is_told_ ? "update" : "start", std::move(fields)) + "\n" << std::flush;
  is_told_ = true;
}

void TerminalProgress::tell_of_end() {
  auto fields = facts();
  fields.emplace_back("seconds", config::plain_value(concat(std::round((clock_() - began_) * 1000) / 1000)));
  *screen_.out << event_line("end", std::move(fields)) + "\n" << std::flush;
  is_told_ = false;
}

std::string TerminalProgress::numbers(std::string_view note) const {
  std::string text = total_ > 0 ? concat(done_, "/", total_, " ", unit_) : concat(done_, " ", unit_);
  if (const double rate = rate_.per_second(); rate > 0) text += concat(", ", speed(rate), " a second");
  const auto left = rate_.seconds_left(total_);
  if (total_ > done_ && left) text += concat(", ", human_duration(*left), " left");
  if (!note.empty()) text += concat(", ", note);
  return text;
}

std::string TerminalProgress::bar(std::string_view note) const {
  const std::string text = numbers(note);
  const double part = total_ > 0 ? std::clamp(static_cast<double>(done_) / static_cast<double>(total_), 0.0, 1.0) : 0;
  const std::string percent = total_ > 0 ? concat(static_cast<int>(part * 100), "% ") : "";
  const int room = screen_.columns - 1 - static_cast<int>(label_.size() + 1 + percent.size() + 3 + text.size());
  std::string drawing;
  if (total_ > 0 && room >= kNarrowestBar) {
    const int width = std::min(room, kWidestBar), full = static_cast<int>(part * width);
    drawing = concat("[", std::string(full, '#'), std::string(width - full, '.'), "] ");
  }
  return concat(label_, " ", percent, drawing, text).substr(0, static_cast<size_t>(std::max(screen_.columns - 1, 1)));
}

void TerminalProgress::draw(const std::string& text) {
  *screen_.out << '\r' << text << "\x1b[K" << std::flush;
  drawn_ = text;
}

void TerminalProgress::clear() {
  if (drawn_.empty()) return;
  *screen_.out << "\r\x1b[K" << std::flush;
  drawn_.clear();
}

// A full disk takes lines again later; a reader that is gone does not come back.
bool TerminalProgress::has_reader() {
  if (*screen_.out) return true;
  screen_.out->clear();
  return !(screen_.is_standard_error && is_without_reader());
}

void TerminalProgress::show_above(std::string_view lines) {
  const std::lock_guard<std::mutex> lock(mutex_);
  const std::string bar = drawn_;
  clear();
  *screen_.out << lines << std::endl;
  if (!bar.empty()) draw(bar);
}

}  // namespace pixnerd::cli
