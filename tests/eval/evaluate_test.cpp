#include "eval/evaluate.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <functional>

#include "checkpoint/tensors.h"
#include "core/errors.h"
#include "core/text.h"
#include "eval/interval.h"
#include "tests/core/thrown.h"
#include "tests/data/npz_file.h"
#include "tests/eval/random.h"

namespace pixnerd::eval {
namespace {

class Listed : public Pictures {
 public:
  explicit Listed(int64_t size) {
    source_ = "listed";
    size_ = size;
    height_ = width_ = 2;
  }
  at::Tensor next(int64_t count) override {
    const int64_t begin = done_;
    done_ = std::min(size_, done_ + count);
    return at::arange(begin, done_).view({-1, 1, 1, 1}).expand({-1, 2, 2, 3}).to(at::kByte);
  }

 private:
  void begin_at(int64_t first) override { done_ = first; }

  int64_t done_ = 0;
};

Features features(int64_t count, uint64_t seed, float shift = 0) {
  return {random({count, 6}, seed) + shift, random({count, 4}, seed + 1), random({count, 5}, seed + 2)};
}

Settings settings(std::vector<Metric> metrics) {
  Settings chosen;
  chosen.metrics = std::move(metrics);
  chosen.resamples = 10;
  chosen.kid_subsets = 20;
  return chosen;
}

std::string bytes_of(const at::Tensor& tensor) {
  const at::Tensor values = tensor.contiguous();
  return {static_cast<const char*>(values.const_data_ptr()), values.nbytes()};
}

const std::vector<Metric> kAll = {Metric::fid,       Metric::sfid,   Metric::is,
                                  Metric::precision, Metric::recall, Metric::kid};

TEST(Extract, PutsBatchesInTheirOrder) {
  Listed pictures(7);
  const Features all = extract(
      pictures,
      [](const at::Tensor& some) {
        return Features{some.to(at::kFloat).flatten(1), {}, {}};
      },
      3);
  EXPECT_EQ(all.pooled.sizes(), at::IntArrayRef({7, 12}));
  EXPECT_TRUE(all.pooled.select(1, 5).equal(at::arange(7).to(at::kFloat)));
  EXPECT_FALSE(all.logits.defined());
}

TEST(Extract, RefusesWhatIsNotFinite) {
  Listed pictures(2);
  const auto broken = [](const at::Tensor& some) { return Features{at::full({some.size(0), 2}, NAN), {}, {}}; };
  EXPECT_NE(thrown<DataError>([&] { extract(pictures, broken, 2); }).find("not all finite"), std::string::npos);
}

TEST(Evaluate, TellsEqualSetsFromOthers) {
  const Listed listed(300);
  const Reference reference = reference_of(features(300, 1), listed);
  const Report same = evaluate(features(300, 11), &reference, settings(kAll));
  const Report moved = evaluate(features(300, 11, 2), &reference, settings(kAll));
  ASSERT_EQ(same.results.size(), kAll.size());
  const auto value = [](const Report& report, size_t i) { return report.results[i].value; };
  EXPECT_LT(value(same, 0), 0.5);
  EXPECT_NEAR(value(moved, 0), 6 * 4, 2.5) << "the mean moved by 2 in six features";
  EXPECT_NEAR(value(moved, 1), value(same, 1), 1e-9);
  EXPECT_NEAR(value(moved, 2), value(same, 2), 1e-9);
  EXPECT_GT(value(same, 3), 0.8);
  EXPECT_LT(value(moved, 3), 0.5);
  EXPECT_GT(value(moved, 5), value(same, 5) + 1);
  for (const Result& each : moved.results) {
    ASSERT_TRUE(each.half_width.has_value()) << name_of(each.metric);
    EXPECT_GT(*each.half_width, 0) << name_of(each.metric);
  }
  EXPECT_LT(*moved.results[0].half_width, 6);
}

TEST(Evaluate, WarnsOfTooFewPictures) {
  const Listed listed(30);
  const Reference reference = reference_of(features(30, 1), listed);
  const Report report = evaluate(features(5, 2), &reference, settings({Metric::fid, Metric::kid}));
  std::string all;
  for (const std::string& warning : report.warnings) all += warning + "\n";
  for (const char* part : {"only 5 pictures", "only 30 reference pictures", "fewer pictures (5) than features (6)",
                           "subsets of 2 instead of 1000"}) {
    EXPECT_NE(all.find(part), std::string::npos) << part << " is not in:\n" << all;
  }
}

// 1.96 deviations of a metric over fresh sets, and what intervals of single sets say of it.
struct Spread {
  double actual = 0, reported = 0;
};

Spread spread_of(Metric metric, const Reference& reference, const std::function<Features(uint64_t)>& fresh) {
  std::vector<double> values;
  Settings chosen = settings({metric});
  chosen.resamples = 20;
  Spread spread;
  constexpr int kSets = 60, kWithIntervals = 6;
  for (int i = 0; i < kSets; ++i) {
    chosen.resamples = i < kWithIntervals ? 20 : 0;
    const Report report = evaluate(fresh(static_cast<uint64_t>(1000 + i)), &reference, chosen);
    values.push_back(report.results[0].value);
    if (i < kWithIntervals) spread.reported += *report.results[0].half_width / kWithIntervals;
  }
  spread.actual = half_width(values);
  return spread;
}

TEST(Evaluate, TheIntervalOfFidIsThatOfFreshSets) {
  Reference reference{"exact", Gaussian{at::zeros({32}, at::kDouble), at::eye(32, at::kDouble)}, {}, {}, 0, 0, 0, {}};
  for (const int64_t count : {32, 128}) {
    const Spread spread = spread_of(Metric::fid, reference, [&](uint64_t seed) {
      return Features{random({count, 32}, seed), {}, {}};
    });
    EXPECT_GT(spread.reported, 0.6 * spread.actual) << count;
    EXPECT_LT(spread.reported, 2 * spread.actual)
        << count << ": resamples that repeat pictures say three times as much";
  }
}

TEST(Evaluate, TheIntervalsOfSharesAreThoseOfFreshSets) {
  const Reference reference = reference_of({random({1500, 4}, 1), {}, {}}, Listed(1500));
  for (const Metric metric : {Metric::precision, Metric::recall}) {
    const Spread spread = spread_of(metric, reference, [](uint64_t seed) {
      return Features{random({150, 4}, seed) * 0.8 + 0.5, {}, {}};
    });
    EXPECT_GT(spread.reported, 0.6 * spread.actual) << name_of(metric);
    EXPECT_LT(spread.reported, 1.6 * spread.actual) << name_of(metric);
  }
  for (const Result& each :
       evaluate({random({20, 4}, 3) + 100, {}, {}}, &reference, settings({Metric::precision, Metric::recall}))
           .results) {
    EXPECT_EQ(each.value, 0) << name_of(each.metric);
    EXPECT_GT(*each.half_width, 0.05) << name_of(each.metric) << ": 20 pictures do not say that there are none";
  }
}

TEST(Evaluate, WarnsOfPicturesInTheOrderOfTheirClasses) {
  const at::Tensor certain = at::eye(10) * 20;
  Features sorted, mixed;
  sorted.logits = certain.repeat_interleave(20, 0);
  mixed.logits = certain.repeat({20, 1});
  const auto warnings = [](const Features& seen) {
    const Report report = evaluate(seen, nullptr, settings({Metric::is}));
    return join(report.warnings, "\n");
  };
  EXPECT_NE(warnings(sorted).find("in the order of their classes"), std::string::npos) << warnings(sorted);
  EXPECT_NE(warnings(sorted).find(": 1; shuffled it is 8."), std::string::npos) << warnings(sorted);
  EXPECT_EQ(warnings(mixed).find("order"), std::string::npos) << warnings(mixed);
  EXPECT_EQ(warnings(features(200, 5)).find("order"), std::string::npos);
  EXPECT_EQ(warnings(features(12, 5)).find("order"), std::string::npos) << "chance";
}

TEST(Evaluate, KeepsTheOthersWhereOneFails) {
  Reference reference = reference_of(features(30, 1), Listed(30), /*keeps_features=*/false);
  reference.warnings = {"one was grey"};
  const Report report = evaluate(features(30, 2), &reference, settings({Metric::fid, Metric::kid, Metric::sfid}));
  ASSERT_EQ(report.results.size(), 2U);
  EXPECT_EQ(report.results[1].metric, Metric::sfid);
  ASSERT_EQ(report.failures.size(), 1U);
  EXPECT_EQ(report.failures[0].metric, Metric::kid);
  EXPECT_NE(report.failures[0].reason.find("holds statistics alone"), std::string::npos);
  EXPECT_EQ(report.warnings.front(), "one was grey");
}

TEST(Evaluate, NeedsNoMoreThanItsMetricsUse) {
  Reference reference = reference_of(features(30, 1), Listed(30));
  for (const Metric metric : kAll) {
    Listed pictures(30);
    const auto network = [](const at::Tensor& some) { return features(some.size(0), 2); };
    const Features seen = extract(pictures, network, 30, needs_of({metric}));
    EXPECT_EQ(seen.pooled.defined() + seen.spatial.defined() + seen.logits.defined(), 1) << name_of(metric);
    EXPECT_EQ(seen.count(), 30);
    EXPECT_EQ(evaluate(seen, &reference, settings({metric})).results.size(), 1U) << name_of(metric);
  }
  EXPECT_FALSE(reference_needs_of({Metric::is, Metric::kid}).spatial);
  EXPECT_FALSE(reference_needs_of({Metric::is}).pooled);
}

TEST(Evaluate, RefusesWhatTheReferenceCannotTell) {
  Reference reference = reference_of(features(30, 1), Listed(30));
  const auto refused = [&](Metric metric, const Features& seen) {
    return thrown<DataError>([&] { evaluate(seen, &reference, settings({metric})); });
  };
  EXPECT_NE(refused(Metric::fid, {random({30, 5}, 1), {}, {}}).find("features of 5 numbers"), std::string::npos);
  EXPECT_NE(refused(Metric::kid, {random({30, 5}, 1), {}, {}}).find("features of 5 numbers"), std::string::npos);
  EXPECT_NE(refused(Metric::fid, features(1, 1)).find("2 pictures to judge, there is 1"), std::string::npos);
  EXPECT_NE(refused(Metric::kid, features(3, 1)).find("4 pictures to judge, there are 3"), std::string::npos);
  EXPECT_NE(refused(Metric::recall, features(3, 1)).find("4 pictures to judge, there are 3"), std::string::npos);
  EXPECT_NE(refused(Metric::is, features(9, 1)).find("--is-splits"), std::string::npos);
  const Reference small = reference_of(features(3, 1), Listed(3));
  for (const Metric metric : {Metric::precision, Metric::kid}) {
    const std::string why = thrown<DataError>([&] { evaluate(features(30, 1), &small, settings({metric})); });
    EXPECT_NE(why.find("4 pictures in the reference, there are 3"), std::string::npos) << why;
  }
  EXPECT_NE(thrown<DataError>([] { reference_of(features(1, 1), Listed(1)); }).find("'listed' is of one picture"),
            std::string::npos);
  reference.features.reset();
  EXPECT_NE(refused(Metric::precision, features(30, 1)).find("holds statistics alone"), std::string::npos);
  reference.spatial.reset();
  EXPECT_NE(refused(Metric::sfid, features(30, 1)).find("mu_s and sigma_s"), std::string::npos);
}

TEST(Reference, OfAdmsFileIsItsStatistics) {
  const TemporaryFolder folder;
  const Reference made = reference_of(features(30, 1), Listed(30));
  const auto member = [](const at::Tensor& values, const char* descr, const char* shape) {
    return data::npy(descr, shape, bytes_of(values));
  };
  data::write_zip(folder / "r.npz", {{"mu.npy", member(made.pooled->mean, "<f8", "(6,)")},
                                     {"sigma.npy", member(made.pooled->covariance, "<f8", "(6, 6)")},
                                     {"mu_s.npy", member(made.spatial->mean.to(at::kFloat), "<f4", "(4,)")},
                                     {"sigma_s.npy", member(made.spatial->covariance, "<f8", "(4, 4)")}});
  EXPECT_TRUE(has_statistics(folder / "r.npz"));
  EXPECT_FALSE(has_pictures(folder / "r.npz"));
  const Reference read = read_statistics(folder / "r.npz");
  EXPECT_TRUE(read.pooled->covariance.equal(made.pooled->covariance));
  EXPECT_TRUE(at::allclose(read.spatial->mean, made.spatial->mean, 1e-6, 1e-6));
  const Report report = evaluate(features(30, 1), &read, settings({Metric::fid, Metric::sfid}));
  EXPECT_NEAR(report.results[0].value, 0, 1e-9);
  EXPECT_NEAR(report.results[1].value, 0, 1e-5);

  const auto refused = [&](const at::Tensor& covariance, const char* shape) {
    data::write_zip(folder / "bad.npz", {{"mu.npy", member(made.pooled->mean, "<f8", "(6,)")},
                                         {"sigma.npy", member(covariance, "<f8", shape)}});
    return thrown<DataError>([&] { read_statistics(folder / "bad.npz"); });
  };
  EXPECT_NE(refused(at::zeros({5, 5}, at::kDouble), "(5, 5)").find("do not fit each other"), std::string::npos);
  EXPECT_NE(refused(at::full({6, 6}, NAN, at::kDouble), "(6, 6)").find("not all finite"), std::string::npos);
  EXPECT_NE(refused(random({6, 6}, 1).to(at::kDouble), "(6, 6)").find("hold no covariance"), std::string::npos);
  const at::Tensor indefinite = at::ones({6, 6}, at::kDouble) - 0.5 * at::eye(6, at::kDouble);
  EXPECT_NE(refused(indefinite, "(6, 6)").find("eigenvalues below 0"), std::string::npos) << "of -0.5, 5 times";
}

TEST(Reference, IsSavedAndLoaded) {
  const TemporaryFolder folder;
  const std::filesystem::path path = folder / "r.safetensors";
  const Reference made = reference_of(features(30, 1), Listed(30));
  save_reference(path, made, "a network");
  const Reference read = load_reference(path, "a network");
  EXPECT_TRUE(read.pooled->mean.equal(made.pooled->mean) && read.spatial->covariance.equal(made.spatial->covariance));
  EXPECT_TRUE(read.features.equal(made.features));
  Features spatial_alone;
  spatial_alone.spatial = random({30, 4}, 2);
  save_reference(folder / "s.safetensors", reference_of(spatial_alone, Listed(30)), "a network");
  EXPECT_FALSE(load_reference(folder / "s.safetensors", "a network").pooled.has_value());
  EXPECT_EQ(read.pictures, 30);
  EXPECT_EQ(read.width, 2);
  EXPECT_NE(thrown<CheckpointError>([&] { load_reference(path, "another"); }).find("(a network, not another)"),
            std::string::npos);
  checkpoint::save_safetensors(path, {{"x", at::zeros({1})}});
  EXPECT_NE(thrown<CheckpointError>([&] { load_reference(path, "a network"); }).find("holds no statistics"),
            std::string::npos);
}

}  // namespace
}  // namespace pixnerd::eval
