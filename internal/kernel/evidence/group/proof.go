package group

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"golang.org/x/mod/sumdb/tlog"

	"jingwei/internal/kernel/evidence"
)

// format stands in every proof file.
const format = "jingwei-group-proof/1"

// maxPath bounds a record's path: the levels of a tree of Most records.
const maxPath = 17

// Proof is all that is needed, beside a record and the log's public key, to see that the record is in the log. As a file it is one
// JSON object.
type Proof struct {
	Format string          `json:"format"`
	Place  int             `json:"place"` // of the record in its group, from 0
	Size   int             `json:"size"`  // of the group
	Salt   []byte          `json:"salt"`  // 32 bytes, base64
	Path   []evidence.Hash `json:"path"`  // from the record up, base64 each
	Root   evidence.Hash   `json:"root"`  // of the group's tree, base64
	Leaf   evidence.Proof  `json:"leaf"`  // of the group
}

// Prove makes the proof of the record at a place. leaf is the proof of the group's entry in the log.
func Prove(secret Secret, records [][]byte, place int, leaf evidence.Proof) (Proof, error) {
	if place < 0 || place >= len(records) {
		return Proof{}, fmt.Errorf("record %d of a group of %d", place, len(records))
	}
	t, err := grow(secret, records)
	if err != nil {
		return Proof{}, err
	}
	path, err := tlog.ProveRecord(int64(len(records)), int64(place), t)
	if err != nil {
		return Proof{}, err
	}
	root, err := tlog.TreeHash(int64(len(records)), t)
	if err != nil {
		return Proof{}, err
	}
	salt := secret.Salt(place)
	return Proof{Format: format, Place: place, Size: len(records), Salt: salt[:], Path: path, Root: root, Leaf: leaf}, nil
}

// Encode returns the proof as a file.
func (p Proof) Encode() ([]byte, error) {
	if p.Path == nil {
		p.Path = []evidence.Hash{}
	}
	b, err := json.MarshalIndent(p, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("proof file: %w", err)
	}
	return append(b, '\n'), nil
}

// ParseProof reads a proof file and checks nothing but its form.
func ParseProof(b []byte) (Proof, error) {
	var p Proof
	if len(b) > evidence.MaxProofFile {
		return p, fmt.Errorf("proof file: it has %d bytes, at most %d are read", len(b), evidence.MaxProofFile)
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(&p); err != nil {
		return Proof{}, fmt.Errorf("proof file: %w", err)
	}
	if _, err := d.Token(); err != io.EOF {
		return Proof{}, errors.New("proof file: something stands behind its end")
	}
	if p.Format != format {
		return Proof{}, fmt.Errorf("proof file: format %.60q is not known; this program reads %q", p.Format, format)
	}
	return p, nil
}

// Verify checks that the record is the one at its place in a group of this kind whose leaf is in the log. It returns the leaf and
// the checkpoint that covers it. Errors: evidence.ErrNotProved.
func (p Proof) Verify(record []byte, kind, origin string, keys ...evidence.Verifier) (evidence.Envelope, evidence.Checkpoint, error) {
	no := func(say string, args ...any) (evidence.Envelope, evidence.Checkpoint, error) {
		return evidence.Envelope{}, evidence.Checkpoint{}, fmt.Errorf("%w: "+say, append([]any{evidence.ErrNotProved}, args...)...)
	}
	if len(p.Salt) != evidence.SaltSize || len(p.Path) > maxPath || p.Size < 1 || p.Size > Most || p.Place < 0 || p.Place >= p.Size {
		return no("record %d of a group of %d with a path of %d hashes and a salt of %d bytes cannot be", p.Place, p.Size, len(p.Path), len(p.Salt))
	}
	checkpoint, err := p.Leaf.Verify(origin, keys...)
	if err != nil {
		return evidence.Envelope{}, evidence.Checkpoint{}, err
	}
	e, err := evidence.ParseEnvelope(p.Leaf.Entry)
	switch {
	case err != nil:
		return no("%w", err)
	case e.Kind != kind:
		return no("entry %d is of kind %s, want %s", p.Leaf.Index, e.Kind, kind)
	case e.Algorithm != evidence.SHA256:
		return no("entry %d is hashed by %s, groups are by %s", p.Leaf.Index, e.Algorithm, evidence.SHA256)
	}
	if digest := sealed(p.Size, p.Root); string(digest[:]) != string(e.Digest) {
		return no("entry %d does not hold a group of %d records with the root %s", p.Leaf.Index, p.Size, p.Root)
	}
	leaf := node([evidence.SaltSize]byte(p.Salt), record)
	if err := tlog.CheckRecord(p.Path, int64(p.Size), p.Root, int64(p.Place), leaf); err != nil {
		return no("the record is not number %d of the %d with the root %s", p.Place, p.Size, p.Root)
	}
	return e, checkpoint, nil
}
