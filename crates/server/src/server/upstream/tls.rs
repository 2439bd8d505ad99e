//! Whom HTTPS upstreams are trusted by: the system's certificate authorities, and those that the user adds.

use std::error::Error;
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{CertificateError, ClientConfig, RootCertStore};

use super::UpstreamError;

/// The client's TLS settings. The system's certificates are only read when an upstream needs them.
pub(super) fn config(authorities: Option<&str>, secure: bool) -> Result<ClientConfig, UpstreamError> {
    let mut roots = RootCertStore::empty();
    if let Some(pem) = authorities {
        let before = roots.len();
        for certificate in CertificateDer::pem_slice_iter(pem.as_bytes()) {
            let certificate = certificate.map_err(|error| UpstreamError::Authorities(format!("the PEM text is broken: {error}")))?;
            roots.add(certificate).map_err(|error| UpstreamError::Authorities(error.to_string()))?;
        }
        if roots.len() == before {
            return Err(UpstreamError::Authorities("the file holds no CERTIFICATE block".to_owned()));
        }
    }
    if secure {
        let native = rustls_native_certs::load_native_certs();
        roots.add_parsable_certificates(native.certs);
        if roots.is_empty() {
            return Err(UpstreamError::Authorities("this system has none; name a PEM file with --upstream-ca".to_owned()));
        }
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| UpstreamError::Authorities(error.to_string()))?;
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
}

/// Why an upstream's certificate is not trusted and what to do, if that is what went wrong.
pub(super) fn distrust(error: &(dyn Error + 'static)) -> Option<String> {
    let reason = match certificate_error(error)? {
        // Another authority of the same name signs otherwise.
        CertificateError::UnknownIssuer | CertificateError::BadSignature => {
            "it is signed by an authority that is not trusted here; --upstream-ca FILE adds one".to_owned()
        }
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => "it has expired".to_owned(),
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "it is not valid yet; is the clock right?".to_owned()
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            "it is for another host than the URL names".to_owned()
        }
        other => format!("{other}; --upstream-ca FILE adds authorities to trust"),
    };
    Some(format!("the upstream's certificate is refused: {reason}"))
}

/// The refusal among the causes of an error, however deep I/O errors wrap it.
fn certificate_error<'e>(error: &'e (dyn Error + 'static)) -> Option<&'e CertificateError> {
    if let Some(rustls::Error::InvalidCertificate(reason)) = error.downcast_ref::<rustls::Error>() {
        return Some(reason);
    }
    let wrapped = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
    let wrapped = wrapped.and_then(|inner| certificate_error(inner));
    wrapped.or_else(|| certificate_error(error.source()?))
}
