package evidence

import (
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"

	"jingwei/internal/kernel/file"
)

// ed25519Public turns type and seed into type and public key.
func ed25519Public(key []byte) ([]byte, error) {
	if len(key) != 1+ed25519.SeedSize {
		return nil, errors.New("an Ed25519 seed has 32 bytes")
	}
	return append([]byte{key[0]}, ed25519.NewKeyFromSeed(key[1:]).Public().(ed25519.PublicKey)...), nil
}

// The files of a folder of keys. The private ones are readable by their owner only.
const (
	secretsFile = "evidence.key"  // one private key per line
	vkeysFile   = "evidence.vkey" // the public keys, one per line, to be given away
)

// LoadKeys reads the private keys of a log from a folder, and makes them when there are none: at the first start. The
// folder is none that is served. It also writes the public keys as text into evidence.vkey.
func LoadKeys(files file.FS, dir, origin string) ([]Signer, error) {
	signers, err := loadKeys(files, dir, origin)
	if err != nil {
		return nil, fmt.Errorf("keys of the evidence log: %w", err)
	}
	return signers, nil
}

func loadKeys(files file.FS, dir, origin string) ([]Signer, error) {
	if err := file.MakeDir(files, dir, 0o700); err != nil {
		return nil, err
	}
	name := filepath.Join(dir, secretsFile)
	secrets, err := readFile(files, name, 1<<16)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return makeKeys(files, dir, origin)
	case err != nil:
		return nil, err
	}
	if err := files.SyncDir(dir); err != nil { // a killed process may have left the name in the cache only
		return nil, err
	}
	var signers []Signer
	for i, line := range strings.Split(strings.TrimSuffix(string(secrets), "\n"), "\n") {
		s, err := NewSigner(line)
		if err != nil {
			return nil, fmt.Errorf("%s, line %d: %w", name, i+1, err)
		}
		if got := OriginOf(s.Verifier()); got != origin {
			return nil, fmt.Errorf("%s, line %d: the key is of the log %s, not of %s; a log keeps the origin it began with", name, i+1, got, origin)
		}
		signers = append(signers, s)
	}
	return signers, writeVkeys(files, dir, signers)
}

func makeKeys(files file.FS, dir, origin string) ([]Signer, error) {
	signers, err := GenerateKeys(origin, rand.Reader)
	if err != nil {
		return nil, err
	}
	var b strings.Builder
	for _, s := range signers {
		b.WriteString(s.Secret() + "\n")
	}
	if err := file.WriteAtomic(files, filepath.Join(dir, secretsFile), []byte(b.String()), 0o600); err != nil {
		return nil, err
	}
	return signers, writeVkeys(files, dir, signers)
}

func writeVkeys(files file.FS, dir string, signers []Signer) error {
	var b strings.Builder
	for _, s := range signers {
		b.WriteString(s.Verifier().String() + "\n")
	}
	name := filepath.Join(dir, vkeysFile)
	if have, err := readFile(files, name, 1<<16); err == nil && string(have) == b.String() {
		return nil
	}
	return file.WriteAtomic(files, name, []byte(b.String()), 0o644)
}
