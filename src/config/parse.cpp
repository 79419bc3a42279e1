// Builds Values from the events of yaml-cpp's parser. Its node API is not used: it keeps no quotes and expands aliases.
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <sstream>
#include <unordered_set>
#include <utility>

#include "config/limits.h"
#include "config/plain.h"
#include "config/value.h"
#include "core/errors.h"
#include "core/text.h"
#include "core/utf8.h"

namespace pixnerd::config {
namespace {

constexpr size_t kMaxBytes = 1 << 20;
constexpr size_t kMaxKeyBytes = 200;

// What the text is called in messages, and whether its lines are worth naming.
struct Origin {
  const std::string& source;
  bool numbered;

  int line(int line) const { return numbered ? line : 0; }
  int line(const YAML::Mark& mark) const { return line(mark.line + 1); }

  template <class Place>
  [[noreturn]] void fail(const Place& place, const std::string& what) const {
    throw ConfigError(numbered ? concat(source, ":", line(place), ": ", what) : concat(source, ": ", what));
  }
};

// Receives the document in order. Throwing from it is what ends the parser's recursion at kMaxDepth.
class YamlBuilder : public YAML::EventHandler {
 public:
  explicit YamlBuilder(const Origin& origin) : origin_(origin) {}

  // The document; null at the first line if there was none.
  Value take() {
    root_.source = origin_.source;
    if (root_.kind == Value::Kind::null) root_.line = origin_.line(1);
    return std::move(root_);
  }

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (++documents_ > 1) origin_.fail(mark, "something follows after the end of the document");
  }
  void OnDocumentEnd() override {}

  void OnAnchor(const YAML::Mark& mark, const std::string&) override {
    origin_.fail(mark, "anchors (&name) are not supported; write the value out");
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    origin_.fail(mark, "aliases (*name) are not supported; write the value out");
  }

  void OnNull(const YAML::Mark& mark, YAML::anchor_t) override { add(make(mark, Value::Kind::null)); }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t, const std::string& text) override {
    refuse_tag(mark, tag);
    if (!is_utf8(text)) origin_.fail(mark, "an escape in this text makes it something else than UTF-8");
    Value value = make(mark, Value::Kind::scalar);
    value.quoted = tag == "!" || !can_be_plain(text);
    value.scalar = text;
    add(std::move(value));
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t,
                       YAML::EmitterStyle::value) override {
    open(mark, tag, Value::Kind::list);
  }
  void OnSequenceEnd() override { close(); }

  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t, YAML::EmitterStyle::value) override {
    open(mark, tag, Value::Kind::map);
  }
  void OnMapEnd() override { close(); }

 private:
  struct Frame {
    Value value;
    std::string key = {};  // of the field whose value comes next
    int key_line = 0;
    bool has_key = false;
    std::unordered_set<std::string> keys = {};
  };

  // yaml-cpp calls the tag of a plain value "?" and that of a quoted one "!".
  void refuse_tag(const YAML::Mark& mark, const std::string& tag) const {
    if (tag.empty() || tag == "?" || tag == "!") return;
    origin_.fail(mark, concat("tags (", quoted(tag), ") are not supported"));
  }

  Value make(const YAML::Mark& mark, Value::Kind kind) {
    if (++values_ > kMaxValues) origin_.fail(mark, concat("more than ", kMaxValues, " values"));
    Value value;
    value.kind = kind;
    value.line = origin_.line(mark);
    value.source = origin_.source;
    return value;
  }

  void open(const YAML::Mark& mark, const std::string& tag, Value::Kind kind) {
    refuse_tag(mark, tag);
    if (awaits_key()) origin_.fail(mark, "a key must be text, not a list or a map");
    if (frames_.size() == kMaxDepth) origin_.fail(mark, concat("nested deeper than ", kMaxDepth, " levels"));
    frames_.push_back({make(mark, kind)});
  }

  void close() {
    Value value = std::move(frames_.back().value);
    frames_.pop_back();
    add(std::move(value));
  }

  bool awaits_key() const {
    return !frames_.empty() && frames_.back().value.kind == Value::Kind::map && !frames_.back().has_key;
  }

  void add(Value value) {
    if (frames_.empty()) {
      root_ = std::move(value);
    } else if (frames_.back().value.kind == Value::Kind::list) {
      frames_.back().value.items.push_back(std::move(value));
    } else if (awaits_key()) {
      begin_field(value);
    } else {
      Frame& frame = frames_.back();
      value.line = frame.key_line;
      frame.value.fields.emplace_back(std::move(frame.key), std::move(value));
      frame.has_key = false;
    }
  }

  void begin_field(const Value& key) {
    Frame& frame = frames_.back();
    if (key.kind != Value::Kind::scalar || key.scalar.empty()) origin_.fail(key.line, "a key is missing before ':'");
    if (key.scalar.size() > kMaxKeyBytes)
      origin_.fail(key.line, concat("a key has more than ", kMaxKeyBytes, " bytes"));
    if (!frame.keys.insert(key.scalar).second) {
      origin_.fail(key.line, concat("the key ", quoted(key.scalar), " appears twice"));
    }
    frame.key = key.scalar;
    frame.key_line = key.line;
    frame.has_key = true;
  }

  const Origin& origin_;
  std::vector<Frame> frames_;
  Value root_;
  int documents_ = 0;
  size_t values_ = 0;
};

// What the parser would take for another encoding, drop in silence, or pass on for a message to print.
void check_text(std::string_view text, const Origin& origin) {
  if (text.size() > kMaxBytes) throw ConfigError(concat(origin.source, ": larger than ", kMaxBytes, " bytes"));
  int line = 1;
  for (size_t i = 0; i < text.size();) {
    const size_t length = first_utf8(text.substr(i)).bytes;
    const auto c = static_cast<unsigned char>(text[i]);
    const bool control = (c < 0x20 && c != '\t' && c != '\n' && c != '\r') || c == 0x7f;
    const bool directive = c == '%' && (i == 0 || text[i - 1] == '\n');
    if (length == 0) origin.fail(line, "not UTF-8 text");
    if (control) origin.fail(line, "contains a control character");
    if (directive) origin.fail(line, "directives (%NAME) are not supported");
    if (c == '\n') ++line;
    i += length;
  }
}

// The parser's message, or a clearer one where people are likely to meet it.
std::string explained(const std::string& message) {
  namespace msg = YAML::ErrorMsg;
  if (message == msg::UNKNOWN_ANCHOR) return "aliases (*name) are not supported; write the value out";
  if (message == msg::DOC_IN_SCALAR || message == msg::EOF_IN_SCALAR) return "a quote is not closed";
  if (message == msg::TAB_IN_INDENTATION) return "indent with spaces, not with tabs";
  if (message == msg::MAP_VALUE) {
    return "a ':' where none can be: indent with spaces, each level alike, and put text that contains ': ' in quotes";
  }
  if (message == msg::UNKNOWN_TOKEN) return "a value cannot begin like this; put it in quotes";
  return concat("not valid YAML: ", printable(message));
}

}  // namespace

Value parse(std::string_view text, const std::string& source, bool numbered) {
  const Origin origin{source, numbered};
  check_text(text, origin);
  // The end is marked because yaml-cpp takes an unclosed quote at the end of a text for a closed one.
  const bool mid_line = !text.empty() && text.back() != '\n';
  std::istringstream in(concat(text, mid_line ? "\n" : "", "...\n"));
  YamlBuilder builder(origin);
  try {
    YAML::Parser parser(in);
    while (parser.HandleNextDocument(builder)) {
    }
  } catch (const YAML::Exception& error) {
    origin.fail(error.mark, explained(error.msg));
  }
  return builder.take();
}

}  // namespace pixnerd::config
