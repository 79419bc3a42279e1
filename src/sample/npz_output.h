// Pictures as one .npz file, as ADM's evaluator reads them: arr_0, uint8 [N, H, W, 3], and for pictures of classes
// arr_1, their int64 [N]. https://github.com/openai/guided-diffusion/tree/main/evaluations
//
// Until the last picture is there the file is F.npz.unfinished, with F.npz.unfinished.jsonl (npz_journal.h) beside it:
// its bytes already lie where those of F.npz will, so that it becomes that by a new name and no copy is made. What
// stops a run with records leaves both, and plan.resume goes on with them.
#pragma once

#include <filesystem>
#include <memory>

#include "sample/picture_output.h"

namespace pixnerd::sample {

// Pictures may come in any order; one of them is in memory at a time. With plan.resume those stay whose bytes are
// whole; without records nothing is left when the output goes before it is finished. Errors as Destination's, and
// RequestError: something unfinished is there and neither plan.resume nor plan.overwrite is set, or it is of other
// pictures; DataError: it is damaged, or the disk lacks the room.
std::unique_ptr<PictureOutput> open_npz(const std::filesystem::path& path, const OutputPlan& plan);

}  // namespace pixnerd::sample
