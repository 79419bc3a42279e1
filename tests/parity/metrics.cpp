// Kind metrics: the arithmetic of FID, IS, precision, recall and KID on given features.
#include <ATen/ATen.h>

#include "eval/gaussian.h"
#include "eval/inception_score.h"
#include "eval/kernel_distance.h"
#include "eval/precision_recall.h"
#include "tests/parity/parity.h"

namespace pixnerd::parity {
namespace {

at::Tensor number(double value) {
  return at::scalar_tensor(value, at::kDouble);
}

void compare_distances(Case& golden, const at::Tensor& reference, const at::Tensor& generated, double limit) {
  const eval::Gaussian ref = eval::gaussian_of(reference), gen = eval::gaussian_of(generated);
  golden.compare("ref_mean", ref.mean, golden.tensor("out.ref_mean_f64"), limit);
  golden.compare("ref_cov", ref.covariance, golden.tensor("out.ref_cov_f64"), limit);
  golden.compare("gen_mean", gen.mean, golden.tensor("out.gen_mean_f64"), limit);
  golden.compare("gen_cov", gen.covariance, golden.tensor("out.gen_cov_f64"), limit);
  const eval::FrechetDistance distance(ref);
  golden.compare("fid", number(distance.to(gen)), golden.tensor("out.fid_f64"), limit);
  golden.compare("fid_self", number(distance.to(ref)), golden.tensor("out.fid_self_f64"), limit);

  const int64_t few = golden.config().at("few");
  const eval::FrechetDistance singular(eval::gaussian_of(reference.narrow(0, 0, few)));
  golden.compare("fid_few", number(singular.to(eval::gaussian_of(generated.narrow(0, 0, few)))),
                 golden.tensor("out.fid_few_f64"), golden.tolerance("fid_few"));
}

void compare_inception_score(Case& golden, double limit) {
  const at::Tensor logits = golden.tensor("in.logits");
  const auto splits = eval::equal_splits(logits.size(0), golden.config().at("is_splits"));
  const eval::InceptionScore score = eval::inception_score(logits, splits);
  golden.compare("is_splits", at::tensor(score.splits, at::kDouble), golden.tensor("out.is_splits_f64"), limit);
  golden.compare("is_mean", number(score.mean), golden.tensor("out.is_mean_f64"), limit);
  golden.compare("is_std", number(score.deviation), golden.tensor("out.is_std_f64"), limit);
}

void compare_precision_recall(Case& golden, const at::Tensor& reference, const at::Tensor& generated, double limit) {
  const int64_t k = golden.config().at("k");
  const at::Tensor ref = eval::squared_radii(reference, k), gen = eval::squared_radii(generated, k);
  golden.compare("ref_radii", ref, golden.tensor("out.ref_radii_squared_f64"), limit);
  golden.compare("gen_radii", gen, golden.tensor("out.gen_radii_squared_f64"), limit);
  const auto share = [](const at::Tensor& inside) { return inside.to(at::kDouble).mean(); };
  golden.compare("precision", share(eval::covered(generated, reference, ref)), golden.tensor("out.precision_f64"),
                 limit);
  golden.compare("recall", share(eval::covered(reference, generated, gen)), golden.tensor("out.recall_f64"), limit);
}

void compare_kernel_distance(Case& golden, const at::Tensor& reference, const at::Tensor& generated, double limit) {
  const at::Tensor subsets = golden.tensor("in.kid_subsets");  // [subsets, reference rows then generated rows]
  const int64_t size = golden.config().at("kid_subset_size");
  std::vector<double> values;
  for (int64_t i = 0; i < subsets.size(0); ++i) {
    values.push_back(eval::squared_discrepancy(reference.index_select(0, subsets[i].narrow(0, 0, size)),
                                               generated.index_select(0, subsets[i].narrow(0, size, size))));
  }
  const eval::KernelDistance distance = eval::kernel_distance(std::move(values));
  golden.compare("kid_per_subset", at::tensor(distance.subsets, at::kDouble), golden.tensor("out.kid_per_subset_f64"),
                 limit);
  golden.compare("kid_mean", number(distance.mean), golden.tensor("out.kid_mean_f64"), limit);
  golden.compare("kid_std", number(distance.deviation), golden.tensor("out.kid_std_f64"), limit);
}

}  // namespace

void run_metrics(Case& golden) {
  const at::Tensor reference = golden.tensor("in.ref_features"), generated = golden.tensor("in.gen_features");
  const double limit = golden.tolerance("out");
  compare_distances(golden, reference, generated, limit);
  compare_inception_score(golden, limit);
  compare_precision_recall(golden, reference, generated, limit);
  compare_kernel_distance(golden, reference, generated, limit);
}

}  // namespace pixnerd::parity
