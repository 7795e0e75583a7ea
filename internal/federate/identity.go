package federate

import (
	"crypto/x509"
	"fmt"
	"net/url"
	"strings"

	"github.com/google/uuid"
)

const (
	gatewayURN = "jingwei:gateway:"
	nodeURN    = "jingwei:node:"
)

// GatewayURI is the subject alternative name by which a certificate says that its holder is a gateway:
// urn:jingwei:gateway:<uuid>.
func GatewayURI(id uuid.UUID) *url.URL {
	return &url.URL{Scheme: "urn", Opaque: gatewayURN + id.String()}
}

// GatewayID reads the gateway's identity from a certificate that has been verified. A certificate that names none, or
// two, is refused.
func GatewayID(cert *x509.Certificate) (uuid.UUID, error) {
	found, err := namedIn(cert, gatewayURN)
	if err == nil && len(found) != 1 {
		err = fmt.Errorf("certificate %s names %d gateways", cert.SerialNumber, len(found))
	}
	if err != nil {
		return uuid.Nil, err
	}
	return found[0], nil
}

// NodeURI is the subject alternative name by which a certificate says that its holder is a node:
// urn:jingwei:node:<uuid>.
func NodeURI(id uuid.UUID) *url.URL {
	return &url.URL{Scheme: "urn", Opaque: nodeURN + id.String()}
}

// PeerID reads who dials from a certificate that has been verified: a gateway or a node, and never both.
func PeerID(cert *x509.Certificate) (id uuid.UUID, node bool, err error) {
	nodes, err := namedIn(cert, nodeURN)
	if err != nil {
		return uuid.Nil, false, err
	}
	gateways, err := namedIn(cert, gatewayURN)
	switch {
	case err != nil:
		return uuid.Nil, false, err
	case len(nodes)+len(gateways) != 1:
		return uuid.Nil, false, fmt.Errorf("certificate %s names %d gateways and %d nodes", cert.SerialNumber, len(gateways), len(nodes))
	case len(nodes) == 1:
		return nodes[0], true, nil
	}
	return gateways[0], false, nil
}

func namedIn(cert *x509.Certificate, urn string) (found []uuid.UUID, err error) {
	for _, u := range cert.URIs {
		if u.Scheme != "urn" || !strings.HasPrefix(u.Opaque, urn) {
			continue
		}
		id, err := uuid.Parse(strings.TrimPrefix(u.Opaque, urn))
		if err != nil {
			return nil, fmt.Errorf("certificate %s names %q: %w", cert.SerialNumber, u.Opaque, err)
		}
		found = append(found, id)
	}
	return found, nil
}
