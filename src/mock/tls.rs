use std::{fmt, fs, io, path::Path, sync::Arc};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        ServerConfig,
        crypto::ring,
        pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
    },
};

/// The certificate with which a server speaks TLS.
#[derive(Clone)]
pub struct Tls {
    acceptor: TlsAcceptor,
    ca: Option<Arc<str>>,
}

impl Tls {
    /// A certificate for these names and addresses, signed by an authority made for it.
    ///
    /// # Errors
    /// A host is no DNS name and no IP address.
    pub fn self_signed<I, H>(hosts: I) -> Result<Self, TlsError>
    where
        I: IntoIterator<Item = H>,
        H: Into<String>,
    {
        let hosts: Vec<String> = hosts.into_iter().map(Into::into).collect();
        let made = |error: rcgen::Error| TlsError::Make(error.to_string());

        let ca_key = rcgen::KeyPair::generate().map_err(made)?;
        let mut ca = rcgen::CertificateParams::new(Vec::new()).map_err(made)?;
        ca.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        ca.key_usages = vec![
            rcgen::KeyUsagePurpose::KeyCertSign,
            rcgen::KeyUsagePurpose::CrlSign,
        ];
        ca.distinguished_name
            .push(rcgen::DnType::CommonName, "wireproof test authority");
        let authority = ca.self_signed(&ca_key).map_err(made)?;

        let key = rcgen::KeyPair::generate().map_err(made)?;
        let mut own = rcgen::CertificateParams::new(hosts).map_err(made)?;
        own.distinguished_name
            .push(rcgen::DnType::CommonName, "wireproof");
        own.use_authority_key_identifier_extension = true;
        own.extended_key_usages = vec![rcgen::ExtendedKeyUsagePurpose::ServerAuth];
        let issuer = rcgen::Issuer::new(ca, ca_key);
        let certificate = own.signed_by(&key, &issuer).map_err(made)?;

        let chain = vec![certificate.der().clone(), authority.der().clone()];
        let key = PrivateKeyDer::try_from(key.serialize_der())
            .map_err(|why| TlsError::Make(why.to_owned()))?;
        Ok(Self {
            ca: Some(authority.pem().into()),
            ..Self::with(chain, key)?
        })
    }

    /// The certificate, with those that sign it behind it, and its key, from PEM files.
    ///
    /// # Errors
    /// A file cannot be read, holds no such thing, or the two do not fit together.
    pub fn from_files(certificate: &Path, key: &Path) -> Result<Self, TlsError> {
        let read = |path: &Path| {
            fs::read(path).map_err(|source| TlsError::Read {
                path: path.display().to_string(),
                source,
            })
        };
        let not_pem = |path: &Path, what| TlsError::NotPem {
            path: path.display().to_string(),
            what,
        };
        let chain: Vec<_> = CertificateDer::pem_slice_iter(&read(certificate)?)
            .collect::<Result<_, _>>()
            .map_err(|_| not_pem(certificate, "certificate"))?;
        if chain.is_empty() {
            return Err(not_pem(certificate, "certificate"));
        }
        let key =
            PrivateKeyDer::from_pem_slice(&read(key)?).map_err(|_| not_pem(key, "private key"))?;
        Self::with(chain, key)
    }

    /// The authority that clients have to trust, as PEM; none where the certificate came from files.
    #[must_use]
    pub fn ca_pem(&self) -> Option<&str> {
        self.ca.as_deref()
    }

    pub(crate) fn acceptor(&self) -> &TlsAcceptor {
        &self.acceptor
    }

    fn with(
        chain: Vec<CertificateDer<'static>>,
        key: PrivateKeyDer<'static>,
    ) -> Result<Self, TlsError> {
        let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| TlsError::Make(error.to_string()))?
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .map_err(|error| TlsError::Make(error.to_string()))?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self {
            acceptor: TlsAcceptor::from(Arc::new(config)),
            ca: None,
        })
    }
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls")
            .field("self_signed", &self.ca.is_some())
            .finish_non_exhaustive()
    }
}

/// Why TLS cannot be spoken.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file cannot be read.
    #[error("cannot read `{path}`: {source}")]
    Read {
        /// The path as given.
        path: String,
        /// What the system said.
        source: io::Error,
    },
    /// A file does not hold what it should.
    #[error("`{path}` holds no {what} in PEM")]
    NotPem {
        /// The path as given.
        path: String,
        /// `certificate` or `private key`.
        what: &'static str,
    },
    /// Certificate and key cannot be made or do not fit together.
    #[error("cannot use the certificate: {0}")]
    Make(String),
}
