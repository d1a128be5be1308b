#include "config/document/references.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include "core/config/support.hpp"

namespace belfry::config {
namespace {

class ReferencesTest : public ::testing::Test {
 protected:
  std::expected<Expanded, ReferenceError> expand(std::string_view text) const {
    const auto environment = test::environment(variables);
    return References(environment).expand(text, directory.path());
  }
  std::string value(std::string_view text) const {
    const auto result = expand(text);
    return result ? result->text : "FAULT " + result.error().text;
  }
  std::string in_directory(const std::string& name) const { return (directory.path() / name).string(); }

  test::TemporaryDirectory directory;
  std::map<std::string, std::string> variables{{"A", "alpha"}, {"B", "beta"}, {"EMPTY", ""}, {"DOLLAR", "${env:A}"}};
};

TEST_F(ReferencesTest, TextWithoutReferencesStaysAsItIs) {
  for (const auto* text : {"", "plain", "$A", "$", "$$", "a$b$", "{env:A}", "}", "$ {env:A}"}) {
    EXPECT_EQ(value(text), text);
    EXPECT_FALSE(expand(text)->referenced);
  }
}

TEST_F(ReferencesTest, ReplacesVariables) {
  EXPECT_EQ(value("${env:A}"), "alpha");
  EXPECT_EQ(value("x${env:A}-${env:B}y"), "xalpha-betay");
  EXPECT_TRUE(expand("${env:A}")->referenced);
  EXPECT_EQ(value("${env:DOLLAR}"), "${env:A}") << "a value is not expanded again";
}

TEST_F(ReferencesTest, DoubleDollarIsALiteral) {
  EXPECT_EQ(value("$${env:A}"), "${env:A}");
  EXPECT_EQ(value("$${${env:A}}"), "${alpha}");
  EXPECT_EQ(value("$$${env:A}"), "$${env:A}") << "the first dollar is text, then comes $${";
  EXPECT_FALSE(expand("$${env:A}")->referenced);
}

TEST_F(ReferencesTest, DefaultsStandInForMissingAndEmpty) {
  EXPECT_EQ(value("${env:NO:-6000}"), "6000");
  EXPECT_EQ(value("${env:EMPTY:-6000}"), "6000");
  EXPECT_EQ(value("${env:A:-6000}"), "alpha");
  EXPECT_EQ(value("${env:NO:-}"), "");
  EXPECT_EQ(value("${env:NO:-a:-b}"), "a:-b");
  EXPECT_EQ(value("${env:NO:-x${env:NO2:-y${env:B}}z}!"), "xybetaz!");
  EXPECT_EQ(value("${env:NO:-$${}"), "${");
  EXPECT_EQ(value("${file:token:-${env:B}}"), "beta");
}

TEST_F(ReferencesTest, DefaultsThatAreNotNeededAreNotLookedUp) {
  EXPECT_EQ(value("${env:A:-${env:NO}}"), "alpha");
  EXPECT_EQ(value("${env:A:-${file:no}}"), "alpha");
}

TEST_F(ReferencesTest, SaysAllThatIsMissing) {
  EXPECT_EQ(value("${env:NO}"), "FAULT environment variable NO is not set; set it");
  EXPECT_EQ(value("${env:EMPTY}"), "FAULT environment variable EMPTY is empty; give it a value");
  EXPECT_EQ(value("${file:t:-${env:NO}}"),
            "FAULT there is no file " + in_directory("t") +
                " and environment variable NO is not set; put it into /etc/credstore/t (under systemd, mode 0600; the unit needs the line "
                "LoadCredential=t for this name: systemctl edit belfry) or into " +
                in_directory("t") + ", or set NO");
  EXPECT_EQ(value("${file:in/t}"), "FAULT there is no file " + in_directory("in/t") + "; create it")
      << "a path is not the name of a credential";
  EXPECT_EQ(expand("${env:NO}").error().kind, ReferenceError::Kind::unresolved);
}

TEST_F(ReferencesTest, ReadsFilesAndDropsOneNewline) {
  static_cast<void>(directory.write("one", "secret\n"));
  static_cast<void>(directory.write("two", "secret\n\n"));
  static_cast<void>(directory.write("dos", "secret\r\n"));
  static_cast<void>(directory.write("none", "secret"));
  static_cast<void>(directory.write("inside", "a\nb\n"));
  static_cast<void>(directory.write("marked", "\xEF\xBB\xBFsecret\n"));
  static_cast<void>(directory.write("blank", "\xEF\xBB\xBF \r\n\n\t"));
  EXPECT_EQ(value("${file:marked}"), "secret") << "an editor's byte order mark is not part of the value";
  EXPECT_EQ(value("${file:blank}"), "FAULT the file " + in_directory("blank") + " is empty; write the value into it");
  EXPECT_EQ(value("${file:one}"), "secret");
  EXPECT_EQ(value("${file:two}"), "secret\n");
  EXPECT_EQ(value("${file:dos}"), "secret");
  EXPECT_EQ(value("${file:none}"), "secret");
  EXPECT_EQ(value("${file:inside}"), "a\nb");
  EXPECT_EQ(value("${file:" + in_directory("one") + "}"), "secret");
}

TEST_F(ReferencesTest, CredentialsComeBeforeTheConfiguration) {
  static_cast<void>(directory.write("token", "beside\n"));
  static_cast<void>(directory.write("credentials/token", "credential\n"));
  EXPECT_EQ(value("${file:token}"), "beside");
  variables["CREDENTIALS_DIRECTORY"] = in_directory("credentials");
  EXPECT_EQ(value("${file:token}"), "credential");
  EXPECT_EQ(value("${file:other}"), "FAULT there is no file " + in_directory("credentials/other") + " or " + in_directory("other") +
                                        "; put it into /etc/credstore/other (under systemd, mode 0600; the unit needs the line "
                                        "LoadCredential=other for this name: systemctl edit belfry) or into " +
                                        in_directory("other"));
  static_cast<void>(directory.write("other", "beside\n"));
  EXPECT_EQ(value("${file:other}"), "beside");
}

TEST_F(ReferencesTest, ANameThatTheUnitDoesNotLoadNeedsALineThere) {
  std::istringstream unit(test::read(test::source_directory() / "packaging/systemd/belfry.service.in"));
  int loaded = 0;
  for (std::string line; std::getline(unit, line);) {
    constexpr std::string_view kKey = "LoadCredential=";
    if (!line.starts_with(kKey)) continue;
    ++loaded;
    EXPECT_THAT(value("${file:" + line.substr(kKey.size()) + "}"), testing::Not(testing::HasSubstr(kKey))) << line;
  }
  EXPECT_EQ(loaded, 5);
  EXPECT_THAT(value("${file:pagerduty-key}"), testing::HasSubstr("the unit needs the line LoadCredential=pagerduty-key"));
}

TEST_F(ReferencesTest, ABrokenFileIsNotHiddenByADefault) {
  static_cast<void>(directory.write("big", std::string(kMaxReferenceBytes + 1, 'x')));
  static_cast<void>(directory.write("fits", std::string(kMaxReferenceBytes, 'x')));
  static_cast<void>(directory.write("binary", std::string("a\0b", 3)));
  static_cast<void>(directory.write("latin1", "caf\xe9"));
  static_cast<void>(directory.write("empty", "\n"));
  std::filesystem::create_directory(in_directory("folder"));
  EXPECT_EQ(::mkfifo(in_directory("pipe").c_str(), 0600), 0);
  EXPECT_EQ(value("${file:big:-x}"), "FAULT the file " + in_directory("big") + " is larger than 64 KiB; name the right file");
  EXPECT_EQ(value("${file:fits}").size(), kMaxReferenceBytes);
  EXPECT_EQ(value("${file:binary:-x}"), "FAULT the file " + in_directory("binary") + " is not UTF-8 text; name the right file");
  EXPECT_EQ(value("${file:latin1:-x}"), "FAULT the file " + in_directory("latin1") + " is not UTF-8 text; name the right file");
  EXPECT_EQ(value("${file:folder:-x}"), "FAULT the file " + in_directory("folder") + " is a directory or a device; name a file");
  EXPECT_EQ(value("${file:pipe:-x}"), "FAULT the file " + in_directory("pipe") + " is a directory or a device; name a file")
      << "and does not hang";
  EXPECT_EQ(value("${file:empty:-x}"), "x") << "an empty file counts as missing";
  EXPECT_EQ(value("${file:empty}"), "FAULT the file " + in_directory("empty") + " is empty; write the value into it");
  EXPECT_EQ(value("${file:big/x}").find("FAULT"), 0U);
  EXPECT_EQ(value("${file:fits}${file:fits}"), "FAULT the value with its references replaced is larger than 64 KiB; make it smaller");
}

TEST_F(ReferencesTest, SaysWhichFileHoldsTheWholeValue) {
  const auto token = directory.write("token", "secret\n");
  static_cast<void>(directory.write("empty", "\n"));
  const auto file = [&](std::string_view text) { return expand(text).value_or(Expanded{}).file; };
  EXPECT_EQ(file("${file:token}"), (ValueFile{token, false}));
  EXPECT_EQ(file("${file:token:-${env:A}}"), (ValueFile{token, false}));
  EXPECT_EQ(file("${env:NO:-${file:no:-${file:token}}}"), (ValueFile{token, false}));
  EXPECT_EQ(file("${file:empty:-${file:token}}"), (ValueFile{token, false}));
  for (const auto* text : {"secret", "${env:A}", "${file:no:-secret}", "${env:A:-${file:token}}", "Bearer ${file:token}", "${file:token}x",
                           "${file:token}${env:A}", "${file:token}${file:token}", "${file:empty:-}"})
    EXPECT_EQ(file(text), std::nullopt) << text;
  const auto credential = directory.write("credentials/token", "secret\n");
  variables["CREDENTIALS_DIRECTORY"] = in_directory("credentials");
  EXPECT_EQ(file("${file:token}"), (ValueFile{credential, true}));
}

TEST_F(ReferencesTest, AFileIsReadAgainUnderTheSameRules) {
  using std::filesystem::perms;
  const auto path = directory.write("token", "first\n");
  const auto again = [&](bool credential = false) {
    const auto result = reread({path, credential});
    return result ? *result : "FAULT " + result.error().message;
  };
  EXPECT_EQ(again(), "first");
  static_cast<void>(directory.write("token", "second\r\n"));
  EXPECT_EQ(again(), "second");
  static_cast<void>(directory.write("token", "\n"));
  EXPECT_EQ(again(), "FAULT the file " + path.string() + " is empty; write the value into it");
  static_cast<void>(directory.write("token", std::string("a\0b", 3)));
  EXPECT_EQ(again(), "FAULT the file " + path.string() + " is not UTF-8 text; name the right file");
  static_cast<void>(directory.write("token", "third\n"));
  std::filesystem::permissions(path, perms::owner_read | perms::others_read);
  EXPECT_EQ(again(), "FAULT the file " + path.string() + " can be read by others; run: chmod o= " + path.string());
  EXPECT_EQ(again(true), "third") << "systemd controls the access to credentials";
  std::filesystem::remove(path);
  EXPECT_EQ(again(), "FAULT the file " + path.string() + " no longer exists");
}

TEST_F(ReferencesTest, TellsWhenOthersCanReadAFile) {
  using std::filesystem::perms;
  const auto file = directory.write("token", "secret\n");
  const auto exposed = [&](perms mode, const std::string& text = "${file:token}") {
    std::filesystem::permissions(file, mode);
    const auto result = expand(text);
    return result ? result->exposed : "FAULT " + result.error().text;
  };
  const auto owner = perms::owner_read | perms::owner_write;
  EXPECT_EQ(exposed(owner), "");
  EXPECT_EQ(exposed(owner | perms::group_read), "");
  const auto sentence = "the file " + file.string() + " can be read by others; run: chmod o= " + file.string();
  EXPECT_EQ(exposed(owner | perms::others_read), sentence);
  EXPECT_EQ(exposed(owner | perms::others_read, "Bearer ${file:" + file.string() + "}"), sentence);
  EXPECT_EQ(exposed(owner | perms::others_read, "${env:NO:-${file:token}}"), sentence);
  EXPECT_EQ(exposed(owner | perms::others_read, "${env:A:-${file:token}}"), "") << "it is not needed";
  EXPECT_EQ(exposed(owner | perms::others_write),
            "the file " + file.string() + " can be written by others; run: chmod o= " + file.string());
  variables["CREDENTIALS_DIRECTORY"] = directory.path().string();
  EXPECT_EQ(exposed(owner | perms::others_read), "") << "systemd controls the access to credentials";
}

TEST_F(ReferencesTest, WhatMayBeThereIsNotHiddenByADefault) {
  std::filesystem::create_symlink("nowhere", in_directory("link"));
  std::filesystem::create_symlink("nowhere", in_directory("mount"));
  static_cast<void>(directory.write("file", "x"));
  EXPECT_THAT(value("${file:link:-x}"), testing::HasSubstr("link cannot be read: No such file or directory (symbolic link "));
  EXPECT_THAT(value("${file:mount/token:-x}"), testing::HasSubstr("mount/token cannot be read: No such file or directory (symbolic link "));
  EXPECT_THAT(value("${file:file/token:-x}"), testing::HasSubstr("file/token cannot be read: Not a directory"));
  EXPECT_EQ(value("${file:none/token:-x}"), "x");
}

TEST_F(ReferencesTest, ACredentialsDirectoryThatDoesNotExistHidesNothing) {
  static_cast<void>(directory.write("token", "beside\n"));
  variables["CREDENTIALS_DIRECTORY"] = in_directory("none");
  EXPECT_EQ(value("${file:token:-x}"), "FAULT there is no directory " + in_directory("none") +
                                           ", which CREDENTIALS_DIRECTORY names; create it, or unset the variable");
  EXPECT_EQ(value("${file:" + in_directory("token") + ":-x}"), "beside") << "an absolute path is not looked up there";
}

TEST_F(ReferencesTest, AnUnreadableFileIsAnError) {
  if (::geteuid() == 0) GTEST_SKIP() << "root may read everything";
  static_cast<void>(directory.write("closed", "secret"));
  std::filesystem::permissions(in_directory("closed"), std::filesystem::perms::none);
  EXPECT_EQ(value("${file:closed:-x}"),
            "FAULT the file " + in_directory("closed") + " cannot be read: Permission denied; let the user of the gateway read it");
}

TEST_F(ReferencesTest, AVariableMustBeText) {
  variables["LATIN1"] = "caf\xe9";
  EXPECT_EQ(value("${env:LATIN1:-x}"), "FAULT environment variable LATIN1 is not UTF-8 text; correct it");
}

TEST_F(ReferencesTest, RefusesWrongFormsAlsoWhereTheyAreNotNeeded) {
  for (const auto* text : {"${", "${}", "${env}", "${env:}", "${env:A", "${env:a b}", "${env:1A}", "${env:A-B}", "${Env:A}", "${vault:x}",
                           "${file:}", "${file:${env:A}}", "${env:A:-${oops}}", "${env:A:-${env:B}", "a ${ b", "${${env:A}}"}) {
    const auto result = expand(text);
    ASSERT_FALSE(result) << text;
    EXPECT_EQ(result.error().kind, ReferenceError::Kind::malformed) << text << " " << result.error().text;
  }
}

TEST_F(ReferencesTest, DepthIsBounded) {
  std::string text = "x";
  for (int i = 0; i < kMaxReferenceDepth - 1; ++i) text = "${env:NO:-" + text + "}";
  EXPECT_EQ(value(text), "x");
  for (int i = 0; i < 20'000; ++i) text = "${env:NO:-" + text + "}";
  EXPECT_EQ(value(text), "FAULT references are nested more than 8 deep; simplify them");
}

}  // namespace
}  // namespace belfry::config
