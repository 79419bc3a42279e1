// Tar files for tests, made block by block, so that they can be as wrong as a test needs them.
#pragma once

#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>

#include "image/codec.h"
#include "tests/data/folders.h"

namespace pixnerd::data {

// Fills up the last block of 512 bytes.
inline std::string padded(std::string_view content) {
  std::string text(content);
  text.resize((text.size() + 511) / 512 * 512, '\0');
  return text;
}

struct TarHeader {
  std::string name;
  int64_t size = 0;
  char type = '0';
  std::string magic = {"ustar\00000", 8};
  std::string link = {};
};

// Sizes beyond what octal digits can say are written in base 256.
inline std::string tar_header(const TarHeader& header) {
  std::string block(512, '\0');
  const auto put = [&](size_t at, std::string_view text) { block.replace(at, text.size(), text); };
  put(0, header.name.substr(0, 100));
  put(100, "0000644");
  put(108, "0000000");
  put(116, "0000000");
  put(136, "00000000000");
  put(156, std::string(1, header.type));
  put(157, header.link.substr(0, 100));
  put(257, header.magic);
  if (header.size >= 0 && header.size < (int64_t{1} << 33)) {
    char digits[13];
    std::snprintf(digits, sizeof(digits), "%011llo", static_cast<unsigned long long>(header.size));
    put(124, digits);
  } else {
    for (int i = 0; i < 8; ++i) block[static_cast<size_t>(135 - i)] = static_cast<char>(header.size >> (8 * i));
    for (size_t i = 124; i < 128; ++i) block[i] = header.size < 0 ? '\xff' : '\0';
    block[124] = static_cast<char>(block[124] | 0x80);
  }
  put(148, "        ");
  unsigned sum = 0;
  for (const char c : block) sum += static_cast<unsigned char>(c);
  char digits[8];
  std::snprintf(digits, sizeof(digits), "%06o", sum);
  put(148, std::string_view(digits, 7));
  return block;
}

inline std::string tar_entry(const std::string& name, std::string_view content) {
  return tar_header({name, static_cast<int64_t>(content.size())}) + padded(content);
}

// A long name as GNU tar writes it.
inline std::string gnu_entry(const std::string& name, std::string_view content) {
  const std::string magic("ustar  \0", 8);
  const std::string long_name = name + '\0';
  return tar_header({"././@LongLink", static_cast<int64_t>(long_name.size()), 'L', magic}) + padded(long_name) +
         tar_header({name, static_cast<int64_t>(content.size()), '0', magic}) + padded(content);
}

// One line of a pax header: its own length in front.
inline std::string pax_line(const std::string& key, const std::string& value) {
  const std::string rest = " " + key + "=" + value + "\n";
  size_t length = rest.size() + 1;
  while (std::to_string(length).size() + rest.size() != length) ++length;
  return std::to_string(length) + rest;
}

// A name of any length as POSIX has it.
inline std::string pax_entry(const std::string& name, std::string_view content) {
  const std::string line = pax_line("path", name);
  return tar_header({"PaxHeader", static_cast<int64_t>(line.size()), 'x'}) + padded(line) +
         tar_header({name, static_cast<int64_t>(content.size())}) + padded(content);
}

inline const std::string kTarEnd(1024, '\0');

inline std::string png_bytes(const image::Image& picture) {
  const auto bytes = image::encode_png(picture);
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// key.png with that mark and key.json.
inline std::string tar_sample(const std::string& key, int mark, const std::string& json) {
  return tar_entry(key + ".png", png_bytes(marked_picture(4, mark))) + tar_entry(key + ".json", json);
}

}  // namespace pixnerd::data
