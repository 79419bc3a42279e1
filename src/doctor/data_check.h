// Whether the pictures that a run learns from are all there.
#pragma once

#include <cstdint>
#include <optional>

#include "core/stop.h"
#include "data/picture_set.h"
#include "doctor/finding.h"

namespace pixnerd::doctor {

// A set that is not the one whose fingerprint the run has kept, was broken when it was opened, lacks a class, or has
// pictures that cannot be read: some hundred are decoded, the last of each shard or class among them, as what is cut
// short lacks its end. Stopped if `stop` says so.
std::optional<Finding> check_data(const data::PictureSet& set, uint64_t fingerprint, const StopRequested& stop);

// Of a set that cannot be opened at all, for `reason`.
Finding unreadable_data(const std::string& reason);

}  // namespace pixnerd::doctor
