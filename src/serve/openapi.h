// The description of the server's API, OpenAPI 3.1.
#pragma once

#include <string>
#include <vector>

#include "config/value.h"

namespace pixnerd::serve {

// Of these routes ("GET /api/jobs/{id}"). The fields of a request to draw are those that are read (draw_request.h).
config::Value openapi(const std::vector<std::string>& routes, const std::string& version);

}  // namespace pixnerd::serve
