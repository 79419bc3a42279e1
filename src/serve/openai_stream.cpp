// A picture and those on the way to it, as server-sent events.
#include <atomic>
#include <deque>
#include <mutex>
#include <optional>

#include "config/json.h"
#include "core/text.h"
#include "serve/answers.h"
#include "serve/events.h"
#include "serve/openai_answer.h"

namespace pixnerd::serve {
namespace {

// Pictures are encoded by other threads than the server's, one event at a time and in their order.
class ImageStream : public std::enable_shared_from_this<ImageStream> {
 public:
  ImageStream(const Context& context, const std::shared_ptr<http::Exchange>& exchange, std::string id,
              ImagesRequest request)
      : context_(context), exchange_(exchange), id_(std::move(id)), request_(std::move(request)) {}

  // The server's thread asks; what is there is sent, and what can be made is begun.
  std::optional<std::string> next() {
    const std::lock_guard lock(mutex_);
    if (!ready_.empty()) {
      std::string text = std::move(ready_.front());
      ready_.pop_front();
      return text;
    }
    if (is_over_) return std::nullopt;
    if (!is_at_work_ && frames_ < request_.partial_images && context_.jobs.key_frame(id_, 0, frames_) != nullptr) {
      is_at_work_ = true;
      context_.work([self = shared_from_this()] { self->make_frame(); });
    }
    return "";
  }

  // Frames that nobody has asked for in time come before the end all the same.
  void end(const JobView& view) {
    if (exchange_.expired()) return;  // nobody reads it
    context_.work([self = shared_from_this(), view] {
      const std::lock_guard work(self->work_mutex_);
      while (self->send_frame()) {
      }
      self->send(self->last_event(view), true);
    });
  }

 private:
  void make_frame() {
    {
      const std::lock_guard work(work_mutex_);
      send_frame();
    }
    {
      const std::lock_guard lock(mutex_);
      is_at_work_ = false;
    }
    wake();
  }

  // The next one that is there; false if there is none. Under the work's lock.
  bool send_frame() {
    const auto frame = frames_ < request_.partial_images ? context_.jobs.key_frame(id_, 0, frames_) : nullptr;
    if (frame == nullptr) return false;
    try {
      const config::Value value = partial_value(request_, *frame, frames_);
      send(event_text(event_name(request_, "partial_image"), config::to_json(value)), false);
    } catch (const std::exception& error) {
      send(error_event(refusal_of(error)), true);
    }
    return true;
  }

  std::string last_event(const JobView& view) {
    try {
      if (view.stored.state != store::JobState::done) throw refusal_of(view);
      return event_text(event_name(request_, "completed"), config::to_json(completed_value(context_, view, request_)));
    } catch (const std::exception& error) {
      return error_event(refusal_of(error));
    }
  }

  // In the form that OpenAI's clients raise as an error.
  static std::string error_event(const Refusal& refusal) {
    const config::Value body = config::parse_json(*error_response(refusal).body, "answer");
    config::Value value = config::map_value({{"type", config::text_value("error")}});
    value.fields.insert(value.fields.end(), body.fields.begin(), body.fields.end());
    return event_text("error", config::to_json(value));
  }

  void send(std::string text, bool is_last) {
    {
      const std::lock_guard lock(mutex_);
      if (is_over_) return;
      ready_.push_back(std::move(text));
      is_over_ = is_last;
      if (!is_last) ++frames_;
    }
    wake();
  }

  void wake() {
    if (const auto exchange = exchange_.lock()) exchange->wake();
  }

  const Context& context_;
  const std::weak_ptr<http::Exchange> exchange_;
  const std::string id_;
  const ImagesRequest request_;
  std::mutex work_mutex_;  // of who makes events; taken before the other
  std::mutex mutex_;
  std::deque<std::string> ready_;
  std::atomic<int64_t> frames_ = 0;  // that were made
  bool is_at_work_ = false, is_over_ = false;
};

}  // namespace

void stream_images(const Context& context, const std::shared_ptr<http::Exchange>& exchange, const std::string& id,
                   ImagesRequest request) {
  const bool is_kept = request.is_kept;
  const auto stream = std::make_shared<ImageStream>(context, exchange, id, std::move(request));
  if (!is_kept) cancel_when_gone(context, *exchange, id);
  context.streams.begin(exchange, event_stream_head(), [stream] { return stream->next(); });
  context.jobs.when_ended(id, [stream](const JobView& view) { stream->end(view); });
}

}  // namespace pixnerd::serve
