//! Whom HTTPS upstreams are trusted by: the system's certificate authorities, and those that the user adds.

use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};

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
