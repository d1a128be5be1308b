// A certificate authority and certificates signed by it, created for each test program in a temporary directory.
#pragma once
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

namespace belfry::net::test {

class Certificates {
 public:
  static const Certificates& get() {
    static const Certificates made;
    return made;
  }
  Certificates(const Certificates&) = delete;
  Certificates& operator=(const Certificates&) = delete;
  ~Certificates() { std::filesystem::remove_all(directory_); }

  [[nodiscard]] std::filesystem::path file(const std::string& name) const { return directory_ / name; }

 private:
  Certificates() {
    char name[] = "/tmp/belfry-tls-XXXXXX";
    directory_ = ::mkdtemp(name);
    authority("ca", "Test CA");
    authority("stranger", "Another CA");
    sign("server", "/CN=server", "subjectAltName=DNS:localhost,IP:127.0.0.1");
    sign("misnamed", "/CN=localhost", "subjectAltName=DNS:elsewhere.test");
    sign("expired", "/CN=server", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-days -1");
    sign("client", "/O=Coder/CN=coder, \\\"prod\\\"", "extendedKeyUsage=clientAuth");
  }

  void run(const std::string& command) const {
    const auto in_directory = "cd " + directory_.string() + " && openssl " + command + " >log 2>&1";
    if (std::system(in_directory.c_str()) != 0) ADD_FAILURE() << in_directory;
  }
  void authority(const std::string& name, const std::string& title) const {
    run("req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -keyout " + name + ".key -out " + name +
        ".crt -subj '/CN=" + title + "'");
  }
  void sign(const std::string& name, const std::string& subject, const std::string& extension, const std::string& days = "-days 2") const {
    std::ofstream(file(name + ".ext")) << extension << "\n";
    run("req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout " + name + ".key -out " + name + ".csr -subj \"" + subject + "\"");
    run("x509 -req -in " + name + ".csr -CA ca.crt -CAkey ca.key -CAcreateserial " + days + " -extfile " + name + ".ext -out " + name +
        ".crt");
  }

  std::filesystem::path directory_;
};

}  // namespace belfry::net::test
