// Work in parts among threads, for computing that begins and ends thousands of times a second. A thread has the parts
// at the same place of every work, so that it finds in its caches what it wrote there before; one that is done takes
// those of others, so that one whose processor is busy with other programs does fewer. While all finish together there
// is one part for each, as kernels that prepare rows do so for every part; after a thread has been idle there are more.
// Threads that have nothing to do look for the next work for up to a millisecond, then sleep: they neither hold up
// other programs nor wait long for each other where these hold them up.
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
