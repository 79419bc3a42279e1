// Messages for the person at the terminal: plain lines on standard error, warnings with "warning: " in front.
// Safe to call from any thread.
#pragma once

#include <functional>
#include <string_view>

namespace pixnerd {

void log_info(std::string_view message);
void log_warning(std::string_view message);

// Sends each finished line (without its end of line) to `sink` instead of standard error, so that a progress bar can
// make room for it; an empty function restores standard error. The sink is called by one thread at a time and must
// not log.
void set_log_sink(std::function<void(std::string_view line)> sink);

}  // namespace pixnerd
