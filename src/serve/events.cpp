#include "serve/events.h"

#include <charconv>
#include <optional>
#include <utility>
#include <vector>

#include "config/json.h"
#include "core/text.h"
#include "http/secret.h"
#include "serve/answers.h"
#include "serve/job_value.h"

namespace pixnerd::serve {
namespace {

using config::map_value;
using config::text_value;
using config::to_json;

const std::string& boot() {
  static const std::string once = http::random_hex(4);
  return once;
}

std::string id_of(uint64_t change) {
  return concat(boot(), "-", change);
}

// What its watcher has seen of this run; nothing of another one.
std::optional<uint64_t> seen_by(const http::Request& request) {
  const std::string* const header = http::find(request.headers, "last-event-id");
  if (header == nullptr || !header->starts_with(boot() + "-")) return std::nullopt;
  uint64_t change = 0;
  const char* const end = header->data() + header->size();
  const auto [stop, error] = std::from_chars(header->data() + boot().size() + 1, end, change);
  return error == std::errc{} && stop == end ? std::optional(change) : std::nullopt;
}

bool wants_previews(const http::Request& request) {
  const std::string* const value = http::find(request.query, "previews");
  return value == nullptr || *value != "0";
}

using Events = std::vector<std::pair<const char*, std::string>>;  // names and data, JSON

// One stream's place in what happens.
struct Watcher {
  const Context& context;
  std::string id;  // of the one job, or ""
  bool with_previews = true;
  std::optional<uint64_t> since;
  std::shared_ptr<void> hold;  // on the previews
  bool is_over = false;

  Events hello() {
    since = context.jobs.last_change();
    config::Value jobs = list_of({});
    for (const JobView& view : context.jobs.live()) jobs.items.push_back(job_value(view));
    return {{"hello", to_json(map_value({{"version", text_value(context.version)}, {"jobs", jobs}}))}};
  }

  // The one job as it is, whether it is in memory or not.
  Events all_of_job() {
    since = context.jobs.last_change();
    const auto view = context.jobs.find(id);
    is_over = !view || store::is_ended(view->stored.state);
    return view ? Events{{"job", to_json(job_value(*view))}} : Events{};
  }

  void say(const JobChange& change, Events& events) {
    for (const JobChange::Preview& preview : change.previews) {
      // By hand: of a hundred watchers each is sent the same, which needs no escapes.
      events.emplace_back("preview",
                          concat(R"({"id":")", change.view.stored.id, R"(","index":)", preview.index, R"(,"step":)",
                                 preview.step, R"(,"image":"data:image/png;base64,)", *preview.base64, R"("})"));
    }
    if (change.is_new_state) {
      events.emplace_back("job", to_json(job_value(change.view)));
    } else {
      events.emplace_back("progress", to_json(progress_value(change.view)));
    }
    is_over = is_over || (!id.empty() && store::is_ended(change.view.stored.state));
  }

  Events news() {
    if (!since) return id.empty() ? hello() : all_of_job();
    const auto changes = context.jobs.changes_since(*since, id, with_previews);
    if (!changes) return id.empty() ? hello() : all_of_job();
    Events events;
    for (const JobChange& change : *changes) say(change, events);
    return events;
  }

  // The id comes with the last of them: who is cut off before has not seen all up to it.
  std::optional<std::string> next() {
    if (is_over || context.streams.are_closing()) return std::nullopt;
    const Events events = news();
    if (events.empty() && is_over) return std::nullopt;  // the job was taken out
    std::string text;
    for (const auto& event : events) {
      const bool is_last = &event == &events.back();
      text += event_text(event.first, event.second, is_last ? id_of(*since) : "");
    }
    return text;
  }
};

void stream(const Context& context, const std::shared_ptr<http::Exchange>& exchange, const std::string& id) {
  const http::Request& request = exchange->request();
  const bool with_previews = wants_previews(request);
  const auto watcher = std::make_shared<Watcher>(Watcher{context, id, with_previews, seen_by(request), nullptr});
  if (with_previews) watcher->hold = context.jobs.want_previews(id);
  context.streams.begin(exchange, event_stream_head(), [watcher] { return watcher->next(); });
}

}  // namespace

std::string event_text(const std::string& name, const std::string& data, const std::string& id) {
  return concat(id.empty() ? "" : concat("id: ", id, "\n"), "event: ", name, "\ndata: ", data, "\n\n");
}

http::Response event_stream_head() {
  return http::response(200, "text/event-stream", "",
                        {{"Cache-Control", "no-store"}, {"X-Accel-Buffering", "no"}});  // nginx would hold events back
}

void stream_all(const Context& context, const std::shared_ptr<http::Exchange>& exchange) {
  stream(context, exchange, "");
}

void stream_job(const Context& context, const std::shared_ptr<http::Exchange>& exchange, const std::string& id) {
  const auto view = context.jobs.find(id);
  if (!view) throw Refusal(404, "unknown_job", concat("there is no job ", quoted(id)));
  if (store::is_ended(view->stored.state)) {
    const auto seen = seen_by(exchange->request());
    uint64_t since = seen.value_or(0);
    const auto missed = seen ? context.jobs.changes_since(since, id, false) : std::nullopt;
    if (missed && missed->empty()) return exchange->answer({204, {}, nullptr});
  }
  stream(context, exchange, id);
}

}  // namespace pixnerd::serve
