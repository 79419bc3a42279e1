// The most that anybody may ask of a sampler, be it by a flag, in a configuration or in the record of a picture from a
// stranger. Every reader of such numbers takes its limits from here, so that sums and products of them stay far inside
// 64 bits and nothing large is allocated before they have been looked at.
#pragma once

#include <cstdint>

namespace pixnerd::diffusion {

inline constexpr int64_t kMostSteps = 10'000;         // of one trajectory
inline constexpr int64_t kMostPictures = 10'000'000;  // of one run
inline constexpr int64_t kMostRecords = 1'000'000;    // of one file, each about a kilobyte of memory
inline constexpr int64_t kLargestBatch = 65'536;      // pictures computed together
inline constexpr int64_t kLongestSide = 16'384;       // pixels
inline constexpr int64_t kMostThreads = 4096;         // of one operation
inline constexpr int64_t kMostColumns = 65'536;       // of a grid of pictures
inline constexpr int64_t kWidestPadding = 1024;       // pixels between those

// Steps whose conditionings can be compared with each other: the comparison takes the square of their number.
inline constexpr int64_t kMostComparedSteps = 1000;

}  // namespace pixnerd::diffusion
