#include "checkpoint/file_digest.h"

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <memory>

#include "checkpoint/messages.h"
#include "core/errors.h"
#include "core/mapped_file.h"
#include "core/text.h"

namespace pixnerd::checkpoint {

std::string sha256_of(const std::filesystem::path& path) {
  const MappedFile file = MappedFile::open(path);
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned length = 0;
  if (!context || EVP_DigestInit_ex(context.get(), EVP_sha256(), nullptr) != 1 ||
      EVP_DigestUpdate(context.get(), file.data(), file.size()) != 1 ||
      EVP_DigestFinal_ex(context.get(), digest.data(), &length) != 1) {
    throw DataError(concat("the SHA-256 of ", quoted(path), " cannot be computed"));
  }
  if (file.is_changed()) throw changed_error(path.string());
  std::string digits;
  for (unsigned i = 0; i < length; ++i) {
    digits += "0123456789abcdef"[digest.at(i) >> 4];
    digits += "0123456789abcdef"[digest.at(i) & 15];
  }
  return digits;
}

}  // namespace pixnerd::checkpoint
