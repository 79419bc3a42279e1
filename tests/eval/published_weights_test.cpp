#include "eval/published_weights.h"

#include <gtest/gtest.h>

#include <fstream>
#include <string>

#include "core/errors.h"
#include "eval/metric.h"
#include "tests/core/temporary_folder.h"

namespace pixnerd::eval {
namespace {

TEST(PublishedWeights, ANameThatPromisesAHashIsHeldToIt) {
  const TemporaryFolder folder;
  const auto write = [&](const std::string& name) {
    std::ofstream(folder / name) << "abc";  // SHA-256 ba7816bf...
    return folder / name;
  };
  EXPECT_FALSE(is_published_inception(write("mine.pth")));
  EXPECT_FALSE(is_published_inception(write("inception-2015-12-05-ba7816bf.pth")));
  for (const char* name : {"pt_inception-2015-12-05-6726825d.pth", "weights-inception-2015-12-05-6726825d.pth"}) {
    EXPECT_THROW(is_published_inception(write(name)), CheckpointError) << name;
  }
  EXPECT_FALSE(is_published_inception(write("pt_inception-2015-12-05.pth")));  // promises nothing
  EXPECT_EQ(std::string(kInceptionSha256).size(), 64U);
}

TEST(Metric, IsCalledByTheNetworkThatLooks) {
  EXPECT_STREQ(name_of(Metric::fid), "fid");
  EXPECT_STREQ(name_of(Metric::fid, FeatureNetwork::dinov2), "fd");
  EXPECT_STREQ(name_of(Metric::kid, FeatureNetwork::efficientnet_lite), "kd");
  EXPECT_STREQ(name_of(Metric::recall, FeatureNetwork::dinov2), "recall");
  EXPECT_STREQ(name_of(Metric::sfid), "sfid");
}

}  // namespace
}  // namespace pixnerd::eval
