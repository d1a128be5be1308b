#include "net/certificate_expiry.hpp"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <ctime>
#include <memory>
#include <optional>

namespace belfry::net {
namespace {

std::string subject_of(X509* certificate) {
  const std::unique_ptr<BIO, decltype(&BIO_free)> text(BIO_new(BIO_s_mem()), BIO_free);
  if (!text || X509_NAME_print_ex(text.get(), X509_get_subject_name(certificate), 0, XN_FLAG_RFC2253) < 0) return {};
  char* begin = nullptr;
  const auto size = BIO_get_mem_data(text.get(), &begin);
  return size > 0 ? std::string(begin, static_cast<std::size_t>(size)) : std::string();
}

std::optional<CertificateExpiry> end_of(X509* certificate) {
  std::tm utc{};
  if (ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &utc) != 1) return std::nullopt;
  return CertificateExpiry{subject_of(certificate), base::Timestamp(std::chrono::seconds(::timegm(&utc)))};
}

}  // namespace

base::Result<CertificateExpiry> earliest_expiry(const std::filesystem::path& file) {
  const std::unique_ptr<BIO, decltype(&BIO_free)> in(BIO_new_file(file.c_str(), "r"), BIO_free);
  std::optional<CertificateExpiry> first;
  while (in) {
    const std::unique_ptr<X509, decltype(&X509_free)> certificate(PEM_read_bio_X509(in.get(), nullptr, nullptr, nullptr), X509_free);
    if (!certificate) break;
    auto end = end_of(certificate.get());
    if (end && (!first || end->not_after < first->not_after)) first = std::move(end);
  }
  ERR_clear_error();  // the end of a PEM file is reported as an error
  if (!first) return base::fail(base::ErrorCode::invalid, file.string() + ": no certificate can be read");
  return *std::move(first);
}

}  // namespace belfry::net
