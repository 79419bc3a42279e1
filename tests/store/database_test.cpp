#include "store/database.h"

#include <gtest/gtest.h>

#include <limits>

#include "core/errors.h"
#include "tests/core/temporary_folder.h"
#include "tests/core/thrown.h"

namespace pixnerd::store {
namespace {

class DatabaseTest : public testing::Test {
 protected:
  DatabaseTest() { database_.run("CREATE TABLE numbers (value INTEGER UNIQUE)"); }

  int64_t count() const {
    Statement statement(database_, "SELECT count(*) FROM numbers");
    Rows rows = statement();
    return rows.next() ? rows.integer(0) : -1;
  }

  TemporaryFolder folder_;
  Database database_{folder_ / "some.sqlite3"};
};

TEST_F(DatabaseTest, ATransactionIsWholeOrNothing) {
  Statement insert(database_, "INSERT INTO numbers VALUES (?1)");
  {
    Transaction transaction(database_);
    insert(int64_t{1}).next();
    insert(int64_t{2}).next();
    EXPECT_EQ(count(), 2);
  }
  EXPECT_EQ(count(), 0);
  {
    Transaction transaction(database_);
    insert(int64_t{1}).next();
    transaction.commit();
  }
  EXPECT_EQ(count(), 1);
  thrown<DataError>([&] {
    Transaction transaction(database_);
    insert(int64_t{2}).next();
    insert(int64_t{1}).next();  // is there
    transaction.commit();
  });
  EXPECT_EQ(count(), 1);
  insert(int64_t{2}).next();
  EXPECT_EQ(count(), 2) << "the statement that failed runs again";
}

TEST_F(DatabaseTest, ValuesComeBackAsTheyWereGiven) {
  Statement statement(database_, "SELECT ?1, ?2, ?3");
  for (const int64_t number : {std::numeric_limits<int64_t>::min(), int64_t{0}, std::numeric_limits<int64_t>::max()}) {
    for (const std::string& text : {std::string(), std::string("\0'\xff", 3)}) {
      Rows rows = statement(number, 0.1, text);
      ASSERT_TRUE(rows.next());
      EXPECT_EQ(rows.integer(0), number);
      EXPECT_EQ(rows.real(1), 0.1);
      EXPECT_EQ(rows.text(2), text);
      EXPECT_FALSE(rows.next());
    }
  }
}

TEST_F(DatabaseTest, AnotherTypeIsDamage) {
  Statement statement(database_, "SELECT 1 AS a, 'x' AS b, NULL AS c");
  Rows rows = statement();
  ASSERT_TRUE(rows.next());
  EXPECT_NE(thrown<DataError>([&] { rows.text(0); }).find("a value of another type in column a"), std::string::npos);
  thrown<DataError>([&] { rows.real(0); });
  thrown<DataError>([&] { rows.integer(1); });
  thrown<DataError>([&] { rows.integer(2); });
  thrown<DataError>([&] { rows.text(2); });
}

TEST_F(DatabaseTest, ForeignKeysHold) {
  database_.run("CREATE TABLE parents (id INTEGER PRIMARY KEY); CREATE TABLE children (parent REFERENCES parents)");
  EXPECT_NE(thrown<DataError>([&] { database_.run("INSERT INTO children VALUES (7)"); }).find("FOREIGN KEY"),
            std::string::npos);
}

}  // namespace
}  // namespace pixnerd::store
