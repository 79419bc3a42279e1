// The squares of a data set from a file that is made once (crop_file.h), so that nothing is decoded in later epochs and
// runs.
#pragma once

#include <memory>

#include "core/progress.h"
#include "core/stop.h"
#include "data/config.h"
#include "data/picture_set.h"

namespace pixnerd::data {

// The set itself where config.cache is empty. Else the same set, whose pictures are the squares of that file, of the
// largest size that the configuration has, to which any further crop to that size does nothing, so that whatever is
// made of them is the same as without it: also of those that cannot be read, which are read from the set again, and
// fail there.
//
// Where there is no such file yet, it is made first, by all processors: under the name with ".unfinished" behind it,
// which a later call goes on with, whatever has ended this one. If another process makes it, this one waits. `progress`
// is told of pictures; what it throws ends the work.
//
// DataError: the file is of other pictures, settings or none at all; its squares are not those that the pictures give
// now (which is tried with a few); it would lie in the data set; no room on the disk; what else the system says.
std::shared_ptr<const PictureSet> with_cache(std::shared_ptr<const PictureSet> set, const DataConfig& config,
                                             Progress& progress);

// The same with lines in the log for progress. Stopped where `stop` says so.
std::shared_ptr<const PictureSet> with_cache(std::shared_ptr<const PictureSet> set, const DataConfig& config,
                                             const StopRequested& stop);

}  // namespace pixnerd::data
