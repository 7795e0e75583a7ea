package seal

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/google/uuid"

	"jingwei/internal/kernel/evidence"
)

const bundleFormat = "jingwei-seal-proof/1"

// MaxBundle bounds a bundle in bytes.
const MaxBundle = evidence.MaxProofFile + 64<<10

// Bundle is all that is needed, beside what the leaf is of and a public key, to see that a leaf is in the log. As a file it
// is one JSON object.
type Bundle struct {
	Format      string         `json:"format"`
	Kind        string         `json:"kind"`
	Subject     uuid.UUID      `json:"subject"`
	Day         string         `json:"day,omitempty"`
	FirstCommit uint64         `json:"firstCommit,string,omitempty"` // of samples: hints that the proof does not cover
	LastCommit  uint64         `json:"lastCommit,string,omitempty"`
	Salt        []byte         `json:"salt"`
	Proof       evidence.Proof `json:"proof"`
	Since       *Consistency   `json:"since,omitempty"`
}

// Consistency proves that the tree of the proof's checkpoint begins with an older one.
type Consistency struct {
	Size   uint64          `json:"size,string"`
	Hashes []evidence.Hash `json:"hashes"`
}

// Encode returns the bundle as a file.
func (b Bundle) Encode() ([]byte, error) {
	b.Format, b.Proof.Format = bundleFormat, proofFormat
	if b.Proof.Hashes == nil {
		b.Proof.Hashes = []evidence.Hash{}
	}
	if b.Since != nil && b.Since.Hashes == nil {
		b.Since = &Consistency{b.Since.Size, []evidence.Hash{}}
	}
	out, err := json.MarshalIndent(b, "", "  ")
	return append(out, '\n'), err
}

// proofFormat is what package evidence calls its proof files.
const proofFormat = "jingwei-evidence-proof/1"

// ParseBundle reads a bundle and checks its form only.
func ParseBundle(raw []byte) (*Bundle, error) {
	if len(raw) > MaxBundle {
		return nil, fmt.Errorf("the proof has %d bytes, at most %d are read", len(raw), MaxBundle)
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	var b Bundle
	if err := d.Decode(&b); err != nil {
		return nil, fmt.Errorf("the proof: %w", err)
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, errors.New("the proof: something stands behind its end")
	}
	if b.Format != bundleFormat {
		return nil, fmt.Errorf("the proof: format %.60q is not known; this program reads %q", b.Format, bundleFormat)
	}
	if len(b.Salt) != evidence.SaltSize {
		return nil, fmt.Errorf("the proof: its salt has %d bytes, want %d", len(b.Salt), evidence.SaltSize)
	}
	inner, err := b.Proof.Encode()
	if err != nil {
		return nil, err
	}
	if b.Proof, err = evidence.ParseProof(inner); err != nil {
		return nil, fmt.Errorf("the proof: %w", err)
	}
	return &b, nil
}

// Verify checks signatures, inclusion and, with an older checkpoint (old, which may be nil), consistency, and that the
// entry says what the bundle says. It looks at no payload. Errors: evidence.ErrNotProved.
func (b *Bundle) Verify(origin string, old []byte, keys ...evidence.Verifier) (evidence.Checkpoint, evidence.Envelope, error) {
	c, err := b.Proof.Verify(origin, keys...)
	if err != nil {
		return c, evidence.Envelope{}, err
	}
	e, err := evidence.ParseEnvelope(b.Proof.Entry)
	if err != nil {
		return c, e, fmt.Errorf("%w: entry %d: %w", evidence.ErrNotProved, b.Proof.Index, err)
	}
	no := func(format string, args ...any) error {
		return fmt.Errorf("%w: entry %d %s", evidence.ErrNotProved, b.Proof.Index, fmt.Sprintf(format, args...))
	}
	switch {
	case e.Kind != b.Kind:
		return c, e, no("is of kind %s, the proof speaks of %.40q", e.Kind, b.Kind)
	case e.Subject != b.Subject:
		return c, e, no("is about %s, the proof speaks of %s", e.Subject, b.Subject)
	case ofSamples(e.Kind) && DayOf(e.CommitTime).String() != b.Day:
		return c, e, no("is of %s, the proof speaks of %.40q", DayOf(e.CommitTime), b.Day)
	}
	if old == nil {
		return c, e, nil
	}
	before, err := evidence.VerifyCheckpoint(old, origin, keys...)
	if err != nil {
		return c, e, fmt.Errorf("the older checkpoint: %w", err)
	}
	if b.Since == nil || b.Since.Size != before.Size {
		return c, e, fmt.Errorf("the proof has none of consistency with the checkpoint of %d entries: fetch it with ?since=%d", before.Size, before.Size)
	}
	return c, e, evidence.VerifyConsistency(before.Size, c.Size, before.Root, c.Root, b.Since.Hashes)
}

// salt is the salt of the leaf.
func (b *Bundle) salt() (s [evidence.SaltSize]byte) { copy(s[:], b.Salt); return s }
