package rollup

import (
	"crypto/sha256"
	"encoding/hex"
	"unicode/utf8"
)

// Names of texts in rows.
const (
	wholeName = 128 // bytes of a text that is its own name
	partName  = 96  // at most so many bytes of a longer one begin its name
	maxName   = wholeName
)

// Name is how rows name a text: by itself if it has at most 128 bytes, otherwise by its first up to 96 bytes (whole runes
// where it is UTF-8) and the first 64 bits of its SHA-256, so that a row stays small and different texts stay apart.
func Name(text string) string {
	if len(text) <= wholeName {
		return text
	}
	n := partName
	for n > partName-utf8.UTFMax+1 && !utf8.RuneStart(text[n]) {
		n--
	}
	h := sha256.Sum256([]byte(text))
	return text[:n] + "…" + hex.EncodeToString(h[:8])
}
