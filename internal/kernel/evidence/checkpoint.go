package evidence

import (
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"
)

// maxCheckpoint bounds a checkpoint with all its signatures, in bytes.
const maxCheckpoint = 1 << 16

// Checkpoint is a signed statement of a log: at Time it had Size entries with the root hash Root.
type Checkpoint struct {
	Origin string
	Size   uint64
	Root   Hash
	Time   int64    // nanoseconds since 1970-01-01 UTC; 0 where a log of another make tells none
	Signed []Signed // the signatures that were checked, or made
	// Unchecked names the keys of signatures that were not checked, since nobody gave their public keys.
	Unchecked []string
	Text      []byte // the signed note
}

// Signed names a key and the algorithm it signed with.
type Signed struct {
	Key       string
	Algorithm string
}

const (
	timePrefix = "time "
	timeLayout = "2006-01-02T15:04:05.000000000Z"
)

// body is the text that is signed (C2SP tlog-checkpoint), with the time as its one extension line.
func (c *Checkpoint) body() string {
	return fmt.Sprintf("%s\n%d\n%s\n%s%s\n", c.Origin, c.Size, c.Root, timePrefix,
		time.Unix(0, c.Time).UTC().Format(timeLayout))
}

// sign fills Text and Signed.
func (c *Checkpoint) sign(signers []Signer) error {
	list := make([]note.Signer, len(signers))
	c.Signed = nil
	for i, s := range signers {
		list[i] = s
		c.Signed = append(c.Signed, Signed{s.Name(), s.Verifier().Algorithm()})
	}
	text, err := note.Sign(&note.Note{Text: c.body()}, list...)
	if err != nil {
		return fmt.Errorf("sign a checkpoint: %w", err)
	}
	c.Text = text
	return nil
}

// ParseCheckpoint reads a checkpoint and checks no signature: use VerifyCheckpoint for all but looking at it. It accepts
// one spelling only, so that no byte of a checkpoint can be changed unnoticed.
func ParseCheckpoint(text []byte) (Checkpoint, error) {
	c, err := parseCheckpoint(string(text))
	if err != nil {
		return Checkpoint{}, fmt.Errorf("checkpoint: %w", err)
	}
	c.Text = append([]byte(nil), text...)
	return c, nil
}

func parseCheckpoint(text string) (c Checkpoint, err error) {
	if len(text) > maxCheckpoint {
		return c, fmt.Errorf("it has %d bytes, at most %d are read", len(text), maxCheckpoint)
	}
	split := strings.LastIndex(text, "\n\n")
	if split < 0 || !strings.HasSuffix(text, "\n") {
		return c, errors.New("it has no signatures behind an empty line")
	}
	lines := strings.Split(text[:split], "\n")
	if len(lines) < 3 {
		return c, errors.New("it has no three lines of origin, size and root")
	}
	c.Origin = lines[0]
	if err := CheckOrigin(c.Origin); err != nil {
		return c, err
	}
	size, err := strconv.ParseUint(lines[1], 10, 64)
	if err != nil || strconv.FormatUint(size, 10) != lines[1] || size > maxSize {
		return c, fmt.Errorf("line 2, %.30q, is no tree size", lines[1])
	}
	c.Size = size
	root, err := base64.StdEncoding.Strict().DecodeString(lines[2])
	if err != nil || len(root) != len(c.Root) || len(lines[2]) != base64.StdEncoding.EncodedLen(len(root)) {
		return c, fmt.Errorf("line 3, %.60q, is no root hash", lines[2])
	}
	copy(c.Root[:], root)
	for i, line := range lines[3:] {
		if line == "" {
			return c, fmt.Errorf("line %d is empty", i+4)
		}
		stamp, ok := strings.CutPrefix(line, timePrefix)
		if !ok {
			continue // an extension of another log
		}
		t, err := time.Parse(timeLayout, stamp)
		if err != nil || t.Format(timeLayout) != stamp || t.Year() < 1970 || t.Year() > 2261 || c.Time != 0 {
			return c, fmt.Errorf("line %d, %.60q, is no time such as %q", i+4, line, timePrefix+timeLayout)
		}
		c.Time = t.UnixNano()
	}
	seen := map[string]bool{}
	for i, line := range strings.Split(strings.TrimSuffix(text[split+2:], "\n"), "\n") {
		key, err := parseSignature(line)
		if err != nil {
			return c, fmt.Errorf("signature %d: %w", i+1, err)
		}
		if seen[key] || len(seen) >= 100 {
			return c, fmt.Errorf("signature %d: a second one of %s, or more than 100", i+1, key)
		}
		seen[key] = true
		c.Unchecked = append(c.Unchecked, key)
	}
	return c, nil
}

// parseSignature reads "— name base64(id, signature)" and returns "name+id".
func parseSignature(line string) (string, error) {
	rest, ok := strings.CutPrefix(line, "— ")
	name, text, ok2 := strings.Cut(rest, " ")
	sig, err := base64.StdEncoding.Strict().DecodeString(text)
	if !ok || !ok2 || name == "" || err != nil || len(sig) < 5 {
		return "", fmt.Errorf("%.80q is no signature line", line)
	}
	return fmt.Sprintf("%s+%08x", name, binary.BigEndian.Uint32(sig)), nil
}

// VerifyCheckpoint checks that a checkpoint is of the log with the given origin and that every one of the keys has
// signed it. Errors: ErrNotProved.
func VerifyCheckpoint(text []byte, origin string, keys ...Verifier) (Checkpoint, error) {
	c, err := ParseCheckpoint(text)
	if err != nil {
		return Checkpoint{}, fmt.Errorf("%w: %w", ErrNotProved, err)
	}
	if c.Origin != origin {
		return Checkpoint{}, fmt.Errorf("%w: the checkpoint is of the log %s, not of %s", ErrNotProved, c.Origin, origin)
	}
	if len(keys) == 0 {
		return Checkpoint{}, fmt.Errorf("%w: no public key was given", ErrNotProved)
	}
	list := make([]note.Verifier, len(keys))
	for i, k := range keys {
		list[i] = k
	}
	n, err := note.Open(text, note.VerifierList(list...))
	var invalid *note.InvalidSignatureError
	var none *note.UnverifiedNoteError
	switch {
	case errors.As(err, &none):
		return Checkpoint{}, fmt.Errorf("%w: none of the given keys has signed the checkpoint, only %s", ErrNotProved, strings.Join(c.Unchecked, ", "))
	case errors.As(err, &invalid):
		return Checkpoint{}, fmt.Errorf("%w: the checkpoint's signature by %s+%08x is wrong: text or signature were changed", ErrNotProved, invalid.Name, invalid.Hash)
	case err != nil:
		return Checkpoint{}, fmt.Errorf("%w: checkpoint: %w", ErrNotProved, err)
	}
	good := map[string]bool{}
	for _, s := range n.Sigs {
		good[fmt.Sprintf("%s+%08x", s.Name, s.Hash)] = true
	}
	for _, k := range keys {
		if !good[fmt.Sprintf("%s+%08x", k.Name(), k.KeyHash())] {
			return Checkpoint{}, fmt.Errorf("%w: the key %s+%08x (%s) has not signed the checkpoint", ErrNotProved, k.Name(), k.KeyHash(), k.Algorithm())
		}
		c.Signed = append(c.Signed, Signed{k.Name(), k.Algorithm()})
	}
	c.Unchecked = nil
	for _, s := range n.UnverifiedSigs {
		c.Unchecked = append(c.Unchecked, fmt.Sprintf("%s+%08x", s.Name, s.Hash))
	}
	return c, nil
}
