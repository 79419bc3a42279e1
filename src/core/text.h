// Text for messages: building it from parts, numbers as people read them, and suggestions for misspelt words.
#pragma once

#include <concepts>
#include <cstdint>
#include <filesystem>
#include <locale>
#include <sstream>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace pixnerd {

// The fewest digits that read back as the same number: 0.1f is "0.1", 1.0 is "1"; with an exponent ("1e-05") below
// 0.0001 and from 1e16 on.
std::string shortest(float value);
std::string shortest(double value);

namespace text_parts {

template <class Part>
void put(std::ostream& out, const Part& part) {
  if constexpr (std::same_as<Part, bool>) {
    out << (part ? "true" : "false");
  } else if constexpr (std::same_as<Part, float> || std::same_as<Part, double>) {
    out << shortest(part);
  } else if constexpr (std::same_as<Part, int8_t> || std::same_as<Part, uint8_t>) {
    out << static_cast<int>(part);
  } else if constexpr (std::same_as<Part, std::filesystem::path>) {
    out << part.string();
  } else {
    out << part;
  }
}

template <class Item>
void put(std::ostream& out, const std::vector<Item>& list) {
  out << '[';
  for (size_t i = 0; i < list.size(); ++i) {
    if (i > 0) out << ", ";
    put(out, static_cast<const Item&>(list[i]));
  }
  out << ']';
}

}  // namespace text_parts

// The parts one after the other: text, paths (without quotes), whole numbers, floats (shortest), true or false,
// vectors as "[2, 3]", and whatever else has an operator<<. Independent of the global locale.
template <class... Parts>
std::string concat(const Parts&... parts) {
  std::ostringstream out;
  out.imbue(std::locale::classic());
  (text_parts::put(out, parts), ...);
  return out.str();
}

// The parts with the separator between them.
std::string join(const std::vector<std::string>& parts, std::string_view separator);

// ASCII letters in lower case, everything else as it is, whatever the locale.
char ascii_lower(char c);
std::string ascii_lower(std::string text);

inline constexpr size_t kShownBytes = 80;

// Foreign text made fit for a one-line message: control characters and what is not UTF-8 become '?', and a text longer
// than max_bytes loses its middle, between UTF-8 characters, to "...".
std::string printable(std::string_view text, size_t max_bytes = kShownBytes);

// A name or path in a message: printable, and in quotes.
std::string quoted(const std::filesystem::path& path);
std::string quoted(std::string_view text);
inline std::string quoted(const std::string& text) {
  return quoted(std::string_view(text));
}
inline std::string quoted(std::string& text) {  // else std::quoted would be taken, which fits better
  return quoted(std::string_view(text));
}
inline std::string quoted(const char* text) {
  return quoted(std::string_view(text));
}

// "512 B", "1.8 GB", "23 MB": decimal units.
std::string human_bytes(uint64_t bytes);

// "0.4 s", "12 s", "3 min 20 s", "2 h 5 min", "3 d 4 h"; "unknown" for negative and not finite durations.
std::string human_duration(double seconds);

// The known word closest to `word` by edit distance (an exchange of neighbours counts one, case counts nothing);
// the first of equals; "" if none is close enough to be what was meant.
std::string nearest(std::string_view word, const std::vector<std::string>& known);

}  // namespace pixnerd
