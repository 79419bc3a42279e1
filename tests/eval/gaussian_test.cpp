#include "eval/gaussian.h"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <gtest/gtest.h>

#include "core/errors.h"
#include "tests/core/thrown.h"

namespace pixnerd::eval {
namespace {

at::Tensor diagonal(std::vector<double> values) {
  return at::diag(at::tensor(values, at::kDouble));
}

TEST(Gaussian, HasTheUnbiasedCovariance) {
  const at::Tensor features = at::tensor({0.0F, 1.0F, 2.0F, 5.0F, 4.0F, 0.0F}).view({3, 2});
  const Gaussian gaussian = gaussian_of(features);
  EXPECT_TRUE(gaussian.mean.equal(at::tensor({2.0, 2.0}, at::kDouble)));
  EXPECT_TRUE(at::allclose(gaussian.covariance, at::tensor({4.0, -1.0, -1.0, 7.0}, at::kDouble).view({2, 2})));
}

TEST(Gaussian, OfRowsIsThatOfTheRowsAlone) {
  const at::Tensor features = at::rand({9000, 3}, at::make_generator<at::CPUGeneratorImpl>(1));
  const at::Tensor rows = at::arange(8999, -1, -1, at::kLong).remainder(6000);  // more than one block, with repeats
  const Gaussian expected = gaussian_of(features.index_select(0, rows)), gaussian = gaussian_of(features, rows);
  EXPECT_TRUE(at::allclose(gaussian.mean, expected.mean, 1e-12));
  EXPECT_TRUE(at::allclose(gaussian.covariance, expected.covariance, 1e-12));
  EXPECT_TRUE(at::allclose(expected.covariance, features.index_select(0, rows).to(at::kDouble).t().cov(), 1e-10));
}

TEST(Gaussian, OfOnePictureIsRefused) {
  const std::string message = thrown<DataError>([] { gaussian_of(at::zeros({1, 4})); });
  EXPECT_NE(message.find("at least two pictures, there is 1"), std::string::npos) << message;
}

// For commuting covariances the distance is |m1 - m2|^2 + sum (sqrt a - sqrt b)^2.
TEST(Gaussian, WhatIsNoCovarianceIsTold) {
  EXPECT_TRUE(is_covariance(diagonal({1, 4, 0})));
  EXPECT_TRUE(is_covariance(diagonal({0, 0})));
  EXPECT_TRUE(is_covariance(diagonal({1, 4, -1e-7}) + 1e-7)) << "rounding";
  const at::Tensor fewer_than_features = at::rand({9, 20}, at::make_generator<at::CPUGeneratorImpl>(2));
  EXPECT_TRUE(is_covariance(gaussian_of(fewer_than_features).covariance.to(at::kFloat)));
  EXPECT_FALSE(is_covariance(at::tensor({1.0, 5.0, 5.0, 1.0}, at::kDouble).view({2, 2}))) << "eigenvalues 6 and -4";
  EXPECT_FALSE(is_covariance(at::tensor({1.0, 0.5, 0.0, 1.0}, at::kDouble).view({2, 2}))) << "not symmetric";
  EXPECT_FALSE(is_covariance(diagonal({1, -1})));
}

TEST(FrechetDistance, OfDiagonalCovariancesIsTheClosedForm) {
  const Gaussian a{at::tensor({1.0, 2.0, 3.0}, at::kDouble), diagonal({1, 4, 0})};
  const Gaussian b{at::tensor({1.0, 4.0, 3.0}, at::kDouble), diagonal({9, 4, 25})};
  EXPECT_NEAR(FrechetDistance(a).to(b), 4 + 4 + 0 + 25, 1e-12);
  EXPECT_NEAR(FrechetDistance(b).to(a), 33, 1e-12);
  EXPECT_NEAR(FrechetDistance(a).to(a), 0, 1e-12);
}

TEST(FrechetDistance, OfNumbersThatAreNotFiniteIsRefused) {
  const Gaussian broken{at::zeros({2}, at::kDouble), diagonal({NAN, 1})};
  EXPECT_NE(thrown<DataError>([&] { FrechetDistance{broken}; }).find("eigenvalues"), std::string::npos);
}

TEST(FrechetDistance, RefusesOtherDimensions) {
  const Gaussian a{at::zeros({3}, at::kDouble), diagonal({1, 1, 1})}, b{at::zeros({2}, at::kDouble), diagonal({1, 1})};
  const std::string message = thrown<DataError>([&] { FrechetDistance(a).to(b); });
  EXPECT_NE(message.find("features of 2 numbers cannot be compared with a reference of 3"), std::string::npos)
      << message;
}

}  // namespace
}  // namespace pixnerd::eval
