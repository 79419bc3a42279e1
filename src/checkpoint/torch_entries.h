// From the values of a pickle to tensors that are checked against the storages they lie in.
#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "checkpoint/pickle_value.h"
#include "checkpoint/strided_entry.h"

namespace pixnerd::checkpoint {

// The bytes of a storage, which may be more than its elements need; throws if there are none under its key.
using StorageBytes = std::function<std::span<const std::byte>(const PickleStorage& storage)>;

// All tensors that can be reached from root, named by their ways through the containers. Whatever the values are, the
// visits and the memory are bounded: containers may contain themselves and each other.
// Throws CheckpointError for tensors that are not inside their storage, and for a name that is there twice.
std::vector<StridedEntry> torch_entries(const PickleValues& values, ValueId root, const StorageBytes& bytes_of_storage,
                                        const std::string& source);

}  // namespace pixnerd::checkpoint
