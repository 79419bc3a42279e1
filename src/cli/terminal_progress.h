// Progress at the terminal: a bar with speed and time left where standard error is a terminal, else a plain line now
// and then, and at the end one line with what was done. In the form for programs (progress_form.h) there are events
// instead: "start" with the first update, "update" and "end".
#pragma once

#include <cstdint>
#include <functional>
#include <iosfwd>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cli/progress_form.h"
#include "core/progress.h"

namespace pixnerd::cli {

// Where progress is drawn.
struct Screen {
  std::ostream* out;
  bool terminal = false;
  int columns = 80;
  bool is_standard_error = false;
  ProgressForm form = ProgressForm::bar;
};
Screen standard_error();

// One at a time: while it lives, what is logged appears above the bar.
class TerminalProgress : public Progress {
 public:
  // "<label> 43% [####....] 12/28 <unit> ..."
  TerminalProgress(std::string label, std::string unit, Screen screen = standard_error(), RateMeter::Clock clock = {});

  // Takes the bar away, so that an error begins on a line of its own.
  ~TerminalProgress() override;

  TerminalProgress(const TerminalProgress&) = delete;
  TerminalProgress& operator=(const TerminalProgress&) = delete;

  // Throws DataError if nobody reads standard error any more and there is no InterruptScope to save what is done.
  void update(int64_t done, int64_t total, std::string_view note) override;
  void leave_out_pause() override;

  // One or several lines above the bar.
  void show_above(std::string_view lines);

  // The work is done: "<label>: 28 <unit> in 12 s, 2.3 a second".
  void finish();

  static constexpr double kSecondsBetweenLines = 5;
  static constexpr double kSecondsBetweenDraws = 0.1;
  static constexpr double kSecondsBetweenEvents = 0.5;

 private:
  bool is_due(double now) const;
  std::vector<std::pair<std::string, config::Value>> facts() const;
  void tell(std::string_view note);
  void tell_of_end();
  std::string numbers(std::string_view note) const;
  std::string bar(std::string_view note) const;
  void draw(const std::string& text);
  void clear();
  bool has_reader();

  std::string label_, unit_;
  Screen screen_;
  RateMeter::Clock clock_;
  RateMeter rate_;
  std::mutex mutex_;   // log lines come from any thread
  std::string drawn_;  // the bar on the screen
  double began_, last_;
  std::optional<int64_t> begun_;  // what was done at the first update: work that is resumed does not begin at 0
  int64_t done_ = 0, total_ = 0;
  bool is_told_ = false;  // of the start, by an event
};

}  // namespace pixnerd::cli
