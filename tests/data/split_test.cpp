#include "data/split.h"

#include <set>

#include "tests/data/folders.h"

namespace pixnerd::data {
namespace {

std::set<std::string> names_of(const PictureSet& set, const std::vector<int64_t>& indices) {
  std::set<std::string> names;
  for (const int64_t index : indices) names.insert(set.name(index));
  return names;
}

TEST(Split, EveryPictureIsOnOneSideAndEveryClassStaysInTraining) {
  TemporaryFolder folder;
  write_data_set(folder, 10, 4);
  write_text(folder / "lonely/1.png", "");
  const auto set = folder_at(folder.path());
  const Split parts = split(*set, 0.25, 7);
  EXPECT_EQ(parts.held_out.size(), 10u);
  EXPECT_EQ(parts.training.size(), 31u);
  std::set<int64_t> all(parts.training.begin(), parts.training.end()), labels;
  all.insert(parts.held_out.begin(), parts.held_out.end());
  EXPECT_EQ(all.size(), 41u);
  for (const int64_t index : parts.training) labels.insert(set->label(index));
  EXPECT_EQ(labels.size(), 11u);
}

TEST(Split, DependsOnNamesAndSeedNotOnWhatElseIsThere) {
  TemporaryFolder folder;
  write_data_set(folder, 4, 10);
  const auto set = folder_at(folder.path());
  const auto held_out = names_of(*set, split(*set, 0.2, 7).held_out);
  EXPECT_EQ(held_out, names_of(*set, split(*set, 0.2, 7).held_out));
  EXPECT_NE(held_out, names_of(*set, split(*set, 0.2, 8).held_out));
  EXPECT_TRUE(split(*set, 0.0, 7).held_out.empty());
}

// What looks at the first ones alone sees all classes, and the same pictures each time.
TEST(Split, TheFirstOnesHeldOutAreASampleOfThem) {
  TemporaryFolder folder;
  write_data_set(folder, 20, 20);
  const auto set = folder_at(folder.path());
  const std::vector<int64_t> held_out = split(*set, 0.5, 7).held_out;
  ASSERT_EQ(held_out.size(), 200u);
  const std::vector<int64_t> first(held_out.begin(), held_out.begin() + 40);
  std::set<int64_t> labels;
  for (const int64_t index : first) labels.insert(set->label(index));
  EXPECT_GT(labels.size(), 14u);  // 17.5 are expected of 40 draws of 20
  EXPECT_EQ(held_out, split(*set, 0.5, 7).held_out);
}

TEST(Split, NeverTakesTheOnlyPictureOfAClassAndSaysSo) {
  TemporaryFolder folder;
  write_data_set(folder, 9, 1);
  const auto set = folder_at(folder.path());
  CapturedLog log;
  const Split parts = split(*set, 0.05, 7);
  EXPECT_TRUE(parts.held_out.empty());
  EXPECT_EQ(parts.training.size(), 9u);
  ASSERT_EQ(log.lines().size(), 1u);
  expect_contains(log.lines()[0], "data.held_out 0.05 holds none of the 9 pictures out");
}

TEST(Split, HoldsOneOutOfAFew) {
  TemporaryFolder folder;
  write_data_set(folder, 2, 2);
  EXPECT_EQ(split(*folder_at(folder.path()), 0.05, 7).held_out.size(), 1u);
}

TEST(Subset, ShowsThePicturesItWasGiven) {
  TemporaryFolder folder;
  write_data_set(folder, 2, 3);
  const auto whole = folder_at(folder.path());
  const auto part = subset(whole, {1, 4});
  ASSERT_EQ(part->size(), 2);
  EXPECT_EQ(part->name(1), whole->name(4));
  EXPECT_EQ(part->label(1), 1);
  EXPECT_EQ(part->classes(), whole->classes());
  EXPECT_EQ(part->read(0).rgb, whole->read(1).rgb);
  EXPECT_THROW(part->name(2), std::out_of_range);
}

TEST(Fingerprint, ChangesWithNamesAndLabels) {
  TemporaryFolder folder;
  write_data_set(folder, 2, 3);
  const uint64_t before = fingerprint(*folder_at(folder.path()));
  EXPECT_EQ(before, fingerprint(*folder_at(folder.path())));
  std::filesystem::rename(folder / "a/100.png", folder / "a/100x.png");
  EXPECT_NE(before, fingerprint(*folder_at(folder.path())));
  std::filesystem::rename(folder / "a/100x.png", folder / "b/100.png");
  EXPECT_NE(before, fingerprint(*folder_at(folder.path())));
}

}  // namespace
}  // namespace pixnerd::data
