// What `pixnerd sample` says of what it wrote, on standard output.
#pragma once

#include "cli/sample_plan.h"
#include "sample/picture_output.h"
#include "sample/trajectory.h"

namespace pixnerd::cli {

// "foxes.png: 8 pictures in 4 columns, seeds 0 to 7".
void report(const sample::Written& written, const SamplePlan& plan);

void report(const sample::Trajectory& trajectory);

}  // namespace pixnerd::cli
