#include "data/inspect.h"

#include "data/shards.h"
#include "tests/data/tars.h"

namespace pixnerd::data {
namespace {

class Counted : public Progress {
 public:
  void update(int64_t done, int64_t total, std::string_view note) override {
    EXPECT_EQ(done, calls++);  // the first says that nothing is done yet
    EXPECT_LE(done, total);
    last_note = note;
  }
  int64_t calls = 0;
  std::string last_note;
};

Inspection inspected(const std::filesystem::path& path, bool styles = false, int64_t threads = 2) {
  DataConfig config;
  config.path = path.string();
  config.styles = styles;
  const auto set = open_pictures(config);
  Counted progress;
  Inspection all = inspect(*set, threads, progress);
  EXPECT_EQ(progress.calls, set->size() + 1);
  EXPECT_EQ(progress.last_note.empty(), all.broken.empty());
  return all;
}

TEST(Inspect, CountsAFolder) {
  TemporaryFolder folder;
  write_picture(folder / "set/a/x.png", marked_picture(4, 1));
  write_picture(folder / "set/a/y.png", marked_picture(4, 2));
  write_picture(folder / "set/b/x.png", marked_picture(9, 3));
  write_text(folder / "set/b/z.png", "no picture");
  for (const int64_t threads : {1, 7}) {
    const Inspection all = inspected(folder / "set", true, threads);
    EXPECT_EQ(all.pictures, 4);
    EXPECT_EQ(all.classes, (std::vector<int64_t>{2, 2}));
    EXPECT_EQ(all.styles, (std::vector<int64_t>{2, 1, 1}));
    EXPECT_EQ(all.unlabelled, 0);
    EXPECT_EQ(all.unstyled, 0);
    EXPECT_EQ(all.sizes, (std::map<std::pair<int, int>, int64_t>{{{4, 4}, 2}, {{9, 9}, 1}}));
    uint64_t bytes = 0;
    for (const char* name : {"a/x.png", "a/y.png", "b/x.png", "b/z.png"}) {
      bytes += std::filesystem::file_size(folder / "set" / name);
    }
    EXPECT_EQ(all.bytes, bytes);
    ASSERT_EQ(all.broken.size(), 1u);
    EXPECT_EQ(all.broken[0].name, "b/z.png");
    expect_contains(all.broken[0].reason, "is not a PNG, JPEG, WebP, GIF");
  }
}

TEST(Inspect, CountsShards) {
  TemporaryFolder folder;
  const std::string entries = tar_sample("1", 1, R"({"label": 2, "caption": {"en": ["a", "b"], "de": "c"}})") +
                              tar_sample("2", 1, R"({"label": 0, "style": "flat", "caption": "d"})") +
                              tar_sample("3", 1, "{}") + tar_entry("4.png", "no picture") + tar_entry("4.cls", "1") +
                              kTarEnd;
  write_text(folder / "set/0.tar", entries);
  const Inspection all = inspected(folder / "set", true);
  EXPECT_EQ(all.pictures, 4);
  EXPECT_EQ(all.classes, (std::vector<int64_t>{1, 1, 1}));
  EXPECT_EQ(all.unlabelled, 1);
  EXPECT_EQ(all.styles, (std::vector<int64_t>{1}));
  EXPECT_EQ(all.unstyled, 3);
  EXPECT_EQ(all.captions, (std::map<std::string, int64_t>{{"", 1}, {"de", 1}, {"en", 2}}));
  EXPECT_EQ(all.bytes, entries.size());
  ASSERT_EQ(all.broken.size(), 1u);
  EXPECT_EQ(all.broken[0].name, "0.tar/4");
}

TEST(Inspect, TellsOfFoldersInClassFolders) {
  TemporaryFolder folder;
  for (const char* name : {"a/0.png", "a/more/1.png", "b/c/d/2.png"})
    write_picture(folder / name, marked_picture(4, 1));
  const Inspection all = inspected(folder.path());
  EXPECT_EQ(all.nested, 2);
  EXPECT_EQ(all.first_nested, "a/more/1.png");
}

TEST(Inspect, NothingToReadIsAnErrorWithTheFirstReason) {
  TemporaryFolder folder;
  write_text(folder / "set/b/z.png", "no picture");
  expect_contains(error_of([&] { inspected(folder / "set"); }),
                  "none of its 1 picture can be read; the first: picture '");
}

TEST(Inspect, CountsWhatIsDoneWithPictures) {
  TemporaryFolder folder;
  std::filesystem::create_directories(folder / "set/a");
  for (const char* name : {"exif_rotated.jpg", "exif6.png", "grey16.png", "rgba8.png", "grey_alpha8.png"}) {
    std::filesystem::copy(std::filesystem::path("tests/image/data") / name, folder / "set/a" / name);
  }
  write_text(folder / "set/a/rgba8.txt", "a caption");
  const Inspection all = inspected(folder / "set");
  EXPECT_EQ(all.uncaptioned, 4);
  using Names = std::vector<std::string>;
  EXPECT_EQ(all.treatment.lines({}),
            (Names{"2 of 5 pictures have an EXIF orientation, which is ignored: data.orientation exif follows it",
                   "1 of 5 pictures is grey of 16 bits, clipped to 8 as Pillow does: what is above 255 turns white",
                   "2 of 5 pictures have an alpha channel, which is dropped: a background shows what it hides",
                   "2 of 5 pictures are grey and count as colour whose channels are equal"}));
  const Names treated = all.treatment.lines({image::Colour{}, Orientation::exif});
  EXPECT_EQ(treated[0], "2 of 5 pictures have an EXIF orientation, which is followed");
  EXPECT_EQ(treated[2], "2 of 5 pictures have an alpha channel and lie on the background");
}

}  // namespace
}  // namespace pixnerd::data
