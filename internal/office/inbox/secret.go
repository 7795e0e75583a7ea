package inbox

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math/big"

	"jingwei/internal/kernel/file"
)

// keyLength is that of the key with which secrets of channels are sealed, in bytes.
const keyLength = 32

// LoadKey reads the key of this room, and makes it at the first start. It lies beside the records, so that a copy of the
// database alone gives no secret away.
func LoadKey(files file.FS, name string) ([]byte, error) {
	b, err := file.ReadAll(files, name, 1<<10)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		key := make([]byte, keyLength)
		_, _ = rand.Read(key) // never fails (crypto/rand, since Go 1.24)
		return key, file.WriteAtomic(files, name, []byte(hex.EncodeToString(key)+"\n"), 0o600)
	case err != nil:
		return nil, fmt.Errorf("read the inbox's key: %w", err)
	case len(b) < 2*keyLength:
		return nil, fmt.Errorf("the inbox's key in %s is not whole; restore the file from a backup", name)
	}
	key := make([]byte, keyLength)
	if _, err := hex.Decode(key, b[:2*keyLength]); err != nil {
		return nil, fmt.Errorf("the inbox's key in %s is not hexadecimal; restore the file from a backup", name)
	}
	return key, nil
}

// sealer seals secrets with AES-256-GCM, bound to what they belong to.
type sealer struct {
	aead cipher.AEAD
	key  []byte
}

func newSealer(key []byte) (*sealer, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("inbox: key: %w", err)
	}
	aead, err := cipher.NewGCM(block)
	return &sealer{aead, key}, err
}

func (s *sealer) seal(owner string, v any) (string, error) {
	plain, err := json.Marshal(v)
	if err != nil {
		return "", err
	}
	nonce := make([]byte, s.aead.NonceSize())
	_, _ = rand.Read(nonce)
	return base64.StdEncoding.EncodeToString(s.aead.Seal(nonce, nonce, plain, []byte(owner))), nil
}

var errSealed = errors.New("its secret cannot be read with this node's key; give it again")

func (s *sealer) open(owner, sealed string, v any) error {
	b, err := base64.StdEncoding.DecodeString(sealed)
	if err != nil || len(b) < s.aead.NonceSize() {
		return errSealed
	}
	plain, err := s.aead.Open(nil, b[:s.aead.NonceSize()], b[s.aead.NonceSize():], []byte(owner))
	if err != nil {
		return errSealed
	}
	return json.Unmarshal(plain, v)
}

// codeHash is what is kept of a code: six digits are guessed from a plain hash.
func (s *sealer) codeHash(owner, code string) string {
	m := hmac.New(sha256.New, s.key)
	m.Write([]byte("code " + owner + " " + code))
	return hex.EncodeToString(m.Sum(nil))
}

// newCode makes six random digits.
func newCode() string {
	n, err := rand.Int(rand.Reader, big.NewInt(1_000_000))
	if err != nil {
		panic(err) // never: crypto/rand does not fail
	}
	return fmt.Sprintf("%06d", n.Int64())
}
