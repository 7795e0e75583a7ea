package channel

import (
	"bytes"
	"crypto/rsa"
	"crypto/x509"
	"fmt"

	"github.com/gopcua/opcua/ua"
	"github.com/gopcua/opcua/uapolicy"
	"github.com/gopcua/opcua/uasc"
)

// Security is how one end protects a conversation.
type Security struct {
	Policy      string // URI
	Mode        ua.MessageSecurityMode
	Certificate []byte // own, DER; nil without security
	Key         *rsa.PrivateKey
	Remote      []byte // the other end's certificate, DER; the only one that will do
}

// Leaf parses the first certificate of a chain in DER. Only RSA keys are of use in OPC UA.
func Leaf(chain []byte) (*x509.Certificate, *rsa.PublicKey, error) {
	list, err := x509.ParseCertificates(chain)
	if err != nil || len(list) == 0 {
		return nil, nil, fmt.Errorf("parse the certificate: %w", orBad(err))
	}
	key, ok := list[0].PublicKey.(*rsa.PublicKey)
	if !ok {
		return nil, nil, fmt.Errorf("the certificate's key is %T, not RSA: %w", list[0].PublicKey, ua.StatusBadCertificateInvalid)
	}
	return list[0], key, nil
}

func orBad(err error) error {
	if err == nil {
		return ua.StatusBadCertificateInvalid
	}
	return err
}

// SameLeaf tells whether two chains begin with the same certificate.
func SameLeaf(a, b []byte) bool {
	x, _, err := Leaf(a)
	if err != nil {
		return false
	}
	y, _, err := Leaf(b)
	return err == nil && bytes.Equal(x.Raw, y.Raw)
}

// Asymmetric is the algorithm between the two certificates.
func (s *Security) Asymmetric() (*uapolicy.EncryptionAlgorithm, error) {
	if s.Policy == ua.SecurityPolicyURINone {
		return uapolicy.Asymmetric(s.Policy, nil, nil)
	}
	_, remote, err := Leaf(s.Remote)
	if err != nil {
		return nil, err
	}
	return uapolicy.Asymmetric(s.Policy, s.Key, remote)
}

func (s *Security) header() *uasc.AsymmetricSecurityHeader {
	if s.Policy == ua.SecurityPolicyURINone {
		return uasc.NewAsymmetricSecurityHeader(s.Policy, nil, nil)
	}
	return uasc.NewAsymmetricSecurityHeader(s.Policy, s.Certificate, uapolicy.Thumbprint(s.Remote))
}

// Sign signs data for the other end, as sessions do. Without security the signature is empty.
func (s *Security) Sign(data []byte) (*ua.SignatureData, error) {
	if s.Policy == ua.SecurityPolicyURINone {
		return &ua.SignatureData{}, nil
	}
	algo, err := s.Asymmetric()
	if err != nil {
		return nil, err
	}
	sig, err := algo.Signature(data)
	if err != nil {
		return nil, err
	}
	return &ua.SignatureData{Algorithm: algo.SignatureURI(), Signature: sig}, nil
}

// Verify checks a signature of the other end.
func (s *Security) Verify(data, signature []byte) error {
	if s.Policy == ua.SecurityPolicyURINone {
		return nil
	}
	algo, err := s.Asymmetric()
	if err != nil {
		return err
	}
	return algo.VerifySignature(data, signature)
}

// service encodes a request or an answer.
func service(v any) ([]byte, error) {
	id := ua.ServiceTypeID(v)
	if id == 0 {
		return nil, fmt.Errorf("%T is no service", v)
	}
	b, err := ua.NewFourByteExpandedNodeID(0, id).Encode()
	if err != nil {
		return nil, err
	}
	body, err := ua.Encode(v)
	return append(b, body...), err
}

// decode is ua.DecodeService that survives what it was not written for (see skim).
func decode(b []byte) (v any, err error) {
	defer func() {
		if p := recover(); p != nil {
			v, err = nil, protocol("a message that cannot be decoded: %v", p)
		}
	}()
	if err := skim(b); err != nil {
		return nil, err
	}
	_, v, err = ua.DecodeService(b)
	return v, err
}

// Arrays are taken as long as their message holds them (skim); gopcua's own bound of 65,535 elements would make a longer
// one spoil every notification that it comes in.
func init() { ua.MaxVariantArrayLength = MaxMessage }
