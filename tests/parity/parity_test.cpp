// That a golden case which nobody replays is no success.
#include "tests/parity/parity.h"

#include <ATen/ops/full.h>
#include <ATen/ops/ones.h>
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <sstream>

#include "tests/core/temporary_folder.h"

namespace pixnerd::parity {
namespace {

constexpr const char* kGolden = "tests/golden";

class GoldenFolder : public testing::Test {
 protected:
  // The golden case of this name, with its file where it is.
  static nlohmann::json golden_case(const std::string& name) {
    std::ifstream file(std::filesystem::path(kGolden) / "manifest.json");
    const nlohmann::json manifest = nlohmann::json::parse(file);
    for (nlohmann::json entry : manifest.at("cases")) {
      if (entry.at("name") != name) continue;
      entry["file"] = std::filesystem::absolute(std::filesystem::path(kGolden) / entry.at("file")).string();
      return entry;
    }
    throw std::runtime_error("no such case");
  }

  static nlohmann::json of_kind(nlohmann::json entry, const std::string& kind) {
    entry["kind"] = kind;
    return entry;
  }

  bool run(const std::vector<nlohmann::json>& cases) {
    std::ofstream(folder_ / "manifest.json") << nlohmann::json{{"cases", cases}};
    std::ostringstream printed;
    const bool right = run_folder(folder_.path(), printed);
    said_ = printed.str();
    return right;
  }

  bool says(const std::string& part) const { return said_.find(part) != std::string::npos; }

  TemporaryFolder folder_;
  std::string said_;
  const nlohmann::json good_ = golden_case("noise");
};

TEST_F(GoldenFolder, OfCasesThatAgreeSucceeds) {
  EXPECT_TRUE(run({good_})) << said_;
  EXPECT_TRUE(says("1 passed, 0 failed")) << said_;
}

TEST_F(GoldenFolder, WithAnUnknownKindFails) {
  EXPECT_FALSE(run({good_, of_kind(good_, "nois")}));
  EXPECT_TRUE(says("there is no kind nois")) << said_;
  nlohmann::json without = good_;
  without.erase("kind");
  EXPECT_FALSE(run({good_, without}));
}

TEST_F(GoldenFolder, WithACaseThatCannotBeReplayedFails) {
  EXPECT_FALSE(run({good_, of_kind(good_, "time_grid")}));
  EXPECT_FALSE(run({}));
}

TEST_F(GoldenFolder, WhatIsNoNumberIsFarFromEverything) {
  Case golden(good_, folder_.path());
  golden.compare("an equal value", at::ones({2}), at::ones({2}), 1e-3);
  EXPECT_TRUE(golden.passed());
  golden.compare("not a number", at::full({2}, NAN), at::ones({2}), 1e-3);
  EXPECT_FALSE(golden.passed());
}

}  // namespace
}  // namespace pixnerd::parity
