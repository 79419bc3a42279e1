// What a monitor asks for, in Prometheus' text format (0.0.4).
#pragma once

#include <string>

#include "http/server.h"
#include "serve/jobs.h"

namespace pixnerd::serve {

std::string metrics_text(const JobCounts& jobs, const http::ServerStatistics& server, size_t loaded);

}  // namespace pixnerd::serve
