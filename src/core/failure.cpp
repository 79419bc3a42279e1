#include "core/failure.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <new>
#include <stdexcept>
#include <string_view>
#include <system_error>

#include "core/errors.h"
#include "core/text.h"

namespace pixnerd {
namespace {

namespace fs = std::filesystem;

constexpr size_t kMostBytes = 150;  // of words that are not ours
constexpr const char* kLessMemory =
    "take fewer pictures at once (--batch, --micro-batch, train.micro_batch_size), smaller ones, or a machine with "
    "more";

bool has(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

std::string in_one_line(std::string text) {
  constexpr size_t kMostOfOurs = 2000;  // names and paths in it are short already
  std::replace(text.begin(), text.end(), '\n', ' ');
  return printable(text, kMostOfOurs);
}

// What was tried: of "filesystem error: cannot create directories: Not a directory [a/b]" the part in the middle.
std::string_view verb_of(std::string_view what) {
  using Pair = std::pair<std::string_view, std::string_view>;
  static constexpr std::array kVerbs{Pair{"create", "make"},   Pair{"iterator", "list"}, Pair{"remove", "remove"},
                                     Pair{"rename", "rename"}, Pair{"copy", "copy"},     Pair{"size", "look at"},
                                     Pair{"status", "look at"}};
  const std::string_view tried = what.substr(0, what.find('['));
  const auto found =
      std::find_if(kVerbs.begin(), kVerbs.end(), [&](const Pair& each) { return has(tried, each.first); });
  return found == kVerbs.end() ? "use" : found->second;
}

std::string message_of_files(const fs::filesystem_error& error) {
  const std::string second = error.path2().empty() ? "" : concat(" and ", quoted(error.path2()));
  return concat("cannot ", verb_of(error.what()), " ", quoted(error.path1()), second, ": ", error.code().message());
}

std::string_view first_line(std::string_view what) {
  return what.substr(0, what.find('\n'));  // stack traces follow
}

// "could not create a primitive", "could not create a memory object", "could not execute a primitive".
bool is_of_onednn(std::string_view what) {
  return what.starts_with("could not ") && (has(what, "primitive") || has(what, "a memory") || has(what, "a stream"));
}

}  // namespace

bool is_out_of_memory(const std::exception& error) {
  if (dynamic_cast<const Error*>(&error) != nullptr) return false;
  if (dynamic_cast<const std::bad_alloc*>(&error) != nullptr) return true;
  if (dynamic_cast<const std::length_error*>(&error) != nullptr) return true;
  // LibTorch's allocator and oneDNN have no type of their own for it.
  static constexpr std::array<std::string_view, 7> kWords{
      "DefaultCPUAllocator",      "out of memory", "allocate memory",
      "not enough memory",        "bad_alloc",     "Storage size calculation overflowed",
      "could not create a memory"};
  const std::string_view what = first_line(error.what());
  return std::any_of(kWords.begin(), kWords.end(), [&](std::string_view each) { return has(what, each); });
}

std::string message_of(const std::exception& error) {
  if (dynamic_cast<const Error*>(&error) != nullptr) return in_one_line(error.what());
  if (const auto* const files = dynamic_cast<const fs::filesystem_error*>(&error)) return message_of_files(*files);
  const std::string_view what = first_line(error.what());
  if (is_out_of_memory(error)) return concat("out of memory; ", kLessMemory);
  if (is_of_onednn(what)) return concat("a layer could not be computed, most likely for lack of memory; ", kLessMemory);
  if (const auto* const system = dynamic_cast<const std::system_error*>(&error)) {
    return concat("the system refuses: ", system->code().message());
  }
  return concat("unexpected: ", printable(what, kMostBytes));
}

}  // namespace pixnerd
