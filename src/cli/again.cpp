#include "cli/again.h"

#include <algorithm>
#include <string>

#include "core/errors.h"
#include "core/log.h"
#include "core/text.h"

namespace pixnerd::cli {
namespace {

using sample::PictureRecord;

// Records of earlier versions have the path alone.
bool same_file(const std::string& path, const std::string& hash, const std::string& other_path,
               const std::string& other_hash) {
  return hash.empty() || other_hash.empty() ? path == other_path : hash == other_hash;
}

bool same_checkpoint(const PictureRecord& a, const PictureRecord& b) {
  return same_file(a.checkpoint, a.checkpoint_hash, b.checkpoint, b.checkpoint_hash) &&
         a.step.value_or(0) == b.step.value_or(0) && a.weights == b.weights;
}

bool same_text_encoder(const PictureRecord& a, const PictureRecord& b) {
  return same_file(a.text_encoder, a.text_encoder_hash, b.text_encoder, b.text_encoder_hash);
}

void warn_unless(bool is_same, bool is_chosen, const std::string& name) {
  if (is_same) return;
  log_warning(concat(quoted(name),
                     is_chosen ? " is not what the picture was drawn with" : " has changed since the picture was drawn",
                     ", which may come out otherwise"));
}

}  // namespace

void require_common(const std::vector<PictureRecord>& before, const Chosen& chosen) {
  const auto require = [&](bool is_chosen, const auto& same, const char* what, const char* flag) {
    const auto is_common = [&](const PictureRecord& record) { return same(record, before.front()); };
    if (is_chosen || std::all_of(before.begin(), before.end(), is_common)) return;
    throw RequestError(concat("the pictures were drawn ", what, "; choose one with ", flag));
  };
  const auto equal = [](auto PictureRecord::*field) {
    return [=](const PictureRecord& a, const PictureRecord& b) { return a.*field == b.*field; };
  };
  require(chosen.checkpoint, same_checkpoint, "from several checkpoints", "--checkpoint");
  require(chosen.text_encoder, same_text_encoder, "with several text encoders", "--text-encoder");
  require(chosen.decoder, equal(&PictureRecord::decoder), "with several decoders", "--decoder");
  require(chosen.dtype, equal(&PictureRecord::dtype), "in several arithmetics", "--dtype");
}

void warn_of_other_files(const std::vector<PictureRecord>& before, const Chosen& chosen, const PictureRecord& now) {
  const auto all = [&](const auto& same) {
    return std::all_of(before.begin(), before.end(), [&](PictureRecord record) {
      record.checkpoint = sample::recorded_name(record.checkpoint);
      record.text_encoder = sample::recorded_name(record.text_encoder);
      return same(record, now);
    });
  };
  warn_unless(all(same_checkpoint), chosen.checkpoint, now.checkpoint);
  warn_unless(all(same_text_encoder), chosen.text_encoder, now.text_encoder);
}

}  // namespace pixnerd::cli
