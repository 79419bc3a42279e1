#include "text/byte_alphabet.h"

#include <array>
#include <cstdint>

namespace pixnerd::text {
namespace {

constexpr int kLetters = 0x144;  // the largest one is U+0143

bool stands_for_itself(int byte) {
  return (byte >= '!' && byte <= '~') || (byte >= 0xA1 && byte <= 0xAC) || byte >= 0xAE;
}

struct Alphabet {
  std::array<std::string, 256> letters;
  std::array<int16_t, kLetters> bytes;  // of a character; -1 if it is no letter

  Alphabet() {
    bytes.fill(-1);
    int next = 0x100;
    for (int byte = 0; byte < 256; ++byte) {
      const int letter = stands_for_itself(byte) ? byte : next++;
      bytes[static_cast<size_t>(letter)] = static_cast<int16_t>(byte);
      std::string& text = letters[static_cast<size_t>(byte)];
      if (letter >= 0x80) text += static_cast<char>(0xC0 | letter >> 6);
      text += static_cast<char>(letter >= 0x80 ? 0x80 | (letter & 0x3F) : letter);
    }
  }
};

const Alphabet& alphabet() {
  static const Alphabet the_alphabet;
  return the_alphabet;
}

}  // namespace

const std::string& byte_letter(unsigned char byte) {
  return alphabet().letters[byte];
}

std::optional<std::string> bytes_of_letters(std::string_view token) {
  std::string bytes;
  for (size_t i = 0; i < token.size(); ++i) {
    int letter = static_cast<unsigned char>(token[i]);
    if (letter >= 0x80) {
      if (letter >> 5 != 0b110 || i + 1 == token.size()) return std::nullopt;  // letters take two bytes at most
      letter = (letter & 0x1F) << 6 | (static_cast<unsigned char>(token[++i]) & 0x3F);
    }
    const int byte = letter < kLetters ? alphabet().bytes[static_cast<size_t>(letter)] : -1;
    if (byte < 0) return std::nullopt;
    bytes += static_cast<char>(byte);
  }
  return bytes;
}

}  // namespace pixnerd::text
