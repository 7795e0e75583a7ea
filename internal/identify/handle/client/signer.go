package client

import (
	"crypto"
	"crypto/rand"

	"jingwei/internal/identify/handle"
)

// Signer proves who asks.
type Signer interface {
	// Answer answers a challenge in a version of the protocol.
	Answer(v handle.Version, c handle.Challenge) (handle.Answer, error)
}

// Key is a signer with a private key: *rsa.PrivateKey, *dsa.PrivateKey or *sm2.PrivateKey.
type Key struct {
	Who     handle.Reference
	Private crypto.PrivateKey
}

// Answer signs the challenge.
func (k Key) Answer(v handle.Version, c handle.Challenge) (handle.Answer, error) {
	signed, err := handle.AnswerWithKey(v, k.Private, c)
	return handle.Answer{Type: handle.TypePublicKey, Signer: k.Who, Signed: signed}, err
}

// Secret is a signer with a secret key.
type Secret struct {
	Who    handle.Reference
	Secret []byte
}

// Answer proves the secret without telling it.
func (s Secret) Answer(v handle.Version, c handle.Challenge) (handle.Answer, error) {
	signed, err := handle.AnswerWithSecret(v, rand.Reader, s.Secret, c)
	return handle.Answer{Type: handle.TypeSecretKey, Signer: s.Who, Signed: signed}, err
}
