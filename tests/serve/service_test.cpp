#include "serve/service.h"

#include <gtest/gtest.h>

#include <sstream>

#include "config/member.h"
#include "core/errors.h"
#include "serve/openapi.h"
#include "store/picture_folder.h"
#include "tests/core/thrown.h"
#include "tests/serve/service_fixture.h"

namespace pixnerd::serve {
namespace {

TEST_F(ServiceTest, AJobGoesFromItsRequestToItsPicture) {
  start();
  const std::string id = accept(R"({"class":"pear","seed":5,"count":2})");
  const config::Value job = ended(id);
  EXPECT_EQ(job.at("state").scalar, "done");
  const config::Value& picture = job.at("pictures").items.at(1);
  const std::string url = picture.at("url").scalar, hash = picture.at("hash").scalar;
  const std::string answer = ask("GET", url);
  EXPECT_EQ(http::status_of(answer), 200);
  EXPECT_EQ(http::header_of(answer, "Content-Type"), "image/png");
  EXPECT_EQ(http::header_of(answer, "ETag"), "\"" + hash + "\"");
  EXPECT_NE(http::header_of(answer, "Cache-Control").find("immutable"), std::string::npos);
  EXPECT_EQ(store::hash_of_content(http::body_of(answer)), hash);
  EXPECT_EQ(http::status_of(ask("GET", url, "", concat("If-None-Match: \"", hash, "\"\r\n"))), 304);
  EXPECT_EQ(http::status_of(ask("DELETE", "/api/jobs/" + id)), 204);
  EXPECT_EQ(http::status_of(ask("DELETE", "/api/jobs/" + id)), 404);
  EXPECT_EQ(http::status_of(ask("GET", url)), 404);
}

TEST_F(ServiceTest, NoPathLeadsOutOfTheFolder) {
  start();
  for (const char* const path : {"/api/pictures/..%2f..%2fhistory.sqlite3", "/api/pictures/x.png", "/api/pictures/",
                                 "/api/pictures/../history.sqlite3", "/api/inputs/..", "/page/..%2fREADME.md",
                                 "/page/%2e%2e", "/api/pictures/%00.png"}) {
    const int status = http::status_of(ask("GET", path));
    EXPECT_TRUE(status == 404 || status == 400) << path << " " << status;
  }
}

TEST_F(ServiceTest, ARestartGoesOnWithWhatWasAccepted) {
  start();
  std::vector<std::string> ids;
  for (int i = 0; i < 5; ++i)
    ids.push_back(accept(R"({"class":0,"steps":250,"count":4,"seed":)" + std::to_string(i) + "}"));
  stop();
  start();
  EXPECT_GE(server_->waiting(), 1u);
  for (const std::string& id : ids) {
    const config::Value job = ended(id);
    EXPECT_EQ(job.at("state").scalar, "done");
    EXPECT_EQ(job.at("pictures").items.size(), 4u);
  }
}

TEST_F(ServiceTest, AJobOfAModelThatIsNotServedAnyMoreFails) {
  start();
  const std::string id = accept(R"({"class":0,"steps":250,"count":64,"model":"plain"})");
  stop();
  ServeOptions options;
  options.checkpoints = {models_->path("fruit")};
  options.folder = folder_.path();
  server_ = std::make_unique<Server>(std::move(options));
  thread_ = std::thread([this] { server_->run(); });
  const config::Value job = ended(id);
  EXPECT_EQ(job.at("state").scalar, "failed");
  EXPECT_EQ(job.at("error").at("message").scalar,
            "it could not be taken up again: there is no model 'plain'; there is fruit");
}

TEST_F(ServiceTest, OneServerHasAFolder) {
  start();
  ServeOptions options;
  options.checkpoints = {models_->path("fruit")};
  options.folder = folder_.path();
  EXPECT_NE(thrown<DataError>([&] { Server second(options); }), "");
}

TEST_F(ServiceTest, EveryAnswerHasTheGatesHeaders) {
  start();
  for (const auto& [method, path] :
       {std::pair("GET", "/"), {"GET", "/nothing"}, {"POST", "/api/jobs"}, {"GET", "/api/events"}}) {
    http::Client client(server_->port());
    client.send(head(method, path, "Content-Length: 0\r\n\r\n"));
    const std::string answer = client.read_until("\r\n\r\n");
    EXPECT_EQ(http::header_of(answer, "X-Content-Type-Options"), "nosniff") << path;
    EXPECT_EQ(http::header_of(answer, "X-Frame-Options"), "DENY") << path;
  }
}

TEST_F(ServiceTest, MetricsCountWhatWasDone) {
  start();
  ended(accept(R"({"class":0,"count":3})"));
  ask("POST", "/api/jobs", R"({"class":"nothing"})");
  const std::string text = http::body_of(ask("GET", "/metrics"));
  for (const char* const line : {"\npixnerd_jobs_accepted_total 1\n", "\npixnerd_jobs_ended_total{state=\"done\"} 1\n",
                                 "\npixnerd_pictures_total 3\n", "\npixnerd_steps_total 12\n",
                                 "\npixnerd_jobs_queued 0\n", "\npixnerd_models_loaded 1\n"}) {
    EXPECT_NE(text.find(line), std::string::npos) << line << text;
  }
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    EXPECT_TRUE(line.starts_with("# HELP ") || line.starts_with("# TYPE ") || line.find(' ') != std::string::npos)
        << line;
  }
}

TEST_F(ServiceTest, EveryRouteIsDescribed) {
  start();
  const config::Value description = get("/api/openapi.json");
  const config::Value* const paths = description.find("paths");
  ASSERT_NE(paths, nullptr);
  int described = 0;
  for (const auto& [path, operations] : paths->fields) {
    for (const auto& [method, operation] : operations.fields) {
      ++described;
      EXPECT_FALSE(operation.at("summary").scalar.empty()) << method << path;
      std::string upper = method;
      for (char& c : upper) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
      if (path.find('{') != std::string::npos || path == "/api/events") continue;
      const std::string answer = ask(upper, path);
      EXPECT_NE(http::status_of(answer), 405) << upper << " " << path;
      EXPECT_EQ(answer.find("unknown_route"), std::string::npos) << upper << " " << path;
    }
  }
  EXPECT_GE(described, 18);
}

TEST_F(ServiceTest, EveryFieldOfARequestIsDescribed) {
  start();
  config::KeysOfFields keys;
  DrawRequest request;
  DrawRequest::fields(request, keys);
  sample::SampleConfig settings;
  sample::SampleConfig::fields(settings, keys);
  const config::Value description = get("/api/openapi.json");
  const config::Value* const schema = description.at("components").at("schemas").find("DrawRequest");
  const config::Value* const properties = schema->find("properties");
  for (const std::string& key : keys.keys) {
    ASSERT_NE(properties->find(key), nullptr) << key;
    EXPECT_NE(properties->at(key).find("description"), nullptr) << key;
  }
  EXPECT_EQ(properties->fields.size(), keys.keys.size());
  EXPECT_EQ(properties->at("count").at("maximum").scalar, "64.0");
}

TEST_F(ServiceTest, ATokenIsAskedForEverywhere) {
  ServeOptions options;
  options.gate.token = "a long enough token";
  start(options);
  EXPECT_EQ(http::status_of(ask("GET", "/api/models")), 401);
  EXPECT_EQ(http::status_of(ask("GET", "/health")), 200);
  EXPECT_EQ(http::status_of(ask("GET", "/")), 200);
  EXPECT_EQ(http::status_of(ask("GET", "/api/models", "", "Authorization: Bearer a long enough token\r\n")), 200);
  const std::string answer = ask("POST", "/login", R"({"token":"a long enough token"})");
  EXPECT_EQ(http::status_of(answer), 204);
  const std::string cookie = http::header_of(answer, "Set-Cookie");
  EXPECT_EQ(
      http::status_of(ask("GET", "/api/models", "", concat("Cookie: ", cookie.substr(0, cookie.find(';')), "\r\n"))),
      200);
}

TEST_F(ServiceTest, ACheckpointThatIsGoneFailsItsJobsAlone) {
  start();
  const std::filesystem::path path = models_->path("plain"), away = path.string() + ".away";
  std::filesystem::rename(path, away);
  const config::Value job = ended(accept(R"({"class":0,"model":"plain"})"));
  EXPECT_EQ(job.at("state").scalar, "failed");
  EXPECT_NE(job.at("error").at("message").scalar.find("plain.safetensors"), std::string::npos);
  EXPECT_EQ(ended(accept(R"({"class":0})")).at("state").scalar, "done");
  std::filesystem::rename(away, path);
  EXPECT_EQ(ended(accept(R"({"class":0,"model":"plain"})")).at("state").scalar, "done");
}

}  // namespace
}  // namespace pixnerd::serve
