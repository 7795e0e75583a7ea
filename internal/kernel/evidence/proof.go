package evidence

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"golang.org/x/mod/sumdb/tlog"
)

// maxProofHashes bounds the hashes of a proof: two per level of a tree of maxSize entries.
const maxProofHashes = 128

// VerifyInclusion checks that the entry with the hash leaf stands at index in the tree of the given size and root.
// Errors: ErrNotProved.
func VerifyInclusion(leaf Hash, index, size uint64, proof []Hash, root Hash) error {
	if size > maxSize || index >= size || len(proof) > maxProofHashes {
		return fmt.Errorf("%w: entry %d is not one of a tree of %d", ErrNotProved, index, size)
	}
	if err := tlog.CheckRecord(tlog.RecordProof(proof), int64(size), root, int64(index), leaf); err != nil {
		return fmt.Errorf("%w: entry %d is not in the tree of %d entries with the root %s", ErrNotProved, index, size, root)
	}
	return nil
}

// VerifyConsistency checks that the tree of the new size and root begins with the whole tree of the old size and root.
// Errors: ErrNotProved.
func VerifyConsistency(oldSize, newSize uint64, oldRoot, newRoot Hash, proof []Hash) error {
	no := func() error {
		return fmt.Errorf("%w: the tree of %d entries with the root %s does not begin with that of %d with the root %s", ErrNotProved, newSize, newRoot, oldSize, oldRoot)
	}
	switch {
	case newSize > maxSize || oldSize > newSize || len(proof) > maxProofHashes:
		return no()
	case oldSize == 0: // every tree begins with the empty one
		if empty, _ := tlog.TreeHash(0, nil); oldRoot != empty || len(proof) > 0 {
			return no()
		}
		return nil
	}
	if err := tlog.CheckTree(tlog.TreeProof(proof), int64(newSize), newRoot, int64(oldSize), oldRoot); err != nil {
		return no()
	}
	return nil
}

// proofFormat stands in every proof file.
const proofFormat = "jingwei-evidence-proof/1"

// MaxProofFile bounds a proof file in bytes.
const MaxProofFile = 256 << 10

// Proof is all that is needed, beside a public key, to see that one entry is in a log. As a file it is one JSON object.
type Proof struct {
	Format     string `json:"format"`
	Index      uint64 `json:"index,string"`
	Entry      []byte `json:"entry"`      // base64
	Hashes     []Hash `json:"hashes"`     // the inclusion proof, from the leaf up, base64 each
	Checkpoint string `json:"checkpoint"` // the signed note
}

// Encode returns the proof as a file.
func (p Proof) Encode() ([]byte, error) {
	p.Format = proofFormat
	if p.Hashes == nil {
		p.Hashes = []Hash{}
	}
	b, err := json.MarshalIndent(p, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("proof file: %w", err)
	}
	return append(b, '\n'), nil
}

// ParseProof reads a proof file and checks nothing but its form.
func ParseProof(b []byte) (Proof, error) {
	p, err := parseProof(b)
	if err != nil {
		return Proof{}, fmt.Errorf("proof file: %w", err)
	}
	return p, nil
}

func parseProof(b []byte) (p Proof, err error) {
	if len(b) > MaxProofFile {
		return p, fmt.Errorf("it has %d bytes, at most %d are read", len(b), MaxProofFile)
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(&p); err != nil {
		return p, err
	}
	if _, err := d.Token(); err != io.EOF {
		return p, errors.New("something stands behind its end")
	}
	switch {
	case p.Format != proofFormat:
		return p, fmt.Errorf("format %.60q is not known; this program reads %q", p.Format, proofFormat)
	case len(p.Entry) == 0 || len(p.Entry) > MaxEntry:
		return p, fmt.Errorf("its entry has %d bytes, want 1 to %d", len(p.Entry), MaxEntry)
	case len(p.Hashes) > maxProofHashes:
		return p, fmt.Errorf("it has %d hashes, at most %d are read", len(p.Hashes), maxProofHashes)
	case len(p.Checkpoint) > maxCheckpoint:
		return p, fmt.Errorf("its checkpoint has %d bytes, at most %d are read", len(p.Checkpoint), maxCheckpoint)
	}
	return p, nil
}

// Verify checks that the checkpoint is signed by all keys, and that the entry is in the tree it names. It returns the
// checkpoint. Errors: ErrNotProved.
func (p Proof) Verify(origin string, keys ...Verifier) (Checkpoint, error) {
	c, err := VerifyCheckpoint([]byte(p.Checkpoint), origin, keys...)
	if err != nil {
		return Checkpoint{}, err
	}
	if err := VerifyInclusion(LeafHash(p.Entry), p.Index, c.Size, p.Hashes, c.Root); err != nil {
		return Checkpoint{}, err
	}
	return c, nil
}
