#include "serve/metrics.h"

#include "core/memory.h"
#include "core/text.h"

namespace pixnerd::serve {
namespace {

std::string metric(const char* name, const char* type, const char* help, double value, const char* labels = "") {
  return concat("# HELP ", name, " ", help, "\n# TYPE ", name, " ", type, "\n", name, labels, " ", value, "\n");
}

}  // namespace

std::string metrics_text(const JobCounts& jobs, const http::ServerStatistics& server, size_t loaded) {
  const auto number = [](auto value) { return static_cast<double>(value); };
  std::string text;
  text += metric("pixnerd_jobs_queued", "gauge", "Jobs that wait.", number(jobs.queued));
  text += metric("pixnerd_jobs_running", "gauge", "Jobs that are being drawn.", number(jobs.running));
  text +=
      metric("pixnerd_pictures_waiting", "gauge", "Pictures that are not drawn yet.", number(jobs.pictures_waiting));
  text += metric("pixnerd_jobs_accepted_total", "counter", "Jobs accepted.", number(jobs.accepted));
  text += metric("pixnerd_jobs_refused_total", "counter", "Jobs refused as the queue was full.", number(jobs.refused));
  text +=
      concat("# HELP pixnerd_jobs_ended_total Jobs that have ended.\n# TYPE pixnerd_jobs_ended_total counter\n",
             "pixnerd_jobs_ended_total{state=\"done\"} ", jobs.done, "\npixnerd_jobs_ended_total{state=\"failed\"} ",
             jobs.failed, "\npixnerd_jobs_ended_total{state=\"cancelled\"} ", jobs.cancelled, "\n");
  text += metric("pixnerd_pictures_total", "counter", "Pictures drawn.", number(jobs.pictures));
  text += metric("pixnerd_steps_total", "counter", "Steps of pictures made.", number(jobs.steps));
  text += metric("pixnerd_steps_per_second", "gauge", "Steps a second of late.", jobs.steps_per_second);
  text += metric("pixnerd_models_loaded", "gauge", "Networks in memory.", number(loaded));
  text += metric("pixnerd_connections", "gauge", "Open connections.", number(server.connections));
  text += metric("pixnerd_requests_total", "counter", "HTTP requests.", number(server.requests));
  text += metric("pixnerd_requests_refused_total", "counter", "HTTP requests refused unread.", number(server.refused));
  text += metric("process_resident_memory_bytes", "gauge", "Resident memory size in bytes.", number(resident_bytes()));
  return text;
}

}  // namespace pixnerd::serve
