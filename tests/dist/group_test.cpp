#include "dist/group.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/full.h>
#include <ATen/ops/zeros.h>
#include <c10/core/GradMode.h>

#include <atomic>
#include <map>

#include "dist/exchange.h"
#include "dist/gradient_reducer.h"
#include "dist/parcels.h"
#include "tests/dist/several.h"

namespace pixnerd::dist {
namespace {

TEST(Group, OfOneNeedsNobody) {
  const auto group = Group::alone();
  EXPECT_TRUE(group->is_first());
  EXPECT_EQ(group->gather(at::full({2}, 3.0F)).sizes(), (std::vector<int64_t>{1, 2}));
  EXPECT_TRUE(group->any(true));
  EXPECT_EQ(group->broadcast(std::string("text")), "text");
  group->finish();
}

class Several : public testing::TestWithParam<int64_t> {};

TEST_P(Several, GatherAndBroadcast) {
  in_ranks(GetParam(), [](const std::shared_ptr<Group>& group) {
    const auto rank = static_cast<float>(group->rank());
    const at::Tensor all = group->gather(at::full({2, 3}, rank));
    for (int64_t i = 0; i < group->size(); ++i) EXPECT_EQ(all[i][1][2].item<float>(), static_cast<float>(i));
    EXPECT_TRUE(group->any(group->rank() == 1));
    EXPECT_FALSE(group->any(false));
    EXPECT_EQ(group->broadcast(group->is_first() ? std::string("of the first") : ""), "of the first");
    EXPECT_EQ(group->broadcast(std::string()), "");
  });
}

TEST_P(Several, WhatIsSharedOutIsMadeWhole) {
  in_ranks(GetParam(), [](const std::shared_ptr<Group>& group) {
    const std::vector<int64_t> sizes{5, 70, 1, 33};
    const Layout layout(sizes, group->size(), 40);
    const auto value = [](const Slice& slice, int64_t i) { return static_cast<float>(1000 * slice.tensor + i); };
    std::vector<at::Tensor> own, whole, first;
    for (const Slice& slice : layout.slices(group->rank())) {
      own.push_back(at::arange(slice.begin, slice.end).to(at::kFloat) + 1000.0 * static_cast<double>(slice.tensor));
    }
    for (const int64_t size : sizes) whole.push_back(at::zeros({size}));
    if (group->is_first()) {
      for (const int64_t size : sizes) first.push_back(at::zeros({size}));
    }
    make_whole(*group, layout, own, whole);
    collect(*group, layout, own, first);
    for (size_t i = 0; i < sizes.size(); ++i) {
      EXPECT_EQ(whole[i][sizes[i] - 1].item<float>(), value({i, 0, 0}, sizes[i] - 1));
      if (group->is_first()) {
        EXPECT_TRUE(at::equal(first[i], whole[i]));
      }
    }
  });
}

// Numbers whose sum depends on the order: what comes out must be the sum in the order of the ranks, bit for bit, at
// every place; and gradients that were there before count.
void expect_sums_in_order(int64_t ranks, Transport transport) {
  const std::vector<int64_t> sizes{3, 130, 64, 17};
  const auto gradient = [&](int64_t rank, size_t tensor) {
    const auto base = at::arange(sizes[tensor]).to(at::kFloat).add_(static_cast<double>(tensor) + 1.0);
    return base.mul(static_cast<double>(rank) * 7919.0 + 0.1).sin().mul(rank % 2 == 0 ? 1e6 : 1e-3);
  };
  in_ranks(ranks, [&](const std::shared_ptr<Group>& group) {
    std::vector<at::Tensor> parameters;
    for (const int64_t size : sizes) parameters.push_back(at::zeros({size}).requires_grad_());
    const Layout layout(sizes, group->size(), 60);
    GradientReducer reducer(parameters, layout, group, transport);
    for (int round = 0; round < 3; ++round) {
      for (at::Tensor& each : parameters) each.mutable_grad().reset();
      const auto loss = [&] {
        at::Tensor sum = at::zeros({});
        for (size_t i = 0; i < sizes.size(); ++i) sum = sum + (parameters[i] * gradient(group->rank(), i)).sum();
        return sum;
      };
      loss().backward();  // a micro batch that is not the last
      const at::Tensor last = loss();
      reducer.reduce_in(last, [&] { last.backward(); });
      for (const Slice& slice : layout.slices(group->rank())) {
        at::Tensor expected;
        for (int64_t rank = 0; rank < ranks; ++rank) {
          const at::Tensor each = 2 * gradient(rank, slice.tensor).narrow(0, slice.begin, slice.size());
          expected = rank == 0 ? each : expected + each;
        }
        EXPECT_TRUE(at::equal(parameters[slice.tensor].grad().narrow(0, slice.begin, slice.size()), expected));
      }
      // Each changes its own slices, and all get them.
      const c10::NoGradGuard no_grad;
      for (const Slice& slice : layout.slices(group->rank())) {
        parameters[slice.tensor].narrow(0, slice.begin, slice.size()).fill_(group->rank() + 10.0 * round);
      }
      reducer.share_parameters();
      for (int64_t rank = 0; rank < ranks; ++rank) {
        for (const Slice& slice : layout.slices(rank)) {
          EXPECT_EQ(parameters[slice.tensor][slice.begin].item<double>(), rank + 10.0 * round);
          EXPECT_EQ(parameters[slice.tensor][slice.end - 1].item<double>(), rank + 10.0 * round);
        }
      }
    }
  });
}

TEST_P(Several, GradientsAreSummedInTheOrderOfTheRanks) {
  expect_sums_in_order(GetParam(), Transport::fastest);
}

TEST_P(Several, AndByMessagesAsWell) {
  expect_sums_in_order(GetParam(), Transport::messages);
}

TEST_P(Several, ParcelsOfAllReachTheFirst) {
  std::map<int64_t, std::vector<uint8_t>> arrived;
  in_ranks(GetParam(), [&](const std::shared_ptr<Group>& group) {
    Parcels parcels(group, [&](Parcel parcel) { arrived[parcel.number] = std::move(parcel.bytes); });
    for (int64_t i = 0; i < 5 * group->rank(); ++i) {
      const int64_t number = 100 * group->rank() + i;
      parcels.send({number, 1, i, std::vector<uint8_t>(static_cast<size_t>(i), static_cast<uint8_t>(number))});
    }
    parcels.finish();
    EXPECT_TRUE(group->any(group->is_first()));  // other calls are possible again
  });
  for (int64_t rank = 1; rank < GetParam(); ++rank) {
    for (int64_t i = 0; i < 5 * rank; ++i) {
      const int64_t number = 100 * rank + i;
      EXPECT_EQ(arrived[number], std::vector<uint8_t>(static_cast<size_t>(i), static_cast<uint8_t>(number)));
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Ranks, Several, testing::Values(2, 3, 4));

TEST(Group, WhoFailsIsNamedToTheOthers) {
  std::atomic<int> told = 0;
  EXPECT_THROW(in_ranks(3,
                        [&](const std::shared_ptr<Group>& group) {
                          if (group->rank() == 2) throw DataError("the disk is full");
                          try {
                            for (;;) group->any(false);
                          } catch (const PeerError& error) {
                            const std::string said = error.what();
                            EXPECT_NE(said.find("rank 2 of 3"), std::string::npos) << said;
                            EXPECT_NE(said.find("the disk is full"), std::string::npos) << said;
                            ++told;
                            throw;
                          }
                        }),
               PeerError);
  EXPECT_EQ(told, 2);
}

}  // namespace
}  // namespace pixnerd::dist
