#include "eval/features.h"

#include <ATen/ops/empty.h>

#include "core/errors.h"
#include "core/text.h"

namespace pixnerd::eval {
namespace {

// Rows `done` and on of `all` [N, ...], which is made with the first of them.
void put(at::Tensor& all, const at::Tensor& some, int64_t done, int64_t total) {
  if (!some.defined()) return;
  if (!all.defined()) all = at::empty({total, some.size(1)}, at::kFloat);
  all.narrow(0, done, some.size(0)).copy_(some);
}

void require_finite(const at::Tensor& features, const std::string& source) {
  if (features.defined() && !features.isfinite().all().item<bool>()) {
    throw DataError(concat("the features of ", quoted(source),
                           " are not all finite; are the network's weights "
                           "whole?"));
  }
}

}  // namespace

int64_t Features::count() const {
  for (const at::Tensor& each : {pooled, spatial, logits}) {
    if (each.defined()) return each.size(0);
  }
  return 0;
}

Features extract(Pictures& pictures, const FeatureExtractor& extractor, int64_t batch, const Needs& needs,
                 Progress* progress) {
  Features all;
  if (progress != nullptr) progress->update(0, pictures.size(), "");
  for (int64_t done = 0; done < pictures.size();) {
    const at::Tensor some = pictures.next(batch);
    const Features seen = extractor(some);
    if (needs.pooled) put(all.pooled, seen.pooled, done, pictures.size());
    if (needs.spatial) put(all.spatial, seen.spatial, done, pictures.size());
    if (needs.logits) put(all.logits, seen.logits, done, pictures.size());
    done += some.size(0);
    if (progress != nullptr) progress->update(done, pictures.size(), "");
  }
  for (const at::Tensor& features : {all.pooled, all.spatial, all.logits}) require_finite(features, pictures.source());
  return all;
}

}  // namespace pixnerd::eval
