use std::{
    path::{Path, PathBuf},
    sync::Arc,
};
use tokio_rustls::rustls::{
    ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature},
    pki_types::{
        CertificateDer, PrivateKeyDer, ServerName, UnixTime,
        pem::{self, PemObject},
    },
};

/// How TLS is set up. Without a CA file the roots of the operating system are trusted.
#[derive(Clone, Debug, Default)]
pub struct TlsOptions {
    /// Any certificate is taken, whoever signed it and whatever name it has.
    pub insecure: bool,
    /// A PEM file of the only roots that are trusted.
    pub ca: Option<PathBuf>,
    /// A PEM file with the client's certificate and its chain, and one with its key.
    pub client: Option<(PathBuf, PathBuf)>,
}

/// TLS cannot be set up as asked.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file cannot be read or has nothing of the kind in it.
    #[error("`{path}` gives no {what}: {why}")]
    File {
        /// The file.
        path: String,
        /// What it should hold.
        what: &'static str,
        /// What was wrong.
        why: String,
    },
    /// The operating system gives no trusted roots.
    #[error("no trusted certificate is installed ({0}); name one with a CA file")]
    NoRoots(String),
    /// The parts do not fit each other.
    #[error("TLS cannot be set up: {0}")]
    Setup(#[from] Error),
}

impl TlsOptions {
    /// Reads the files.
    ///
    /// # Errors
    /// A file that cannot be read, or a key that does not belong to the certificate.
    pub(crate) fn config(&self) -> Result<Arc<ClientConfig>, TlsError> {
        let provider = Arc::new(ring::default_provider());
        let builder = ClientConfig::builder_with_provider(provider.clone())
            .with_safe_default_protocol_versions()?;
        let builder = if self.insecure {
            builder
                .dangerous()
                .with_custom_certificate_verifier(Arc::new(AnyCertificate(provider)))
        } else {
            builder.with_root_certificates(self.roots()?)
        };
        let config = match &self.client {
            None => builder.with_no_client_auth(),
            Some((certificate, key)) => builder.with_client_auth_cert(
                certificates(certificate)?,
                PrivateKeyDer::from_pem_file(key).map_err(|why| file(key, "private key", &why))?,
            )?,
        };
        Ok(Arc::new(config))
    }

    fn roots(&self) -> Result<RootCertStore, TlsError> {
        let mut roots = RootCertStore::empty();
        if let Some(path) = &self.ca {
            for certificate in certificates(path)? {
                roots.add(certificate)?;
            }
            return Ok(roots);
        }
        let found = rustls_native_certs::load_native_certs();
        roots.add_parsable_certificates(found.certs);
        if roots.is_empty() {
            let why = found
                .errors
                .first()
                .map_or_else(|| "none was found".to_owned(), ToString::to_string);
            return Err(TlsError::NoRoots(why));
        }
        Ok(roots)
    }
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    const WHAT: &str = "certificate";
    let all = CertificateDer::pem_file_iter(path)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|why| file(path, WHAT, &why))?;
    if all.is_empty() {
        return Err(file(path, WHAT, &pem::Error::NoItemsFound));
    }
    Ok(all)
}

fn file(path: &Path, what: &'static str, why: &pem::Error) -> TlsError {
    TlsError::File {
        path: path.display().to_string(),
        what,
        why: why.to_string(),
    }
}

/// Takes every certificate, but still demands that the peer holds its key.
#[derive(Debug)]
struct AnyCertificate(Arc<CryptoProvider>);

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(
            message,
            certificate,
            signed,
            &self.0.signature_verification_algorithms,
        )
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(
            message,
            certificate,
            signed,
            &self.0.signature_verification_algorithms,
        )
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::TlsOptions;

    #[test]
    fn a_file_without_a_certificate_is_named_in_the_error() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let options = TlsOptions {
            ca: Some(file.path().to_owned()),
            ..TlsOptions::default()
        };
        let error = options.config().unwrap_err().to_string();
        assert!(error.contains(&*file.path().to_string_lossy()), "{error}");
        assert!(error.contains("gives no certificate"), "{error}");
    }
}
