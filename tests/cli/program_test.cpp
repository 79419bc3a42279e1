#include <ATen/ops/zeros.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <span>
#include <sstream>

#include "core/text.h"
#include "data/npz.h"
#include "image/codec.h"
#include "models/precision.h"
#include "tests/cli/program.h"
#include "tests/image/pictures.h"
#include "tests/image/test_fonts.h"
#include "tests/sample/tiny_model.h"

namespace pixnerd::cli {
namespace {

using image::distance;
using image::Image;
using image::read_image;
using Arguments = std::vector<std::string>;

class ProgramTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = new TemporaryFolder;
    sample::write_tiny_model(file("tiny.safetensors"), sample::tiny_description());
  }
  static void TearDownTestSuite() { delete folder_; }

  static std::string file(const std::string& name) { return (*folder_ / name).string(); }

  // `pixnerd sample` from the tiny checkpoint into a file or folder of this test's own.
  Outcome sample(const Arguments& more, const std::string& out = "grid.png") const {
    Arguments arguments{"sample", "--checkpoint", file("tiny.safetensors"), "--out", path(out), "--threads", "1"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return program_(arguments);
  }

  std::string path(const std::string& name) const { return (own_ / name).string(); }

  Image picture(const Arguments& more) const {
    Arguments arguments = more;
    arguments.emplace_back("--overwrite");
    const Outcome outcome = sample(arguments, "picture.png");
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    return read_image(path("picture.png"));
  }

  // The pictures of a run into a folder.
  std::vector<Image> pictures(const std::string& name, int64_t count, const Arguments& more) const {
    const Outcome outcome = sample(more, name);
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    std::vector<Image> all;
    for (int64_t i = 0; i < count; ++i) all.push_back(read_image(path(name) + "/0000" + std::to_string(i) + ".png"));
    EXPECT_TRUE(std::filesystem::exists(path(name) + "/manifest.jsonl"));
    EXPECT_EQ(std::distance(std::filesystem::directory_iterator(path(name)), {}), count + 1);
    return all;
  }

  static TemporaryFolder* folder_;
  TemporaryFolder own_;
  Program program_;
};

TemporaryFolder* ProgramTest::folder_ = nullptr;

TEST_F(ProgramTest, HelpAndVersionSucceed) {
  const Outcome help = program_({"--help"});
  EXPECT_EQ(help.code, 0);
  EXPECT_TRUE(help.says("sample")) << help.out;
  EXPECT_TRUE(help.says("info"));
  EXPECT_EQ(help.err, "");
  const Outcome version = program_({"--version"});
  EXPECT_EQ(version.code, 0);
  EXPECT_TRUE(version.out.starts_with("pixnerd ")) << version.out;
}

TEST_F(ProgramTest, HelpOfSampleNamesEveryFlag) {
  const Outcome help = program_({"sample", "--help"});
  EXPECT_EQ(help.code, 0);
  for (const char* flag : {"--checkpoint", "--classes",
                           "--class",      "--count",
                           "--size",       "--steps",
                           "--solver",     "--order",
                           "--stochastic", "--noise-scale",
                           "--last-step",  "--last-step-stochastic",
                           "--guidance",   "--guidance-interval",
                           "--timeshift",  "--reuse",
                           "--seed",       "--batch",
                           "--dtype",      "--device",
                           "--threads",    "--out",
                           "--animate",    "--overwrite",
                           "--labels",     "--style"}) {
    EXPECT_TRUE(help.says(std::string("\n  ") + flag + " ")) << flag;
  }
}

TEST_F(ProgramTest, WrongUsageIsTwo) {
  expect_error(program_({}), 2, "--help");
  expect_error(program_({"smaple"}), 2, "did you mean sample?");
  expect_error(program_({"info"}), 2, "checkpoint");
  expect_error(program_({"sample", "--classes", "0", "--out", path("a.png")}), 2, "--checkpoint");
  expect_error(sample({}), 2, "--classes or --class");
  expect_error(sample({"--classes", "0", "--class", "pear"}), 2, "--class");
  expect_error(sample({"--classes", "0", "--stepz", "3"}), 2, "did you mean --steps?");
  expect_error(sample({"--classes", "0", "--steps", "3", "--steps", "4"}), 2, "--steps");
  expect_error(sample({"--classes"}), 2, "--classes");
  expect_error(sample({"--classes", "0", "--labels"}, "folder"), 2, "--labels");
  EXPECT_FALSE(std::filesystem::exists(path("folder")));
}

TEST_F(ProgramTest, WrongValuesAreWrongUsage) {
  const std::vector<std::pair<std::string, std::string>> flags = {
      {"--classes", "0,x"},
      {"--count", "0"},
      {"--size", "16"},
      {"--size", "16x"},
      {"--size", "0x8"},
      {"--steps", "0"},
      {"--steps", "1.5"},
      {"--steps", "1000000000"},
      {"--steps", "9223372036854775807"},
      {"--solver", "foo"},
      {"--order", "5"},
      {"--stochastic", "some"},
      {"--last-step", "2"},
      {"--guidance", "nan"},
      {"--guidance-interval", "0.1"},
      {"--guidance-interval", "0.1,0.2,0.3"},
      {"--guidance-interval", "1,0.1"},
      {"--timeshift", "0"},
      {"--reuse", "0"},
      {"--seed", "1.5"},
      {"--seed", "18446744073709551616"},
      {"--seed", "-9223372036854775809"},
      {"--batch", "0"},
      {"--dtype", "float64"},
      {"--device", "tpu"},
      {"--threads", "0"},
  };
  for (const auto& [flag, value] : flags) {
    Arguments arguments{flag, value};
    if (flag != "--classes") arguments.insert(arguments.end(), {"--classes", "0"});
    std::string name = flag.substr(2);
    if (value == "1,0.1") name = "guidance_interval";  // found with the checkpoint's settings, not by itself
    expect_error(sample(arguments), 2, name);
  }
}

TEST_F(ProgramTest, SettingsThatDoNotGoTogetherAreWrongUsage) {
  expect_error(sample({"--classes", "0", "--solver", "adams", "--stochastic", "sde"}), 2, "stochastic");
  expect_error(sample({"--classes", "0", "--reuse", "2", "--encode-steps", "0,2"}), 2, "reuse");
}

TEST_F(ProgramTest, FailuresAreOne) {
  expect_error(program_({"info", path("none.safetensors")}), 1, "none.safetensors");
  std::ofstream(path("broken.safetensors")) << "no checkpoint at all";
  expect_error(program_({"info", path("broken.safetensors")}), 1, "broken.safetensors");
  expect_error(program_({"sample", "--checkpoint", path("broken.safetensors"), "--classes", "0", "--out", path("a")}),
               1, "broken.safetensors");
  expect_error(sample({"--classes", "0", "--size", "10x12"}), 1, "10x12");
  expect_error(sample({"--classes", "4"}), 1, "there is no class 4");
  expect_error(sample({"--classes", "-1"}), 1, "there is no class -1");
  expect_error(sample({"--classes", "0"}, "grid.jpg"), 1, ".png");
  expect_error(sample({"--classes", "0", "--animate", path("a.gif")}), 1, ".webp");
  EXPECT_TRUE(std::filesystem::is_empty(own_.path()) || !std::filesystem::exists(path("grid.png")));
}

TEST_F(ProgramTest, WeightsThatLeadNowhereAreAFailure) {
  sample::ModelDescription description = sample::tiny_description();
  auto network = models::random_network(description.model, 1);
  network->parameters().front().second.fill_(std::numeric_limits<float>::infinity());
  checkpoint::save_safetensors(path("wild.safetensors"), network->parameters(), sample::describe(description, 0));
  const Outcome outcome =
      program_({"sample", "--checkpoint", path("wild.safetensors"), "--classes", "0", "--out", path("a.png")});
  expect_error(outcome, 1, "not finite");
  EXPECT_FALSE(std::filesystem::exists(path("a.png")));
}

TEST_F(ProgramTest, AGpuThatIsNotThereIsAFailure) {
  // Told from the system and not from the program, whose success without a GPU would be a fault.
  if (std::filesystem::exists("/dev/nvidia0")) GTEST_SKIP() << "there is a GPU here";
  expect_error(sample({"--classes", "0", "--device", "cuda"}), 1, "--device cpu");
}

TEST_F(ProgramTest, UnknownNamesComeWithASuggestion) {
  expect_error(sample({"--class", "paer"}), 1, "did you mean 'pear'?");
  expect_error(sample({"--class", "zeppelin"}), 1, "pixnerd info");
}

TEST_F(ProgramTest, ACheckpointWithoutNamesSaysSo) {
  sample::ModelDescription description = sample::tiny_description();
  description.classes.clear();
  sample::write_tiny_model(path("nameless.safetensors"), description);
  expect_error(
      program_({"sample", "--checkpoint", path("nameless.safetensors"), "--class", "pear", "--out", path("a.png")}), 1,
      "--classes with numbers from 0 to 2");
}

TEST_F(ProgramTest, InfoShowsConfigurationPartsAndSize) {
  const Outcome info = program_({"info", file("tiny.safetensors")});
  EXPECT_EQ(info.code, 0) << info.err;
  for (const char* part : {"training step 120", "ema_denoiser", "transformer blocks", "neural-field blocks",
                           "y_embedder", "total", "width 16", "in 4 steps", "hot dog (2)", "kB"}) {
    EXPECT_TRUE(info.says(part)) << part << " is not in:\n" << info.out;
  }
  EXPECT_LE(std::count(info.out.begin(), info.out.end(), '\n'), 25) << info.out;
  EXPECT_EQ(info.err, "");
}

TEST_F(ProgramTest, InfoListsWhatIsAskedFor) {
  const auto info = [&](const std::string& what) {
    const Outcome outcome = program_({"info", file("tiny.safetensors"), what});
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    return outcome.out;
  };
  EXPECT_EQ(info("--classes"), "class\t0\tapple\nclass\t1\tpear\nclass\t2\thot dog\n");
  EXPECT_NE(info("--config").find("hidden_size: 16"), std::string::npos);
  EXPECT_NE(info("--tensors").find("ema_denoiser.s_embedder.proj.weight\tF32\t[16, "), std::string::npos);
  const auto printed = nlohmann::json::parse(info("--json"));
  EXPECT_EQ(printed.at("step"), 120);
  EXPECT_EQ(printed.at("classes").at(2), "hot dog");
  EXPECT_EQ(printed.at("model").at("hidden_size"), 16);
  EXPECT_EQ(printed.at("used"), "ema_denoiser");
  EXPECT_FALSE(printed.at("guessed").get<bool>());
  EXPECT_EQ(printed.at("tensors").at(0).at("dtype"), "F32");
}

TEST_F(ProgramTest, InfoSaysNoStepWhereNoneIsStated) {
  const auto network = models::random_network(sample::tiny_description().model, 1);
  checkpoint::save_safetensors(path("bare.safetensors"), network->parameters());
  const Outcome info = program_({"info", path("bare.safetensors")});
  EXPECT_TRUE(info.says("guessed from its shapes")) << info.out;
  EXPECT_FALSE(info.says("step 0")) << info.out;
  const auto printed = nlohmann::json::parse(program_({"info", path("bare.safetensors"), "--json"}).out);
  EXPECT_TRUE(printed.at("step").is_null());
}

TEST_F(ProgramTest, ClassesByRangesAndPartsOfNames) {
  int folders = 0;
  const auto labels_of = [&](Arguments which) {
    const std::string folder = concat("ranges", ++folders);
    which.insert(which.end(), {"--steps", "1"});
    const Outcome outcome = sample(which, folder);
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    std::istringstream manifest(checkpoint::read_whole(path(folder + "/manifest.jsonl")));
    std::string labels;
    for (std::string line; std::getline(manifest, line);) {
      labels += concat(nlohmann::json::parse(line).at("label").get<int>());
    }
    return labels;
  };
  EXPECT_EQ(labels_of({"--classes", "all"}), "012");
  EXPECT_EQ(labels_of({"--classes", "1-2,0"}), "120");
  EXPECT_EQ(labels_of({"--class", "dog", "--class", "APPLE"}), "20");
  expect_error(sample({"--classes", "1-3"}), 1, "there is no class 3");
  expect_error(sample({"--class", "p"}), 1, "it is in apple (0), pear (1)");
}

TEST_F(ProgramTest, ResultsThatCannotBeWrittenAreAFailure) {
  const std::string command = std::string(PIXNERD_PROGRAM) + " info " + file("tiny.safetensors") + " >/dev/full 2>&1";
  EXPECT_EQ(WEXITSTATUS(std::system(command.c_str())), 1);
}

TEST_F(ProgramTest, AGridHasOneClassARow) {
  const Outcome outcome = sample({"--class", "hot dog", "--class", "pear", "--count", "3", "--seed", "7"});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_TRUE(outcome.says(path("grid.png") + ": 6 pictures in 3 columns, seeds 7 to 12")) << outcome.out;
  EXPECT_TRUE(outcome.complains("24 steps")) << outcome.err;
  const Image grid = read_image(path("grid.png"));
  EXPECT_EQ(grid.width, 3 * (8 + 2) + 2);
  EXPECT_EQ(grid.height, 2 * (12 + 2) + 2);
}

TEST_F(ProgramTest, LabelsStandUnderThePicturesOfAGrid) {
  const Arguments request{"--classes", "0,1,3"};
  const auto drawn = [&](const std::string& checkpoint) {
    const Outcome outcome = program_({"sample", "--checkpoint", checkpoint, "--classes", "0,1,3", "--out",
                                      path("labels.png"), "--labels", "--threads", "1", "--overwrite"});
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    return read_image(path("labels.png"));
  };
  const Image plain = picture(request);
  const Image named = drawn(file("tiny.safetensors"));
  ASSERT_EQ(named.width, 2 * (99 + 8) + 8);
  for (int y = 0; y < 12; ++y) {
    EXPECT_TRUE(std::equal(plain.row(2 + y) + 2 * 3, plain.row(2 + y) + 10 * 3, named.row(8 + y) + (8 + 45) * 3)) << y;
  }
  sample::ModelDescription description = sample::tiny_description();
  description.classes.clear();
  sample::write_tiny_model(path("nameless.safetensors"), description);
  const Image numbered = drawn(path("nameless.safetensors"));
  EXPECT_EQ(numbered.width, named.width);
  EXPECT_NE(numbered.rgb, named.rgb);
  description.model.num_styles = 2;
  description.styles = {"flat", "round"};
  sample::write_tiny_model(path("styled.safetensors"), description);
  EXPECT_EQ(drawn(path("styled.safetensors")).height, named.height + 2 * 14);  // a line more in both rows
}

TEST_F(ProgramTest, LettersThatNoFontHasAreSaidOnce) {
  sample::ModelDescription description = sample::tiny_description();
  description.classes = {"apple", "猫", "hot 猫"};
  sample::write_tiny_model(path("named.safetensors"), description);
  const auto sampled = [&](const std::string& classes) {
    return program_({"sample", "--checkpoint", path("named.safetensors"), "--classes", classes, "--out",
                     path("labels.png"), "--labels", "--threads", "1", "--overwrite"});
  };
  const Outcome missing = sampled("0,1,2");
  EXPECT_EQ(missing.code, 0) << missing.err;
  const size_t place = missing.err.find("warning: labels: no installed font has Han (猫)");
  ASSERT_NE(place, std::string::npos) << missing.err;
  EXPECT_EQ(missing.err.find("font has", place + 40), std::string::npos) << missing.err;
  EXPECT_TRUE(missing.complains("fonts-noto-cjk"));
  EXPECT_FALSE(sampled("0").complains("font"));
}

TEST_F(ProgramTest, AReplacedPictureIsSaid) {
  EXPECT_FALSE(sample({"--classes", "0"}).says("replaced"));
  expect_error(sample({"--classes", "1"}), 1, "--overwrite");
  EXPECT_TRUE(sample({"--classes", "1", "--overwrite"}).says("replaced 1 file"));
}

TEST_F(ProgramTest, AFolderGetsPicturesInTheOrderGiven) {
  const auto named = pictures("named", 4, {"--class", "hot dog", "--class", "pear", "--count", "2"});
  const auto numbered = pictures("numbered", 4, {"--classes", "2,1", "--count", "2"});
  for (size_t i = 0; i < 4; ++i) EXPECT_EQ(named[i].rgb, numbered[i].rgb) << i;
  // Picture 2 is the first of the second class: class 1 under the seed 0 + 2.
  EXPECT_LE(distance(named[2], pictures("alone", 1, {"--classes", "1", "--seed", "2"})[0]), 1);
}

TEST_F(ProgramTest, AFolderThatIsNotEmptyIsRefusedUnlessOverwritten) {
  pictures("folder", 2, {"--classes", "0,1"});
  expect_error(sample({"--classes", "2"}, "folder"), 1, "--overwrite");
  const Outcome outcome = sample({"--classes", "2", "--overwrite"}, "folder");
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_TRUE(outcome.says("replaced 1 picture, kept 1 other file")) << outcome.out;
}

TEST_F(ProgramTest, AnNpzHoldsThePicturesOfAFolder) {
  const Outcome outcome = sample({"--classes", "2,1"}, "batch.npz");
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_TRUE(outcome.says("batch.npz: 2 pictures, seeds 0 to 1\n")) << outcome.out;
  const std::string file = checkpoint::read_whole(path("batch.npz"));
  for (const Image& each : pictures("folder", 2, {"--classes", "2,1"})) {
    EXPECT_NE(file.find(std::string(each.rgb.begin(), each.rgb.end())), std::string::npos);
  }
  EXPECT_NE(file.find(std::string("\2\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0", 16)), std::string::npos);
  expect_error(sample({"--classes", "0"}, "batch.npz"), 1, "--overwrite");
  // Runs of the arrays are like the whole: the classes come in turn.
  ASSERT_EQ(sample({"--classes", "2,1", "--count", "3", "--overwrite"}, "batch.npz").code, 0);
  data::NpzArray classes(path("batch.npz"), "arr_1");
  std::array<int64_t, 6> labels{};
  classes.read(std::as_writable_bytes(std::span(labels)));
  EXPECT_EQ(labels, (std::array<int64_t, 6>{2, 1, 2, 1, 2, 1}));
  EXPECT_TRUE(sample({"--classes", "0", "--overwrite"}, "batch.npz").says("replaced 1 file"));
}

// Files are the same to the byte, with their records, whatever pictures are computed beside and on how many threads.
TEST_F(ProgramTest, BatchThreadsAndNeighboursChangeNothing) {
  std::vector<std::string> dtypes{"float32", "bfloat16"};
  if (models::available_precision(models::Precision::int8, at::kCPU) == models::Precision::int8) {
    dtypes.emplace_back("int8");
  }
  for (const std::string& dtype : dtypes) {
    const auto drawn = [&](const std::string& name, const Arguments& more) {
      Arguments arguments{"sample",
                          "--checkpoint",
                          file("tiny.safetensors"),
                          "--out",
                          path(dtype + name),
                          "--dtype",
                          dtype,
                          "--guidance",
                          "3",
                          "--stochastic",
                          "sde"};
      arguments.insert(arguments.end(), more.begin(), more.end());
      const Outcome outcome = program_(arguments);
      EXPECT_EQ(outcome.code, 0) << outcome.err;
      return
          [folder = path(dtype + name)](int i) { return checkpoint::read_whole(concat(folder, "/0000", i, ".png")); };
    };
    const Arguments all{"--classes", "0,1,2", "--count", "2"};
    const auto with = [&](Arguments more) {
      more.insert(more.end(), all.begin(), all.end());
      return more;
    };
    const auto six = drawn("six", with({"--batch", "6", "--threads", "1"}));
    const auto one = drawn("one", with({"--batch", "1", "--threads", "2"}));
    const auto best = drawn("best", with({}));
    for (int i = 0; i < 6; ++i) {
      EXPECT_EQ(six(i), one(i)) << dtype << ", picture " << i;
      EXPECT_EQ(six(i), best(i)) << dtype << ", picture " << i;
    }
    EXPECT_EQ(drawn("alone", {"--classes", "2", "--seed", "4"})(0), six(4)) << dtype;
  }
}

TEST_F(ProgramTest, FlagsOverrideTheCheckpointAndAbsentOnesDoNot) {
  const Arguments common{"--classes", "1"};
  const Image as_stored = picture(common);
  EXPECT_EQ(as_stored.width, 8);
  const auto with = [&](Arguments more) {
    more.insert(more.begin(), common.begin(), common.end());
    return picture(more);
  };
  EXPECT_EQ(with({"--steps", "4", "--size", "8x12", "--guidance", "1"}).rgb, as_stored.rgb);
  EXPECT_EQ(with({"--size", "16x4"}).width, 16);
  for (const Arguments& change : std::vector<Arguments>{{"--steps", "5"},
                                                        {"--solver", "heun"},
                                                        {"--solver", "adams"},
                                                        {"--stochastic", "mean"},
                                                        {"--last-step", "0.5"},
                                                        {"--guidance", "3"},
                                                        {"--timeshift", "3"},
                                                        {"--reuse", "4"},
                                                        {"--encode-steps", "0"},
                                                        {"--seed", "1"}}) {
    EXPECT_NE(with(change).rgb, as_stored.rgb) << change[0];
  }
}

TEST_F(ProgramTest, APresetIsOverriddenByFlags) {
  const Image fast = picture({"--classes", "1", "--preset", "fast"});
  EXPECT_NE(picture({"--classes", "1", "--preset", "exact"}).rgb, fast.rgb);
  EXPECT_EQ(picture({"--classes", "1", "--preset", "exact"}).rgb, picture({"--classes", "1"}).rgb);
  EXPECT_EQ(
      picture({"--classes", "1", "--preset", "fast", "--solver", "euler", "--reuse", "1", "--dtype", "float32"}).rgb,
      picture({"--classes", "1", "--solver", "euler"}).rgb);
  const auto precision = models::available_precision(models::Precision::int8, at::kCPU);
  const std::string dtype = models::enum_names(precision)[static_cast<size_t>(precision)].first;
  EXPECT_EQ(picture({"--classes", "1", "--dtype", dtype, "--solver", "adams", "--reuse", "3"}).rgb, fast.rgb);
  expect_error(sample({"--classes", "1", "--preset", "slow"}), 2, "exact");
}

TEST_F(ProgramTest, TheGuidanceIntervalIsTwoTimesOrNone) {
  const Image always = picture({"--classes", "1", "--guidance", "4"});
  EXPECT_EQ(picture({"--classes", "1", "--guidance", "4", "--guidance-interval", "none"}).rgb, always.rgb);
  EXPECT_NE(picture({"--classes", "1", "--guidance", "4", "--guidance-interval", "0,1"}).rgb, always.rgb);  // not at 0
  EXPECT_EQ(picture({"--classes", "1", "--guidance", "4", "--guidance-interval", "-1,1"}).rgb, always.rgb);
  EXPECT_EQ(picture({"--classes", "1", "--guidance", "4", "--guidance-interval", "0.8,0.9"}).rgb,
            picture({"--classes", "1"}).rgb);
}

TEST_F(ProgramTest, LastStepStochasticMayStandAlone) {
  const Image ode = picture({"--classes", "1", "--stochastic", "sde"});
  const Image sde = picture({"--classes", "1", "--stochastic", "sde", "--last-step-stochastic", "sde"});
  EXPECT_NE(ode.rgb, sde.rgb);
  EXPECT_EQ(picture({"--classes", "1", "--last-step-stochastic", "--stochastic", "sde"}).rgb, sde.rgb);
}

TEST_F(ProgramTest, AnAnimationIsWrittenAsWell) {
  const Outcome outcome = sample({"--classes", "0,1", "--animate", path("run.webp")});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_TRUE(outcome.says(path("run.webp") + ": 4 frames")) << outcome.out;
  EXPECT_EQ(checkpoint::read_whole(path("run.webp")).substr(8, 4), "WEBP");
  EXPECT_EQ(read_image(path("run.webp")).width, 2 * 8);
}

TEST_F(ProgramTest, Bfloat16IsNearFloat32) {
  EXPECT_LE(distance(picture({"--classes", "1"}), picture({"--classes", "1", "--dtype", "bfloat16"})), 8);
}

}  // namespace
}  // namespace pixnerd::cli
