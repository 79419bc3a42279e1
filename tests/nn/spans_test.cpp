#include "nn/spans.h"

#include <ATen/Parallel.h>
#include <gtest/gtest.h>

#include <mutex>
#include <vector>

#include "nn/share.h"

namespace pixnerd::nn {
namespace {

constexpr int64_t kWorkOfRow = 10'000'000;

std::vector<Span> shared(const Spans& spans) {
  std::mutex mutex;
  std::vector<Span> all(static_cast<size_t>(spans.count()), Span{-1, -1, -1, -1});
  spans.share([&](const Span& span) {
    const std::lock_guard lock(mutex);
    EXPECT_EQ(all.at(span.number).number, -1) << "visited twice";
    all.at(span.number) = span;
  });
  return all;
}

TEST(SpansTest, TheyCoverEveryRowOnceAndNoneHasRowsOfTwoSamples) {
  for (const bool by_team : {false, true}) {
    const TeamScope team(by_team);
    for (const int64_t samples : {1, 3, 100}) {
      for (const int64_t rows : {1, 7, 256, 1000}) {
        const Spans spans(samples, rows, kWorkOfRow);
        int64_t row = 0;
        for (const Span& span : shared(spans)) {
          EXPECT_EQ(span.begin, row);
          EXPECT_LT(span.begin, span.end);
          EXPECT_EQ(span.begin / rows, (span.end - 1) / rows);
          EXPECT_EQ(span.part, span.number % spans.parts());
          row = span.end;
        }
        EXPECT_EQ(row, samples * rows);
      }
    }
  }
}

TEST(SpansTest, ThreadsDoNotChangeThemAndLittleWorkIsOneOfASample) {
  const int before = at::get_num_threads();
  for (const int threads : {1, 3, 16}) {
    at::set_num_threads(threads);
    EXPECT_EQ(Spans(1, 1000, kWorkOfRow).count(), 64);
    EXPECT_EQ(Spans(4, 1000, kWorkOfRow).count(), 64);
    EXPECT_EQ(Spans(5, 1000, 10).count(), 5);
  }
  at::set_num_threads(before);
}

TEST(SpansTest, OfNoRowsThereIsNothingToVisit) {
  int visited = 0;
  Spans(0, 5, kWorkOfRow).share([&](const Span&) { ++visited; });
  EXPECT_EQ(visited, 0);
}

TEST(SpansTest, SumsAreAddedUp) {
  SpanSums sums(3, 2, 2);
  for (int64_t number = 0; number < 3; ++number) sums.of(number)[1] = static_cast<float>(number + 1);
  const at::Tensor total = sums.total();
  EXPECT_EQ(total.sizes(), (std::vector<int64_t>{2, 2}));
  EXPECT_EQ(total[0][1].item<float>(), 6);
  EXPECT_EQ(total.sum().item<float>(), 6);
}

}  // namespace
}  // namespace pixnerd::nn
