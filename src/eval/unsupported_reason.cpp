#include "eval/unsupported_reason.h"

#include "core/text.h"

namespace pixnerd::eval {
namespace {

constexpr int64_t kFewestOfKid = 4;  // subsets of half of the smaller set, of two pictures

std::string too_few(const char* name, int64_t least, int64_t count, const char* where, const char* mend = "") {
  return concat(name, " needs at least ", least, " pictures", where, ", there ", count == 1 ? "is " : "are ", count,
                mend);
}

bool looks_at_neighbours(Metric metric) {
  return metric == Metric::precision || metric == Metric::recall;
}

const at::Tensor& used_by(Metric metric, const Features& features) {
  if (metric == Metric::sfid) return features.spatial;
  return metric == Metric::is ? features.logits : features.pooled;
}

std::string of_the_pictures(Metric metric, const Features& like, int64_t count, const Settings& settings) {
  const char* const name = name_of(metric, settings.network);
  if (!used_by(metric, like).defined()) {
    return concat(name, " needs another network: ",
                  metric == Metric::is ? "one with classes" : "Inception, which has spatial features");
  }
  const bool is_frechet = metric == Metric::fid || metric == Metric::sfid;
  if (is_frechet && count < 2) return too_few(name, 2, count, " to judge");
  if (metric == Metric::is && !settings.is_split_size && count < settings.is_splits) {
    return too_few(name, settings.is_splits, count, ", one a split", "; ask for fewer splits with --is-splits");
  }
  if (metric == Metric::recall && count <= settings.neighbours) {
    return too_few(name, settings.neighbours + 1, count, " to judge");
  }
  if (metric == Metric::kid && count < kFewestOfKid) return too_few(name, kFewestOfKid, count, " to judge");
  return "";
}

std::string of_the_reference(Metric metric, const Reference& reference, const Settings& settings) {
  const char* const name = name_of(metric, settings.network);
  const int64_t count = reference.features.defined() ? reference.features.size(0) : 0;
  if (metric == Metric::precision && count <= settings.neighbours) {
    return too_few(name, settings.neighbours + 1, count, " in the reference");
  }
  if (metric == Metric::kid && count < kFewestOfKid) return too_few(name, kFewestOfKid, count, " in the reference");
  return "";
}

// How many numbers a picture has in what a metric uses of the reference.
int64_t dimension_of(Metric metric, const Reference& reference) {
  if (metric == Metric::fid) return reference.pooled->mean.size(0);
  return metric == Metric::sfid ? reference.spatial->mean.size(0) : reference.features.size(1);
}

}  // namespace

std::string missing_part(const Reference& reference, Metric metric, FeatureNetwork network) {
  const std::string source = quoted(reference.source);
  const char* const name = name_of(metric, network);
  if (metric == Metric::fid && !reference.pooled) return concat(name, " needs mu and sigma, which ", source, " lacks");
  if (metric == Metric::sfid && !reference.spatial) {
    return concat("sfid needs mu_s and sigma_s, which ", source, " lacks");
  }
  if ((looks_at_neighbours(metric) || metric == Metric::kid) && !reference.features.defined()) {
    return concat(source, " holds statistics alone; ", name,
                  " needs the reference's pictures: name those, or leave this metric out");
  }
  return "";
}

std::string unsupported_reason(Metric metric, const Features& like, int64_t count, const Reference* reference,
                               const Settings& settings) {
  std::string reason = of_the_pictures(metric, like, count, settings);
  if (!reason.empty() || reference == nullptr || metric == Metric::is) return reason;
  reason = missing_part(*reference, metric, settings.network);
  if (!reason.empty()) return reason;
  const int64_t seen = used_by(metric, like).size(1), expected = dimension_of(metric, *reference);
  if (seen != expected) {
    return concat("features of ", seen, " numbers cannot be compared with a reference of ", expected, " (",
                  quoted(reference->source), "), which is of another network");
  }
  return of_the_reference(metric, *reference, settings);
}

}  // namespace pixnerd::eval
