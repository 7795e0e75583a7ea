package main

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"

	"jingwei/internal/kernel/file"
)

// handleKeyBits is the size of the key by which the node signs what it answers over the Handle protocol: clients of today know RSA.
const handleKeyBits = 2048

// handleKey is the node's own key of the Handle protocol, made at the first start. Its public half stands in the node's site.
func handleKey(f file.FS, name string) (*rsa.PrivateKey, error) {
	const kind = "PRIVATE KEY"
	b, err := file.ReadAll(f, name, 16<<10)
	if errors.Is(err, fs.ErrNotExist) {
		key, err := rsa.GenerateKey(rand.Reader, handleKeyBits)
		if err != nil {
			return nil, err
		}
		der, err := x509.MarshalPKCS8PrivateKey(key)
		if err != nil {
			return nil, err
		}
		return key, file.WriteAtomic(f, name, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600)
	}
	if err != nil {
		return nil, fmt.Errorf("read the node's handle key: %w", err)
	}
	block, _ := pem.Decode(b)
	if block == nil || block.Type != kind {
		return nil, fmt.Errorf("%s holds no private key; restore the file from a backup", name)
	}
	any, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("read the node's handle key from %s: %w; restore the file from a backup", name, err)
	}
	key, ok := any.(*rsa.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("%s holds a key that is not RSA; restore the file from a backup", name)
	}
	return key, nil
}
