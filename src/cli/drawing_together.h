// Pictures drawn by all processes of a verb: each draws its share, and rank 0 gets them all.
#pragma once

#include <functional>
#include <vector>

#include "cli/preparation.h"
#include "cli/processes.h"
#include "core/progress.h"
#include "sample/drawing.h"

namespace pixnerd::cli {

// Collective; the pictures are the same for all. On rank 0 `put` gets each of them once, by its index, in any order but
// where the process is alone, one call at a time; on the others nothing. `begin` is called with this process's own
// settings before the first. Errors and `frames` as sample::draw(), frames only where the process is alone.
void draw_together(const Processes& processes, const DrawingTools& tools, std::vector<sample::PictureRequest> pictures,
                   const std::function<void(const sample::DrawSettings&)>& begin,
                   const std::function<void(int64_t index, image::Image picture)>& put, Progress& progress,
                   const sample::FrameSink& frames = {});

// Calls `work`, and tells the other processes how it ended.
void as_one_of(const Processes& processes, const std::function<void()>& work);

}  // namespace pixnerd::cli
