// How much memory the process holds, as Linux counts it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>

namespace pixnerd {

uint64_t resident_bytes();       // now; 0 where the system does not tell
uint64_t peak_resident_bytes();  // the most since the start, or since the last reset

// What the system could still give this process, swap aside: the machine's available memory, or what its control group
// or the limit of its address space (ulimit -v) leaves where that is less. 0 where the system does not tell.
uint64_t available_bytes();

// memory.max - (memory.current - inactive_file) of a control group's folder (version 2); nothing without a limit. The
// pages of files that are not in use, such as a checkpoint's, are counted to the group but given up as soon as memory
// is wanted.
std::optional<uint64_t> left_by_control_group(const std::filesystem::path& folder);

// Makes the present use the peak. False if the system does not allow it; the peak then stays that of the whole run.
bool reset_peak_resident();

// Lets malloc keep the memory that is freed, for the rest of the process. A network frees and allocates the same tens
// of megabytes in every operation; giving them back to the system in between costs a large part of the computing time,
// in page faults. For programs, at their start; a library must not decide this for its host.
void keep_freed_memory();

// Lets LibTorch ask the system for pages of 2 MB for large tensors, which spares the processor a walk through its page
// tables at every step of a large product. For programs, before the first tensor; the environment's own
// THP_MEM_ALLOC_ENABLE, by which LibTorch is told, wins.
void use_huge_pages();

// Gives back to the system what malloc keeps free, so that resident_bytes() is what is in use.
void release_freed_memory();

}  // namespace pixnerd
