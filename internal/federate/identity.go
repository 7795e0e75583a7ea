package federate

import (
	"crypto/x509"
	"fmt"
	"net/url"
	"strings"

	"github.com/google/uuid"
)

const gatewayURN = "jingwei:gateway:"

// GatewayURI is the subject alternative name by which a certificate says that its holder is a gateway:
// urn:jingwei:gateway:<uuid>.
func GatewayURI(id uuid.UUID) *url.URL {
	return &url.URL{Scheme: "urn", Opaque: gatewayURN + id.String()}
}

// GatewayID reads the gateway's identity from a certificate that has been verified. A certificate that names none, or
// two, is refused.
func GatewayID(cert *x509.Certificate) (uuid.UUID, error) {
	var found []uuid.UUID
	for _, u := range cert.URIs {
		if u.Scheme != "urn" || !strings.HasPrefix(u.Opaque, gatewayURN) {
			continue
		}
		id, err := uuid.Parse(strings.TrimPrefix(u.Opaque, gatewayURN))
		if err != nil {
			return uuid.Nil, fmt.Errorf("certificate %s names gateway %q: %w", cert.SerialNumber, u.Opaque, err)
		}
		found = append(found, id)
	}
	if len(found) != 1 {
		return uuid.Nil, fmt.Errorf("certificate %s names %d gateways", cert.SerialNumber, len(found))
	}
	return found[0], nil
}
