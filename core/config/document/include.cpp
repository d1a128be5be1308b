#include "config/document/include.hpp"

#include <fnmatch.h>

#include <algorithm>
#include <system_error>

#include "base/file_state.hpp"
#include "config/document/merge_includes.hpp"
#include "config/document/read_text_file.hpp"
#include "config/document/suggest.hpp"
#include "config/document/text_check.hpp"

namespace belfry::config {
namespace {

namespace fs = std::filesystem;
using yaml::Node;

constexpr std::string_view kIncludeForm = "the path of a file or a pattern, such as conf.d/*.yaml";

bool is_glob(const fs::path& path) { return path.string().find_first_of("*?[") != std::string::npos; }

// Whether a message can show the name.
bool is_printable(const std::string& name) {
  return !invalid_utf8(name) && std::ranges::none_of(name, [](unsigned char c) { return c < 0x20 || c == 0x7F; });
}

struct Included {
  fs::path file;
  Value named;  // the entry of `include` that names it
};

// Finds the files without reading them.
class Finder {
 public:
  explicit Finder(fs::path main) : main_(main.lexically_normal()) {}

  void collect(const Value& include) {
    if (include.node().kind != Node::Kind::list) {
      entry(include);
    } else {
      for (const auto& each : include.entries("paths of files or patterns, such as [conf.d/*.yaml]")) entry(each);
    }
  }

  std::vector<Included> files;
  std::vector<fs::path> directories;  // searched by patterns
  bool complete = true;

 private:
  void entry(const Value& written) {
    const auto text = written.text(kIncludeForm);
    if (!text) {
      complete = false;
      return;
    }
    const fs::path named(*text);
    const auto path = (written.directory() / named).lexically_normal();
    if (is_glob(named.parent_path())) {
      refuse(written, "is " + written.described() + "; use a pattern in the file name only, such as conf.d/*.yaml");
    } else if (is_glob(named.filename())) {
      pattern(written, path);
    } else if (path == main_) {
      refuse(written, "names the main file itself; remove it");
    } else if (base::state_of(path).kind == base::FileState::Kind::directory) {
      refuse(written, "names a directory; write " + (path / "*.yaml").string() + " for the files in it");
    } else {
      add(written, path);
    }
  }

  void pattern(const Value& written, const fs::path& path) {
    const auto directory = path.parent_path();
    const auto wanted = path.filename().string();
    if (std::ranges::find(directories, directory) == directories.end()) directories.push_back(directory);
    std::error_code error;
    std::vector<fs::path> found;
    for (fs::directory_iterator each(directory.empty() ? fs::path(".") : directory, error); !error && each != fs::directory_iterator();
         each.increment(error)) {
      const auto name = each->path().filename().string();
      // Skips hidden files as a shell does: editors use them for temporary copies.
      if (::fnmatch(wanted.c_str(), name.c_str(), FNM_PERIOD) != 0 || directory / name == main_) continue;
      if (is_printable(name)) {
        found.push_back(directory / name);
      } else {
        refuse(written, "matches a file in " + directory.string() + " whose name is not text; rename it");
      }
    }
    if (error) {
      const auto state = base::state_of(directory.empty() ? fs::path(".") : directory);
      if (!state.absent())
        refuse(written, "searches " + directory.string() + ", which cannot be read: " + (state.why.empty() ? error.message() : state.why) +
                            "; name a directory that the user of the gateway can read");
    }
    std::ranges::sort(found);
    for (auto& file : found) add(written, std::move(file));
  }

  // A file that several entries name is read once.
  void add(const Value& written, fs::path file) {
    if (std::ranges::find(files, file, &Included::file) == files.end()) files.push_back({std::move(file), written});
  }

  void refuse(const Value& written, const std::string& what) {
    written.error(what);
    complete = false;
  }

  fs::path main_;
};

// Reads the files that were found.
class Reader {
 public:
  Reader(const Context& context, std::size_t nodes, base::Fingerprint& texts) : context_(context), nodes_(nodes), texts_(texts) {}

  // Returns false when the files together are too large: the rest must not be read.
  bool read(const Included& included) {
    const auto text = read_named_file(included.file);
    if (!text) included.named.error("names " + included.file.string() + ", which " + text.error().message);
    if (text) texts_.add(*text);
    const auto tree = text ? yaml::parse(*text, context_.report, context_.report.add_file(included.file.string())) : nullptr;
    if (!tree) {
      complete = false;
      return true;
    }
    nodes_ += tree->nodes;
    if (nodes_ > yaml::kMaxNodes) {
      complete = false;
      included.named.error("names " + included.file.string() + ", which brings all files together to more than " +
                           std::to_string(yaml::kMaxNodes) + " values; write fewer");
      return false;
    }
    trees.push_back(usable(*tree));
    return true;
  }

  std::vector<yaml::NodePtr> trees;
  bool complete = true;

 private:
  // Keeps the sections that an included file may have, and reports the rest.
  yaml::NodePtr usable(const Node& tree) {
    auto out = std::make_shared<Node>(tree);
    if (tree.kind != Node::Kind::map) {
      context_.report.error(tree.at, "an included file is not a mapping; write sources, sinks, plugins or pipeline, each with a colon");
      complete = false;
    }
    if (tree.incomplete) complete = false;
    std::erase_if(out->members, [this](const yaml::Member& member) { return !is_usable(member); });
    return out;
  }

  bool is_usable(const yaml::Member& member) {
    const auto known = split_words(kIncludedKeys);
    const auto of_main = split_words(kRootKeys.keys);
    auto& report = context_.report;
    const auto has = [&](const auto& words) { return std::ranges::find(words, member.key) != words.end(); };
    if (has(known) && member.value->kind == Node::Kind::map) return true;
    if (has(known)) {
      Value(context_, *member.value, member.key, member.key_at).expected("a mapping, or remove it");
    } else if (has(of_main)) {
      report.error(member.key_at, member.key + " belongs in the main file; move it to " + report.file());
      return false;  // the key is unambiguous, so no section is missing from the tree
    } else {
      report.error(member.key_at,
                   "unknown key " + in_quotes(member.key) + suggestion(member.key, known, "the keys of an included file are"));
    }
    complete = false;
    return false;
  }

  const Context& context_;
  std::size_t nodes_;
  base::Fingerprint& texts_;
};

}  // namespace

yaml::NodePtr load_includes(const Context& context, const yaml::NodePtr& main, std::vector<fs::path>& files, base::Fingerprint& texts) {
  files.emplace_back(context.report.file());
  const auto* include = main->find("include");
  if (include == nullptr) return main;
  Finder finder(context.report.file());
  finder.collect(Value(context, *include->value, "include", include->key_at));
  for (const auto& each : finder.files) files.push_back(each.file);
  files.insert(files.end(), finder.directories.begin(), finder.directories.end());
  if (finder.files.size() > kMaxIncludedFiles) {
    finder.files[kMaxIncludedFiles].named.error("names more than " + std::to_string(kMaxIncludedFiles) +
                                                " files; write fewer, larger ones");
    finder.complete = false;
    finder.files.erase(finder.files.begin() + kMaxIncludedFiles, finder.files.end());
  }
  Reader reader(context, main->nodes, texts);
  for (const auto& each : finder.files) {
    if (!reader.read(each)) break;
  }
  return merge_includes(main, reader.trees, finder.complete && reader.complete, context.report);
}

}  // namespace belfry::config
