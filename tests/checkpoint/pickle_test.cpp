#include "checkpoint/pickle.h"

#include <deque>

#include "core/text.h"
#include "tests/checkpoint/files.h"

namespace pixnerd::checkpoint {
namespace {

using std::string_literals::operator""s;

// What is read points into the bytes, which are kept.
Pickle read(std::string_view bytes, bool ignore_unknown = false) {
  static std::deque<std::string> kept;
  return read_pickle(bytes_of_text(kept.emplace_back(bytes)), {ignore_unknown}, "x.pt");
}

std::string pickle_error(std::string_view bytes, bool ignore_unknown = false) {
  return thrown<CheckpointError>([&] { read(bytes, ignore_unknown); });
}

std::string text(std::string_view content) {
  return "X"s + static_cast<char>(content.size()) + "\0\0\0"s + std::string(content);
}

// A storage of 6 floats, as it stands for itself in a pickle.
const std::string kStorage = "(" + text("storage") + "ctorch\nFloatStorage\n" + text("0") + text("cpu") + "K\x06tQ";
const std::string kTensor = "ctorch._utils\n_rebuild_tensor_v2\n(" + kStorage + "K\0K\x02K\x03\x86K\x03K\x01\x86\x89"s +
                            "ccollections\nOrderedDict\n)RtR";

TEST(Pickle, PlainValues) {
  const Pickle pickle =
      read("\x80\x02(N\x88\x89K\xffM\x01\x02J\xfd\xff\xff\xff\x8a\x06\0\0\0\0\0\x01G?\xf8\0\0\0\0\0\0"s + text("ünï") +
           "U\x02py" + "C\x02\0\xff"s + "I-7\nI01\n\x8a\0t."s);
  const PickleValues& values = pickle.values;
  ASSERT_TRUE(values.is(pickle.root, ValueKind::tuple));
  const auto items = values.items(pickle.root);
  ASSERT_EQ(items.size(), 14U);
  EXPECT_TRUE(values.is(items[0], ValueKind::none));
  EXPECT_TRUE(values.boolean(items[1]));
  EXPECT_FALSE(values.boolean(items[2]));
  EXPECT_EQ(values.integer(items[3]), 255);
  EXPECT_EQ(values.integer(items[4]), 513);
  EXPECT_EQ(values.integer(items[5]), -3);
  EXPECT_EQ(values.integer(items[6]), int64_t{1} << 40);
  EXPECT_EQ(values.real(items[7]), 1.5);
  EXPECT_EQ(values.text(items[8]), "ünï");
  EXPECT_EQ(values.text(items[9]), "py");
  EXPECT_TRUE(values.is(items[10], ValueKind::bytes));
  EXPECT_EQ(values.text(items[10]), "\0\xff"s);
  EXPECT_EQ(values.integer(items[11]), -7);
  EXPECT_TRUE(values.is(items[12], ValueKind::boolean));
  EXPECT_EQ(values.integer(items[13]), 0);
}

TEST(Pickle, WholeNumbersBeyondSixtyFourBits) {
  const Pickle pickle = read("\x80\x02\x8a\x09\0\0\0\0\0\0\0\0\x01."s);
  EXPECT_TRUE(pickle.values.is(pickle.root, ValueKind::big_integer));
  EXPECT_EQ(pickle.values.text(pickle.root).size(), 9U);
  const Pickle least = read("\x80\x02\x8a\x08\0\0\0\0\0\0\0\x80."s);
  EXPECT_EQ(least.values.integer(least.root), std::numeric_limits<int64_t>::min());
}

TEST(Pickle, Containers) {
  const Pickle pickle = read("\x80\x04\x95\x09\0\0\0\0\0\0\0}\x94("s + text("a") + "](K\x01K\x02" + "e" + text("b") +
                             "\x8f(K\x05\x90" + text("a") + "N" + "u" + text("c") + "K\x09" + "s.");
  const PickleValues& values = pickle.values;
  EXPECT_EQ(values.items(pickle.root).size(), 8U);
  EXPECT_TRUE(values.is(values.find(pickle.root, "a"), ValueKind::none));  // the last of two counts
  EXPECT_EQ(values.items(values.items(pickle.root)[1]).size(), 2U);
  EXPECT_EQ(values.items(values.find(pickle.root, "b")).size(), 1U);
  EXPECT_EQ(values.integer(values.find(pickle.root, "c")), 9);
  EXPECT_EQ(values.find(pickle.root, "d"), kNoValue);
}

TEST(Pickle, TheFirstOfSeveral) {
  const std::string bytes = "\x80\x02K\x01.\x80\x02K\x02.";
  EXPECT_EQ(read(bytes).bytes, 5U);
}

TEST(Pickle, Tensors) {
  const Pickle pickle = read("\x80\x02" + kTensor + ".");
  ASSERT_TRUE(pickle.values.is(pickle.root, ValueKind::tensor));
  const PickleTensor& tensor = pickle.values.tensor(pickle.root);
  EXPECT_EQ(tensor.dtype, DType::F32);
  EXPECT_EQ(tensor.offset, 0);
  EXPECT_EQ(pickle.values.items(tensor.size).size(), 2U);
  EXPECT_EQ(pickle.values.storage(tensor.storage).key, "0");
  EXPECT_EQ(pickle.values.storage(tensor.storage).elements, 6);

  const Pickle parameter = read(
      "\x80\x02"
      "ctorch._utils\n_rebuild_parameter\n(" +
      kTensor + "\x88NtR.");
  EXPECT_TRUE(parameter.values.is(parameter.root, ValueKind::tensor));
}

TEST(Pickle, TheListedClasses) {
  const auto kind = [](const std::string& body) {
    const Pickle pickle = read("\x80\x02" + body + ".");
    return pickle.values.kind(pickle.root);
  };
  EXPECT_EQ(kind("ccollections\nOrderedDict\n)R"), ValueKind::dict);
  EXPECT_EQ(kind("ccollections\nOrderedDict\n)R}b"), ValueKind::dict);
  EXPECT_EQ(kind("ccollections\nOrderedDict\n](](K\x01K\x02"
                 "ee\x85R"),
            ValueKind::dict);
  EXPECT_EQ(kind("c__builtin__\nset\n](K\x01"
                 "e\x85R"),
            ValueKind::set);
  EXPECT_EQ(kind("ctorch\nSize\n(K\x02K\x03t\x85R"), ValueKind::tuple);
  EXPECT_EQ(kind("ctorch\nfloat32\n"), ValueKind::dtype);
  EXPECT_EQ(kind("ctorch\ndevice\n" + text("cpu") + "\x85R"), ValueKind::object);
}

TEST(Pickle, WhateverElseItNamesIsRefusedByName) {
  for (const char* name : {"posix\nsystem", "builtins\neval", "torch\nload", "torch\nEvilStorage", "torch.hub\nload",
                           "collections\nChainMap", "omegaconf.resolvers\noc", "torch._utils\n_rebuild_xla_tensor"}) {
    const std::string module = std::string(name).substr(0, std::string_view(name).find('\n'));
    const std::string message = pickle_error(
        "\x80\x02"
        "c"s +
        name + "\n.");
    expect_contains(message, "names " + module + ".");
    expect_contains(message, "nothing was run");
  }
  expect_contains(pickle_error("\x80\x04" + text("os") + text("system") + "\x93."), "os.system");
}

TEST(Pickle, NamesWithControlCharactersAreRefused) {
  expect_contains(pickle_error("\x80\x02"
                               "ca\x1b[2J\nb\n."),
                  "control characters");
}

// What settings are made of that Lightning and training scripts save beside weights.
TEST(Pickle, SettingsBecomeInertObjects) {
  for (const char* name : {"omegaconf.dictconfig\nDictConfig", "omegaconf.nodes\nAnyNode", "argparse\nNamespace",
                           "collections\ndefaultdict", "typing\nAny", "builtins\ndict", "torch\nuint4"}) {
    const Pickle pickle = read(concat("\x80\x02", "c", name, "\n)\x81}b."));
    EXPECT_EQ(pickle.values.kind(pickle.root), ValueKind::object) << name;
  }
}

TEST(Pickle, QuantisedTensorsAreTensors) {
  const std::string storage = concat("(", text("storage"), "ctorch\nQInt8Storage\n", text("0"), text("cpu"), "K\x06tQ");
  const Pickle pickle =
      read("\x80\x02" + ("ctorch._utils\n_rebuild_qtensor\n(" + storage) +
           "K\0K\x02K\x03\x86K\x03K\x01\x86(ctorch\nper_tensor_affine\nG?\xf0\0\0\0\0\0\0K\0t\x89}tR."s);
  ASSERT_TRUE(pickle.values.is(pickle.root, ValueKind::tensor));
  EXPECT_EQ(pickle.values.tensor(pickle.root).dtype, DType::qint8);
}

TEST(Pickle, UnknownClassesBecomeInertObjects) {
  const Pickle pickle = read(
      "\x80\x02"
      "cposix\nsystem\n" +
          text("touch pwned") + "\x85R}b.",
      true);
  ASSERT_TRUE(pickle.values.is(pickle.root, ValueKind::object));
  EXPECT_EQ(pickle.values.text(pickle.root), "posix.system");
  EXPECT_EQ(pickle.values.items(pickle.root).size(), 2U);  // its argument and its state

  const Pickle storage =
      read("\x80\x02(" + text("storage") + "ctorch\nEvilStorage\n" + text("0") + text("cpu") + "K\x06tQ.", true);
  EXPECT_TRUE(storage.values.is(storage.root, ValueKind::object));
}

TEST(Pickle, CallsThatMakeNoSenseAreRefused) {
  expect_contains(pickle_error("\x80\x02K\x01)R."), "calls something");
  expect_contains(pickle_error("\x80\x02"
                               "ccollections\nOrderedDict\nK\x01R."),
                  "without a tuple");
  expect_contains(pickle_error("\x80\x02"
                               "ctorch\nFloatStorage\n)R."),
                  "torch.FloatStorage");
  expect_contains(pickle_error("\x80\x02"
                               "ctorch._utils\n_rebuild_tensor_v2\n)R."),
                  "0 arguments");
  expect_contains(pickle_error("\x80\x02"
                               "ctorch._utils\n_rebuild_tensor_v2\n(" +
                               kStorage + "N))tR."),
                  "offset");
  expect_contains(pickle_error("\x80\x02"
                               "ctorch._utils\n_rebuild_tensor_v2\n(NK\0))\x89NtR."s),
                  "storage");
  expect_contains(pickle_error("\x80\x02(" + text("file") + "NNNNtQ."), "no storage");
  expect_contains(pickle_error("\x80\x02K\x01}b."), "sets attributes");
  expect_contains(pickle_error("\x80\x02)K\x01"
                               "a."),
                  "holds none");
  expect_contains(pickle_error("\x80\x02}(K\x01u."), "key without a value");
}

TEST(Pickle, NegatedViewsAreRefused) {
  std::string tensor = kTensor;
  tensor.insert(tensor.size() - 2, concat("}", text("neg"), "\x88s"));
  expect_contains(pickle_error("\x80\x02" + tensor + "."), "'neg'");
}

TEST(Pickle, BrokenOnesAreRefused) {
  expect_contains(pickle_error(""), "truncated");
  expect_contains(pickle_error("\x80\x02"), "truncated");
  expect_contains(pickle_error("\x80\x06N."), "protocol 6");
  expect_contains(pickle_error("\x80\x02."), "empty stack");
  expect_contains(pickle_error("\x80\x02(0."), "empty stack");
  expect_contains(pickle_error("\x80\x02t."), "mark");
  expect_contains(pickle_error("\x80\x02h\x07."), "recalls value 7");
  expect_contains(pickle_error("\x80\x02Nr\xff\xff\xff\xff."), "remembers");
  expect_contains(pickle_error("\x80\x02X\xff\xff\xff\x7f"
                               "abc."),
                  "truncated");
  expect_contains(pickle_error("\x80\x02\x8d\xff\xff\xff\xff\xff\xff\xff\xff"
                               "abc."),
                  "truncated");
  expect_contains(pickle_error("\x80\x04\x95\xff\xff\xff\xff\xff\xff\xff\xffN."), "truncated");
  expect_contains(pickle_error("\x80\x02I12x\n."), "number");
  expect_contains(pickle_error("\x80\x02"
                               "cposix\nsystem"),
                  "truncated");
  expect_contains(pickle_error("\x80\x02i"), "operation 105");
}

TEST(Pickle, BombsAreBounded) {
  expect_contains(pickle_error("\x80\x02" + std::string(kMaxPickleValues + 1, ']') + "."), "values");
  expect_contains(pickle_error("\x80\x02" + std::string(kMaxPickleValues + 1, '(') + "."), "marks");
  expect_contains(pickle_error("\x80\x02"
                               "N" +
                               std::string(kMaxPickleValues + 1, '2') + "."),
                  "values");
  expect_contains(pickle_error(std::string("\x80\x02X\0\xe1\xf5\x05", 7) + std::string(100'000'000, 'x') + "."),
                  "64000000");

  // A thousand values that are copied again and again, by few bytes each time.
  std::string sets = "\x80\x02](" + std::string(1000, 'N') + "eq\0"s;
  for (int i = 0; i < 10'000; ++i) sets += "c__builtin__\nset\nh\0\x85R"s;
  expect_contains(pickle_error(sets + "."), "over and over");

  std::string names = "\x80\x02";
  for (int i = 0; i < 10'001; ++i) names += "cm\nn" + std::to_string(i) + "\n";
  expect_contains(pickle_error(names + ".", true), "more than 10000 classes");
}

TEST(Pickle, DepthAndCyclesCostNothing) {
  const Pickle deep = read("\x80\x02" + std::string(1'000'000, ']') + std::string(999'999, 'a') + ".");
  EXPECT_EQ(deep.values.items(deep.root).size(), 1U);
  const Pickle cycle = read("\x80\x02]q\0h\0a."s);
  EXPECT_EQ(cycle.values.items(cycle.root)[0], cycle.root);
}

}  // namespace
}  // namespace pixnerd::checkpoint
