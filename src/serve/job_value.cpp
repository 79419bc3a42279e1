#include "serve/job_value.h"
#include "serve/answers.h"

#include <cmath>

#include "config/json.h"
#include "config/member.h"
#include "config/schema.h"
#include "core/errors.h"
#include "core/text.h"
#include "sample/seed.h"

namespace pixnerd::serve {
namespace {

using config::map_value;
using config::scalar_value;
using config::text_value;
using config::Value;

Value time_value(double seconds) {
  return seconds > 0 ? scalar_value(std::round(seconds * 1000) / 1000) : Value{};
}

// Of the job's own making, so that it is in good form; what a damaged history holds is shown as nothing.
Value parsed(const std::string& json) {
  try {
    return config::parse_json(json, "history", size_t{16} << 20);
  } catch (const ConfigError&) {
    return map_value({});
  }
}

Value request_value(const std::string& json) {
  Value request = parsed(json);
  for (auto& [key, value] : request.fields) {
    if (key != "image" && key != "mask") continue;
    const std::string url = value.scalar;
    const size_t name = url.rfind('/') + 1;
    value = map_value({{"hash", text_value(url.substr(name, 64))}, {"url", text_value(url)}});
  }
  return request;
}

Value pictures_value(const std::vector<store::StoredPicture>& pictures) {
  Value list = list_of({});
  for (const store::StoredPicture& picture : pictures) {
    list.items.push_back(map_value({{"index", scalar_value(picture.index)},
                                    {"url", text_value(concat(kPicturePath, picture.hash, ".png"))},
                                    {"hash", text_value(picture.hash)},
                                    {"width", scalar_value(picture.width)},
                                    {"height", scalar_value(picture.height)},
                                    {"seed", sample::seed_value(picture.seed)},
                                    {"record", parsed(picture.record)}}));
  }
  return list;
}

Value error_value(const store::StoredJob& job) {
  if (job.state != store::JobState::failed) return {};
  return map_value({{"message", text_value(printable(job.error, 1000))}, {"code", text_value("drawing_failed")}});
}

Value eta_value(const JobView& view) {
  return view.eta ? scalar_value(std::round(*view.eta * 10) / 10) : Value{};
}

}  // namespace

std::string title_of(const JobView& view) {
  if (!view.title.empty()) return view.title;
  const Value request = parsed(view.stored.request);
  const Value record = view.stored.pictures.empty() ? Value{} : parsed(view.stored.pictures.front().record);
  for (const Value* const named : {record.find("class_name"), request.find("prompt"), request.find("class")}) {
    if (named == nullptr) continue;
    const Value* const style = request.find("style");
    return style == nullptr ? named->scalar : concat(named->scalar, ", ", style->scalar);
  }
  return "";
}

Value job_value(const JobView& view) {
  const store::StoredJob& job = view.stored;
  const bool is_ended = store::is_ended(job.state);
  return map_value({{"id", text_value(job.id)},
                    {"api", text_value(job.api)},
                    {"state", text_value(std::string(store::name_of(job.state)))},
                    {"model", text_value(job.model)},
                    {"created", time_value(job.created)},
                    {"started", time_value(job.started)},
                    {"ended", time_value(job.ended)},
                    {"count", scalar_value(job.count)},
                    {"position", scalar_value(view.position)},
                    {"progress", scalar_value(view.progress())},
                    {"steps", scalar_value(view.steps)},
                    {"steps_done", scalar_value(view.steps_done)},
                    {"eta", is_ended ? Value{} : eta_value(view)},
                    {"title", text_value(title_of(view))},
                    {"request", request_value(job.request)},
                    {"pictures", pictures_value(job.pictures)},
                    {"warnings", config::member_value(job.warnings)},
                    {"error", error_value(job)}});
}

Value progress_value(const JobView& view) {
  return map_value({{"id", text_value(view.stored.id)},
                    {"progress", scalar_value(view.progress())},
                    {"steps_done", scalar_value(view.steps_done)},
                    {"steps", scalar_value(view.steps)},
                    {"eta", eta_value(view)}});
}

}  // namespace pixnerd::serve
