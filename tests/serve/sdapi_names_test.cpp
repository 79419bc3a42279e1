#include "serve/sdapi_names.h"

#include <gtest/gtest.h>

#include "tests/serve/served_model.h"

namespace pixnerd::serve {
namespace {

using diffusion::SolverKind;
using Size = std::array<int64_t, 2>;

TEST(NearestSampler, KnowsThoseOfOtherServers) {
  for (const auto& [name, solver] :
       std::initializer_list<std::pair<const char*, SolverKind>>{{"Euler a", SolverKind::euler},
                                                                 {"euler_ancestral", SolverKind::euler},
                                                                 {"k_euler", SolverKind::euler},
                                                                 {"DDIM", SolverKind::euler},
                                                                 {"DPM++ 2M SDE Karras", SolverKind::dpm},
                                                                 {"dpmpp_3m_sde", SolverKind::dpm},
                                                                 {"DPM2 a Karras", SolverKind::heun},
                                                                 {"dpm_2_ancestral", SolverKind::heun},
                                                                 {"UniPC", SolverKind::dpm},
                                                                 {"LMS Karras", SolverKind::adams},
                                                                 {"PLMS", SolverKind::adams}}) {
    const auto nearest = nearest_sampler(name);
    ASSERT_TRUE(nearest) << name;
    EXPECT_EQ(nearest->solver, solver) << name;
  }
  EXPECT_FALSE(nearest_sampler(""));
  EXPECT_FALSE(nearest_sampler("quantum"));
}

TEST(NearestSampler, KnowsOurOwnByBothNames) {
  for (const SamplerName& sampler : sampler_names()) {
    for (const std::string& name : {std::string(sampler.name), config::enum_name(sampler.solver)}) {
      const auto nearest = nearest_sampler(name);
      ASSERT_TRUE(nearest) << name;
      EXPECT_EQ(nearest->solver, sampler.solver) << name;
      EXPECT_TRUE(nearest->is_itself) << name;
    }
  }
  EXPECT_FALSE(nearest_sampler("Euler a")->is_itself);
}

TEST(SizeNear, KeepsWhatTheNetworkCanDraw) {
  const ServedModel model = emoji_like();
  for (const Size size : {Size{64, 64}, Size{128, 128}, Size{8, 8}, Size{256, 64}}) {
    EXPECT_EQ(size_near(size, model, {}), size);
  }
}

TEST(SizeNear, ScalesItsOwnToTheShapeAskedFor) {
  const ServedModel model = emoji_like();
  EXPECT_EQ(size_near({512, 512}, model, {}), (Size{64, 64}));
  EXPECT_EQ(size_near({1024, 512}, model, {}), (Size{88, 48}));
  EXPECT_EQ(size_near({65, 64}, model, {}), (Size{64, 64}));
  EXPECT_EQ(size_near({16'384, 1}, model, {}), (Size{128, 32}));
  EXPECT_EQ(size_near({1, 16'384}, model, {}), (Size{32, 128}));
}

TEST(SizeNear, HoldsTheServersLimits) {
  RequestLimits limits;
  limits.tokens = 64;
  EXPECT_EQ(size_near({128, 128}, emoji_like(), limits), (Size{64, 64}));
}

TEST(TitleOf, HasTheHashInBrackets) {
  EXPECT_EQ(title_of(emoji_like()), "emoji [0123456789]");
}

}  // namespace
}  // namespace pixnerd::serve
