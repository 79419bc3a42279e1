#include "core/log.h"

#include <spdlog/logger.h>
#include <spdlog/sinks/base_sink.h>

#include <cstdio>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "core/interrupt.h"

namespace pixnerd {
namespace {

class LineSink : public spdlog::sinks::base_sink<std::mutex> {
 public:
  void redirect(std::function<void(std::string_view)> target) {
    const std::lock_guard<std::mutex> lock(mutex_);
    target_ = std::move(target);
  }

 protected:
  void sink_it_(const spdlog::details::log_msg& message) override {
    std::string line = message.level == spdlog::level::warn ? "warning: " : "";
    line.append(message.payload.data(), message.payload.size());
    if (target_) return target_(line);
    line += '\n';
    if (std::fwrite(line.data(), 1, line.size(), stderr) < line.size()) is_without_reader();
  }

  void flush_() override { std::fflush(stderr); }

 private:
  std::function<void(std::string_view)> target_;
};

struct Log {
  std::shared_ptr<LineSink> sink = std::make_shared<LineSink>();
  spdlog::logger logger{"pixnerd", sink};
};

// Never destroyed, so that destructors of other statics may still log.
Log& log() {
  static Log* const instance = new Log;
  return *instance;
}

void write(spdlog::level::level_enum level, std::string_view message) {
  log().logger.log(level, spdlog::string_view_t(message.data(), message.size()));
}

}  // namespace

void log_info(std::string_view message) {
  write(spdlog::level::info, message);
}

void log_warning(std::string_view message) {
  write(spdlog::level::warn, message);
}

void set_log_sink(std::function<void(std::string_view line)> sink) {
  log().sink->redirect(std::move(sink));
}

}  // namespace pixnerd
