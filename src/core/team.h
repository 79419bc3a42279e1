// Work in parts among threads, for computing that begins and ends thousands of times a second. A thread that is free
// takes the next part, so that one whose processor is busy with other programs takes fewer. Threads that have nothing
// to do look for the next work for some microseconds, then sleep: they neither hold up other programs nor wait long for
// each other where these hold them up.
#pragma once

#include <cstdint>
#include <functional>

namespace pixnerd {

// Calls visit(begin, end) for parts of [0, count) that cover it, on up to `threads` threads, the calling one among
// them, and returns when all are done. Parts have at least `grain` items, but for the last. An exception of `visit` is
// thrown again when the parts that were begun are done; others may be left out. Where another thread's work is in
// parts, or inside such a part, the calling thread does everything by itself.
void in_parts(int64_t count, int64_t grain, int threads, const std::function<void(int64_t begin, int64_t end)>& visit);

}  // namespace pixnerd
