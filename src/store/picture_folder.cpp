#include "store/picture_folder.h"

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <ostream>
#include <system_error>
#include <utility>

#include "core/descriptor.h"
#include "core/errors.h"
#include "core/file.h"
#include "core/sync_folder.h"
#include "core/text.h"
#include "store/make_folder.h"

namespace pixnerd::store {
namespace {

namespace fs = std::filesystem;

constexpr size_t kMostPictureBytes = size_t{1} << 30;

bool is_extension(std::string_view text) {
  return !text.empty() && text.size() <= 8 &&
         std::all_of(text.begin(), text.end(), [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z'); });
}

bool is_file_of(const fs::path& path, size_t bytes) {
  std::error_code error;
  return fs::is_regular_file(path, error) && fs::file_size(path, error) == bytes && !error;
}

}  // namespace

bool is_hash(std::string_view text) {
  return text.size() == 64 &&
         std::all_of(text.begin(), text.end(), [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

std::string hash_of_content(std::string_view bytes) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned length = 0;
  if (EVP_Digest(bytes.data(), bytes.size(), digest.data(), &length, EVP_sha256(), nullptr) != 1) {
    throw DataError("the SHA-256 of a picture cannot be computed: OpenSSL refuses it; install OpenSSL anew");
  }
  std::string digits;
  for (unsigned i = 0; i < length; ++i) {
    digits += "0123456789abcdef"[digest.at(i) >> 4];
    digits += "0123456789abcdef"[digest.at(i) & 15];
  }
  return digits;
}

PictureFolder::PictureFolder(fs::path folder) : folder_(std::move(folder)) {
  make_folder(folder_);
}

std::string PictureFolder::put(std::string_view bytes, std::string_view extension) {
  if (!is_extension(extension)) {
    throw RequestError(concat("a picture cannot be kept as ", quoted(extension), ": use an extension such as 'png'"));
  }
  std::string hash = hash_of_content(bytes);
  const fs::path path = path_of(hash, extension);
  make_folder(path.parent_path());
  if (is_file_of(path, bytes.size())) {
    sync_folder_of(path);  // whoever renamed it may not have come so far
  } else {
    write_file_atomically(
        path, [&](std::ostream& out) { out.write(bytes.data(), static_cast<std::streamsize>(bytes.size())); });
  }
  sync_folder_of(path.parent_path());  // the same holds of who made that
  return hash;
}

std::optional<std::string> PictureFolder::read(const std::string& hash, std::string_view extension) const {
  if (!is_hash(hash) || !is_extension(extension)) return std::nullopt;
  const fs::path path = path_of(hash, extension);
  std::error_code error;
  const fs::file_type type = fs::status(path, error).type();
  if (type == fs::file_type::none) fail_file("read", path, error.value());
  if (type != fs::file_type::regular) return std::nullopt;
  std::string bytes;
  try {
    bytes = read_file(path, kMostPictureBytes);
  } catch (const DataError&) {
    if (!fs::exists(path, error)) return std::nullopt;  // removed meanwhile
    throw;
  }
  if (hash_of_content(bytes) != hash) {
    throw DataError(concat("picture ", quoted(path), " is damaged: its content is not what its name says; remove it"));
  }
  return bytes;
}

bool PictureFolder::remove(const std::string& hash, std::string_view extension) {
  if (!is_hash(hash) || !is_extension(extension)) return false;
  const fs::path path = path_of(hash, extension);
  std::error_code error;
  const bool was_there = fs::remove(path, error);
  if (error) fail_file("remove", path, error.value());
  return was_there;
}

std::vector<std::string> PictureFolder::hashes(std::string_view extension) const {
  std::vector<std::string> all;
  std::error_code error;
  fs::recursive_directory_iterator each(folder_, error);
  for (; !error && each != fs::recursive_directory_iterator(); each.increment(error)) {
    const std::string hash = each->path().stem().string();
    if (is_hash(hash) && each->path() == path_of(hash, extension)) all.push_back(hash);
  }
  if (error) fail_file("read folder", folder_, error.value());
  return all;
}

fs::path PictureFolder::path_of(const std::string& hash, std::string_view extension) const {
  return folder_ / hash.substr(0, 2) / concat(hash, ".", extension);
}

}  // namespace pixnerd::store
