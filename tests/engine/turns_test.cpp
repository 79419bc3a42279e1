#include "engine/turns.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <string>

namespace pixnerd::engine {
namespace {

using Candidate = Turns<std::string>::Candidate;

TEST(Turns, EachGetsAnEqualShareOfTheCost) {
  Turns<std::string> turns;
  const std::vector<Candidate> candidates{{"small", 1}, {"large", 7.5}, {"middle", 3}};
  std::map<std::string, double> cost;
  for (int i = 0; i < 3000; ++i) {
    const Candidate& served = candidates[turns.next(candidates)];
    cost[served.key] += served.cost;
  }
  EXPECT_NEAR(cost["large"] / cost["small"], 1, .02);
  EXPECT_NEAR(cost["middle"] / cost["small"], 1, .02);
}

TEST(Turns, ANewcomerWaitsForOneOfEachOfTheOthersAtMost) {
  std::mt19937 random(1);
  for (int round = 0; round < 200; ++round) {
    Turns<int> turns;
    std::vector<Turns<int>::Candidate> candidates;
    for (int i = 0; i < 6; ++i) candidates.push_back({i, std::uniform_real_distribution(.1, 100.)(random)});
    const auto before = random() % 50;
    for (size_t i = 0; i < before; ++i) turns.next(candidates);
    candidates.push_back({99, 1000, true});
    std::map<int, int> served;
    while (true) {
      const int key = candidates[turns.next(candidates)].key;
      if (key == 99) break;
      EXPECT_LE(++served[key], 1);
    }
  }
}

TEST(Turns, WhoAlwaysHasANewcomerStarvesNobody) {
  Turns<std::string> turns;
  const std::vector<Candidate> candidates{{"busy", 1, true}, {"quiet", 1}};
  std::map<std::string, int> served;
  for (int i = 0; i < 100; ++i) ++served[candidates[turns.next(candidates)].key];
  EXPECT_GE(served["quiet"], 40);
}

TEST(Turns, OneAloneIsAlwaysServed) {
  Turns<std::string> turns;
  for (int i = 0; i < 5; ++i) EXPECT_EQ(turns.next({{"only", 1e9}}), 0U);
}

}  // namespace
}  // namespace pixnerd::engine
