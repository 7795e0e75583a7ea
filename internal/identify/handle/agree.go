package handle

import (
	"crypto/rand"
	"errors"
	"io"
	"math/big"
)

// Agree answers a Diffie-Hellman key in its own group: our key, and the secret that both now have. The group must be large
// enough to keep a secret and small enough to be worked out soon.
func (k *DHKey) Agree(random io.Reader) (ours *DHKey, secret []byte, err error) {
	bits := k.P.BitLen()
	last := new(big.Int).Sub(k.P, big.NewInt(1))
	if bits < MinKeyBits || bits > 4096 || k.P.Bit(0) == 0 {
		return nil, nil, errors.New("a Diffie-Hellman group of 1024 to 4096 bits is needed")
	}
	if k.G.Cmp(big.NewInt(1)) <= 0 || k.G.Cmp(last) >= 0 || k.Y.Cmp(big.NewInt(1)) <= 0 || k.Y.Cmp(last) >= 0 {
		return nil, nil, errors.New("the Diffie-Hellman key is not of its group")
	}
	x, err := rand.Int(random, last)
	if err != nil {
		return nil, nil, err
	}
	ours = &DHKey{P: k.P, G: k.G, Y: new(big.Int).Exp(k.G, x, k.P)}
	return ours, k.Secret(x), nil
}

// Secret is what the holder of the exponent x shares with the holder of the key.
func (k *DHKey) Secret(x *big.Int) []byte {
	shared := new(big.Int).Exp(k.Y, x, k.P)
	secret := make([]byte, (k.P.BitLen()+7)/8)
	return shared.FillBytes(secret)
}
