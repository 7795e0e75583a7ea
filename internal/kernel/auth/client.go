package auth

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
)

// ClientLife is the life of the certificate of a device that signs in without our gateway. Such devices cannot renew by
// themselves, so it is as long as is still customary (CA/Browser Forum, 825 days).
const ClientLife = 825 * 24 * time.Hour

// clientURN begins the URI in the subject alternative name of such a certificate; the credential's id follows.
const clientURN = "urn:jingwei:credential:"

// SignClient signs the request of a device that signs in as a credential of a source, as SignGateway does for a gateway:
// what the request says of names is ignored. Error: ErrCSR.
func (a *Authority) SignClient(csr []byte, source, credential uuid.UUID) (Certificate, error) {
	key, err := requestedKey(csr)
	if err != nil {
		return Certificate{}, err
	}
	template := &x509.Certificate{
		Subject: pkix.Name{CommonName: credential.String(), OrganizationalUnit: []string{source.String()}, Organization: []string{"Jingwei source"}},
		URIs:    []*url.URL{{Scheme: "urn", Opaque: strings.TrimPrefix(clientURN, "urn:") + credential.String()}},
	}
	return a.sign(template, key, x509.ExtKeyUsageClientAuth, ClientLife)
}

// ClientID reads the credential's id from a certificate whose chain TLS has checked; ok is false for any other.
func ClientID(c *x509.Certificate) (id uuid.UUID, ok bool) {
	if c == nil || len(c.URIs) != 1 || !slices.Contains(c.ExtKeyUsage, x509.ExtKeyUsageClientAuth) {
		return uuid.Nil, false
	}
	s, ok := strings.CutPrefix(c.URIs[0].String(), clientURN)
	if !ok {
		return uuid.Nil, false
	}
	id, err := uuid.Parse(s)
	return id, err == nil
}
