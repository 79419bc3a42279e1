#include "eval/features.h"

#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/zeros.h>

#include <vector>

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

// Of all processes, whose shares differ by one picture at most, in the order of the ranks.
at::Tensor joined(const dist::Group& group, const at::Tensor& share, int64_t pictures) {
  if (!share.defined()) return share;
  const int64_t ranks = group.size(), longest = (pictures + ranks - 1) / ranks;
  at::Tensor padded = at::zeros({longest, share.size(1)}, share.options());
  padded.narrow(0, 0, share.size(0)).copy_(share);
  const at::Tensor all = group.gather(padded);
  std::vector<at::Tensor> parts;
  for (int64_t rank = 0; rank < ranks; ++rank) {
    parts.push_back(all[rank].narrow(0, 0, (rank + 1) * pictures / ranks - rank * pictures / ranks));
  }
  return at::cat(parts);
}

}  // namespace

int64_t Features::count() const {
  for (const at::Tensor& each : {pooled, spatial, logits, borders, thumbnails}) {
    if (each.defined()) return each.size(0);
  }
  return 0;
}

Features extract(Pictures& pictures, const FeatureExtractor& extractor, int64_t batch, const Needs& needs,
                 Progress* progress) {
  Features all;
  if (progress != nullptr) progress->update(0, pictures.share(), "");
  for (int64_t done = 0; done < pictures.share();) {
    const at::Tensor some = pictures.next(batch);
    const Features seen = extractor(some);
    if (needs.pooled) put(all.pooled, seen.pooled, done, pictures.share());
    if (needs.spatial) put(all.spatial, seen.spatial, done, pictures.share());
    if (needs.logits) put(all.logits, seen.logits, done, pictures.share());
    put(all.borders, seen.borders, done, pictures.share());
    put(all.thumbnails, seen.thumbnails, done, pictures.share());
    done += some.size(0);
    if (progress != nullptr) progress->update(done, pictures.share(), "");
  }
  for (const at::Tensor& features : {all.pooled, all.spatial, all.logits}) require_finite(features, pictures.source());
  return all;
}

Features extract_together(const dist::Group& group, Pictures& pictures, const FeatureExtractor& extractor,
                          int64_t batch, const Needs& needs, Progress* progress) {
  if (!group.is_alone()) pictures.share_out(group.rank(), group.size());
  Features share = extract(pictures, extractor, batch, needs, progress);
  if (group.is_alone()) return share;
  return {joined(group, share.pooled, pictures.size()), joined(group, share.spatial, pictures.size()),
          joined(group, share.logits, pictures.size()), joined(group, share.borders, pictures.size()),
          joined(group, share.thumbnails, pictures.size())};
}

}  // namespace pixnerd::eval
