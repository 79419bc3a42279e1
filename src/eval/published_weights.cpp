#include "eval/published_weights.h"

#include <string>
#include <string_view>

#include "checkpoint/file_digest.h"
#include "core/errors.h"
#include "core/text.h"

namespace pixnerd::eval {
namespace {

// "6726825d" of "pt_inception-2015-12-05-6726825d.pth"; "" of other names.
std::string claimed_by(const std::filesystem::path& path) {
  constexpr std::string_view kFamily = "inception-2015-12-05-";
  constexpr size_t kDigits = 8;
  const std::string name = path.stem().string();
  const size_t place = name.find(kFamily);
  if (place == std::string::npos || name.size() != place + kFamily.size() + kDigits) return "";
  return name.substr(place + kFamily.size());
}

}  // namespace

bool is_published_inception(const std::filesystem::path& path) {
  const std::string digest = checkpoint::sha256_of(path), claimed = claimed_by(path);
  if (digest.starts_with(claimed)) return digest == kInceptionSha256;
  throw CheckpointError(concat("checkpoint ", quoted(path), ": its SHA-256 begins with ",
                               digest.substr(0, claimed.size()), ", its name says ", claimed,
                               ": it was cut short or changed; fetch it again, or rename other weights"));
}

}  // namespace pixnerd::eval
