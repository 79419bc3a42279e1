// A job as the native API shows it.
#pragma once

#include "config/value.h"
#include "serve/jobs.h"

namespace pixnerd::serve {

config::Value job_value(const JobView& view);

// {"id", "progress", "steps_done", "steps", "eta"}.
config::Value progress_value(const JobView& view);

// What its pictures show, in words.
std::string title_of(const JobView& view);

}  // namespace pixnerd::serve
