#include "train/out_of_memory.h"

#include <c10/util/Exception.h>

#include <algorithm>
#include <array>
#include <new>
#include <stdexcept>
#include <string_view>

namespace pixnerd::train {

bool is_out_of_memory(const std::exception& error) {
  if (dynamic_cast<const std::bad_alloc*>(&error) != nullptr) return true;
  if (dynamic_cast<const std::length_error*>(&error) != nullptr) return true;
  if (dynamic_cast<const c10::OutOfMemoryError*>(&error) != nullptr) return true;
  const auto* const of_torch = dynamic_cast<const c10::Error*>(&error);
  if (of_torch == nullptr) return false;
  // The CPU's allocator and oneDNN have no type of their own for it.
  static constexpr std::array<std::string_view, 5> kWords{"DefaultCPUAllocator", "out of memory", "not enough memory",
                                                          "Storage size calculation overflowed",
                                                          "could not create a memory"};
  const std::string_view what = of_torch->what_without_backtrace();
  return std::any_of(kWords.begin(), kWords.end(),
                     [&](std::string_view words) { return what.find(words) != std::string_view::npos; });
}

}  // namespace pixnerd::train
