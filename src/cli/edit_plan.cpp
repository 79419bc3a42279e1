#include "cli/edit_plan.h"

#include <charconv>
#include <memory>

#include "cli/checks.h"
#include "cli/sources.h"
#include "core/errors.h"
#include "core/log.h"
#include "core/text.h"
#include "sample/edit.h"

namespace pixnerd::cli {
namespace {

using sample::EditRecord;
using sample::PictureEdit;

constexpr const char* kExtendForm = "pixels, one number for all sides or four: LEFT,TOP,RIGHT,BOTTOM";

// Nothing for other text.
std::optional<std::array<int64_t, 4>> sides_of(const std::string& text) {
  std::vector<int64_t> sides;
  for (const char *at = text.data(), *const end = at + text.size();; ++at) {
    int64_t side = 0;
    const auto [next, error] = std::from_chars(at, end, side);
    if (error != std::errc{} || side < 0 || side > diffusion::kLongestSide) return std::nullopt;
    sides.push_back(side);
    at = next;
    if (at == end) break;
    if (*at != ',') return std::nullopt;
  }
  if (sides.size() == 1) sides.assign(4, sides.front());
  if (sides.size() != 4) return std::nullopt;
  return std::array{sides[0], sides[1], sides[2], sides[3]};
}

// What flags say, over what is there.
void apply(const EditFlags& flags, EditRecord& how) {
  if (flags.invert_mask) how.invert_mask = true;
  if (flags.strength) how.strength = flags.strength;
  if (flags.resample) how.resample = *flags.resample;
  if (!flags.extend.empty()) how.extend = *sides_of(flags.extend);
}

void use(const std::shared_ptr<const PictureEdit>& edit, sample::PictureRequest& picture) {
  if (picture.settings->size != edit->canvas_size() || picture.settings->decode_size) {
    sample::SampleConfig settings = *picture.settings;
    settings.size = edit->canvas_size();
    settings.decode_size.reset();
    picture.settings = std::make_shared<const sample::SampleConfig>(std::move(settings));
  }
  picture.edit = edit;
}

void require_one_size(const SamplerFlags& sampler) {
  const config::Value* const size = sampler.given.find("decode_size");
  if (size == nullptr || size->kind == config::Value::Kind::null) return;
  throw CLI::ValidationError("a picture is edited at one size; leave out --decode-size");
}

void warn_of_change(const std::string& name, const std::string& hash, const std::string& before) {
  if (hash == before) return;
  log_warning(concat(quoted(name), " is not what the picture was edited from, which will come out otherwise"));
}

}  // namespace

void add_edit_flags(CLI::App& command, EditFlags& flags) {
  flags.is_verb = true;
  command.add_option("input", flags.input, "the picture")->type_name("IN");
  command
      .add_option("--mask", flags.mask,
                  "a picture of the same size: white is drawn anew, black stays, grey is in between; without it, "
                  "transparent is drawn anew, or all where the picture is opaque")
      ->type_name("FILE");
  command.add_flag("--invert-mask", flags.invert_mask, "draw anew what is black, or opaque, and keep the rest");
  command
      .add_option(
          "--strength", flags.strength,
          concat("how far from the picture, up to 1, which sees nothing of what is drawn anew; ",
                 EditRecord::kMaskedStrength, " with a mask, else ", EditRecord::kFreeStrength, ", unless given"))
      ->check(positive(1))
      ->type_name("S");
  command.add_option("--extend", flags.extend, concat("draw more around the picture, as many ", kExtendForm))
      ->check(CLI::Validator(
          [](std::string& text) { return sides_of(text) ? "" : concat(quoted(text), " is not ", kExtendForm); }, ""))
      ->type_name("N|L,T,R,B");
  command
      .add_option(
          "--resample", flags.resample,
          concat("how often each step is made where a mask keeps a part, so that the drawn part agrees with it; ",
                 EditRecord::kUsualResampling, " unless given"))
      ->check(between(1, engine::kMostResampling))
      ->type_name("N");
}

void edit(SamplePlan& plan, const EditFlags& flags, const SamplerFlags& sampler,
          const sample::ModelDescription& description) {
  if (flags.input.empty()) throw CLI::ValidationError("IN, the picture to edit, is required");
  name_in_record(flags.input, "IN");
  name_in_record(flags.mask, "--mask");
  require_one_size(sampler);
  const sample::PictureSize asked = settings_of(sampler, description.sample).size;
  for (const sample::PictureRequest& picture : plan.pictures) {
    if (picture.settings->size == asked) continue;
    throw RequestError("an edited picture has the size of the one it comes from; give the prompts no size");
  }
  EditRecord how;
  if (sampler.given.find("size") != nullptr) how.size = asked;
  apply(flags, how);
  const auto edit =
      std::make_shared<const PictureEdit>(sample::read_edit(flags.input, flags.mask, how, description.model));
  plan.inputs = {flags.input, flags.mask};
  // Pictures that share their settings go on doing so.
  std::shared_ptr<const sample::SampleConfig> before, after;
  for (sample::PictureRequest& picture : plan.pictures) {
    const auto own = picture.settings;
    if (own == before) picture.settings = after;
    use(edit, picture);
    before = own;
    after = picture.settings;
  }
}

void edit_again(SamplePlan& plan, const std::vector<sample::PictureRecord>& before, const EditFlags& flags,
                const SamplerFlags& sampler, const std::filesystem::path& again, const models::ModelConfig& network) {
  std::shared_ptr<const PictureEdit> last;
  std::optional<EditRecord> last_record;
  for (size_t i = 0; i < before.size(); ++i) {
    if (!before[i].edit) {
      if (!flags.is_verb) continue;
      throw RequestError("the picture was not edited; draw it again by `pixnerd sample --again`");
    }
    require_one_size(sampler);
    if (last_record != before[i].edit) {
      last_record = before[i].edit;
      EditRecord how = *last_record;
      if (sampler.given.find("size") != nullptr) how.size = plan.pictures[i].settings->size;
      apply(flags, how);
      const std::string input = flags.input.empty() ? edited_file(how.input, how.input_hash, again) : flags.input;
      const std::string mask = flags.mask.empty() ? edited_file(how.mask, how.mask_hash, again) : flags.mask;
      last = std::make_shared<const PictureEdit>(sample::read_edit(input, mask, how, network));
      if (flags.input.empty()) warn_of_change(how.input, last->record.input_hash, how.input_hash);
      if (flags.mask.empty()) warn_of_change(how.mask, last->record.mask_hash, how.mask_hash);
      plan.inputs.insert(plan.inputs.end(), {input, mask});
    }
    use(last, plan.pictures[i]);
  }
}

}  // namespace pixnerd::cli
