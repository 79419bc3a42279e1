// What the values of a job must be, in memory and in the file.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "store/history.h"

namespace pixnerd::store {

// What is wrong with it in a few words (history.h); nothing if all is right. Whether a request or record is JSON is
// SQLite's to say.
std::optional<std::string> fault_of(const StoredJob& job);  // but its pictures
std::optional<std::string> fault_of(const StoredPicture& picture, int64_t count);
std::optional<std::string> fault_of_time(double seconds);
std::optional<std::string> fault_of_texts(const std::vector<std::string>& texts);

// Where a list goes on after the job of that place, as text.
struct Cursor {
  double created;
  int64_t sequence;
};
std::string text_of(const Cursor& cursor);
std::optional<Cursor> cursor_of(std::string_view text);

}  // namespace pixnerd::store
